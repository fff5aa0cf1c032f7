/** Following by the command line, against a node that is a process of its own. */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Cluster, type ClusterNode, until } from '../lab/cluster.ts'
import type { Follow } from '../src/api/follow.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-follow-cli-'))
const cluster = new Cluster(folder)
const destination = join(folder, 'app')
let node: ClusterNode

before(async () => {
  node = await cluster.found('lab-1', 'berlin')
})

after(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function publish(n: number): Promise<void> {
  const source = join(folder, 'sources', String(n))
  mkdirSync(source, { recursive: true })
  writeFileSync(join(source, 'version'), String(n))
  writeFileSync(join(source, 'more'), `more ${n}`)
  assert.equal((await node.run('publish', source, '--name', 'web/app')).exitCode, 0)
}

async function isAt(n: number): Promise<Follow> {
  let follow: Follow | undefined
  await until(`it is at ${n}`, 20_000, async () => {
    follow = await node.json<Follow>('follow', 'status', destination)
    return follow.state === 'current' && follow.current?.ordinal === n
  })
  assert.equal(readFileSync(join(destination, 'version'), 'utf8'), String(n))
  return follow as Follow
}

async function text(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await node.run(...args)
  assert.equal(exitCode, 0, stderr)
  return stdout
}

describe('peerage follow', { timeout: 120_000 }, () => {
  it('follows, and shows what it follows', async () => {
    assert.match(await text('follow', 'list'), /^nothing is followed/)
    await publish(1)
    const argv = JSON.stringify(['/bin/sh', '-c', 'echo "hello $1 $PEERAGE_ORDINAL"', 'hook', "it's"])
    await text('follow', 'web/app', destination, '--keep', '3', '--hook-argv', argv)
    const follow = await isAt(1)
    assert.deepEqual([follow.keep, follow.mode, follow.lastHook?.output], [3, 'symlink', "hello it's 1\n"])
    const status = await text('follow', 'status', destination)
    assert.match(status, /current +version 1, since .* ago, in .*app\.versions\/1-/)
    assert.match(status, /last run +exit code 0, for version 1 \(new\)/)
    assert.match(status, / {2}hello it's 1/)
    assert.match(await text('follow', 'list'), /web\/app +1 +current +.*app/)
  })

  it('goes back, stays, and goes on', async () => {
    await publish(2)
    await isAt(2)
    await text('follow', 'rollback', destination)
    assert.equal((await isAt(1)).pinned, 1)
    assert.match(await text('follow', 'list'), /current, pinned to 1/)
    await text('follow', 'resume', destination)
    await isAt(2)
  })

  it('tells of a hook that failed in its own status and in that of the node', async () => {
    await text('follow', 'web/app', destination, '--hook', 'echo no good >&2; exit 3')
    await publish(3)
    const { failed } = await isAt(2)
    assert.deepEqual(
      failed.map(({ ordinal }) => ordinal),
      [3]
    )
    assert.match(
      await text('follow', 'status', destination),
      /failed +version 3: its hook ended with exit code 3/
    )
    assert.match(
      await text('status'),
      /HOOK_FAILED: version 3 of web\/app in .*app: its hook ended with exit code 3/
    )
    await text('follow', 'web/app', destination)
    await text('follow', 'retry', destination)
    await isAt(3)
  })

  it('refuses what can not be, with the exit code of the reason', async () => {
    const refused = async (exitCode: number, code: string, ...args: string[]) => {
      const ran = await node.run('follow', ...args)
      assert.equal(ran.exitCode, exitCode, ran.stderr)
      assert.match(ran.stderr, new RegExp(`\\(${code}\\)\\n$`))
    }
    await refused(64, 'USAGE', 'web/app', join(folder, 'x'), '--keep', '1')
    await refused(64, 'USAGE', 'web/app', join(folder, 'x'), '--hook-argv', 'echo')
    await refused(64, 'USAGE', 'web/app', join(folder, 'x'), '--hook', 'a', '--hook-argv', '["b"]')
    await refused(66, 'DATASET_UNKNOWN', 'nothing', join(folder, 'x'))
    await refused(66, 'FOLLOW_UNKNOWN', 'status', join(folder, 'x'))
    await refused(66, 'DATASET_UNKNOWN', 'rollback', destination, '--to', '99')
    mkdirSync(join(folder, 'full', 'of'), { recursive: true })
    await refused(73, 'DEST_EXISTS', 'web/app', join(folder, 'full'))
    await refused(73, 'DEST_UNSAFE', 'web/app', join(folder, 'sources'))
    await refused(73, 'FOLLOW_EXISTS', 'web/app', destination, '--mode', 'rename')
  })

  it('goes on in a node that was killed, and stops when it is told', async () => {
    await node.kill()
    await node.up()
    await isAt(3)
    await publish(4)
    await isAt(4)
    await text('follow', 'stop', destination)
    assert.match(await text('follow', 'list'), /^nothing is followed/)
    assert.equal(readFileSync(join(destination, 'version'), 'utf8'), '4')
  })
})
