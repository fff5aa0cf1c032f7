/** An exported .torrent in the hands of another program: libtorrent checks what we fetched and finds all of it. */

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Cluster, until } from '../lab/cluster.ts'

const PYTHON = '/usr/bin/python3'
const CHECK = `
import sys, time, json, libtorrent as lt
off = {name: False for name in ("enable_dht", "enable_lsd", "enable_upnp", "enable_natpmp")}
ses = lt.session({"listen_interfaces": "127.0.0.1:0", **off})
params = lt.add_torrent_params()
params.ti = lt.torrent_info(sys.argv[1])
params.save_path = sys.argv[2]
handle = ses.add_torrent(params)
for _ in range(600):
    status = handle.status()
    if not str(status.state).startswith("checking"): break
    time.sleep(0.05)
print(json.dumps({"progress": status.progress, "seeding": status.is_seeding, "id": str(params.ti.info_hashes().v2)}))
`

const isInstalled = spawnSync(PYTHON, ['-c', 'import libtorrent']).status === 0
if (!isInstalled && process.env.CI === 'true') throw new Error('CI has to install python3-libtorrent')

test('libtorrent finds everything that we fetched by the torrent that we export', {
  skip: isInstalled ? false : 'python3-libtorrent is not installed (apt-get install python3-libtorrent)'
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'peerage-export-'))
  const cluster = new Cluster(folder)
  try {
    const source = join(folder, 'album')
    mkdirSync(join(source, 'a', 'b'), { recursive: true })
    writeFileSync(join(source, 'one'), randomBytes(3_000_000))
    writeFileSync(join(source, 'a', 'two'), randomBytes(16_384))
    writeFileSync(join(source, 'a', 'b', 'three'), randomBytes(1))
    const seed = await cluster.found('seed', 's')
    const fetcher = await cluster.join(await cluster.invite(), 'fetcher', 's')
    await cluster.meshed()
    assert.equal((await seed.run('publish', source, '--name', 'album')).exitCode, 0)
    await until('the fetcher knows the dataset', 10_000, async () => {
      const { datasets } = await fetcher.client.call('datasets', {})
      return datasets.length > 0
    })
    assert.equal((await fetcher.run('get', 'album', join(folder, 'got', 'album'))).exitCode, 0)
    const torrent = join(folder, 'album.torrent')
    assert.equal((await fetcher.run('export', 'album', '--torrent', torrent)).exitCode, 0)
    const checked = JSON.parse(
      execFileSync(PYTHON, ['-c', CHECK, torrent, join(folder, 'got')], { encoding: 'utf8' })
    )
    const { datasets } = await fetcher.client.call('datasets', {})
    assert.deepEqual(checked, { progress: 1, seeding: true, id: datasets[0]?.version })
  } finally {
    await cluster.stop()
    rmSync(folder, { recursive: true, force: true })
  }
})
