/**
 * `npm run bench:content`: files over HTTP from a node that holds nothing while another holds them, from the same node
 * once it has read them, from the node that holds them, and from nginx on the same file, all over TLS and in one run:
 * how long until the first byte of a range, how much goes in a second, and the processor time of whatever answers. And
 * what it costs to verify what is held.
 *
 * Nodes, nginx and curl are processes of one machine and share its cores. The time to the first byte is curl's, of
 * several ranges the median and the longest: on connections of their own from when TLS stands, and on one that is kept
 * from when it is asked. curl's `time_pretransfer` is no beginning: it is noted after the request was sent, when a fast
 * server has answered already.
 */

import { execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MIB } from '../src/base/units.ts'
import { SoundRuns } from '../src/node/contents/sound-runs.ts'
import { verifiedBytes } from '../src/node/contents/verified-bytes.ts'
import { FilesystemStore } from '../src/store/filesystem.ts'
import { hashTree } from '../src/store/publish.ts'
import { Cluster, type ClusterNode, until } from './cluster.ts'
import { freePort } from './free-port.ts'
import { parseCpuSeconds } from './shaped/counters.ts'
import { median } from './shaped/report.ts'

const NGINX = '/usr/sbin/nginx'
const RANGES = 20
const RANGE_BYTES = 65_536
const ROUNDS = 5
const CACHE_BYTES = 2 * 1024 * MIB

const { values } = parseArgs({ options: { mib: { type: 'string', default: '256' } } })
const fileBytes = Number(values.mib) * MIB
const folder = mkdtempSync(join(tmpdir(), 'peerage-bench-content-'))
const source = join(folder, 'source')

interface Site {
  readonly url: string
  readonly certificate: string
  readonly token: string | undefined
  /** Of what answers. */
  readonly pid: number
}

function writeFilm(): void {
  mkdirSync(source)
  const fd = openSync(join(source, 'film.bin'), 'w')
  for (let at = 0; at < fileBytes; at += 16 * MIB) writeSync(fd, randomBytes(16 * MIB))
  closeSync(fd)
}

interface Read {
  readonly firstByteMs: number
  readonly totalMs: number
  readonly bytes: number
}

function curl(site: Site, range?: string): Read {
  const [read] = curlAll(site, [range])
  if (read === undefined) throw new Error(`curl said nothing of ${site.url}`)
  return read
}

/** One after another on one connection. */
function curlAll(
  { url, certificate, token }: Site,
  ranges: readonly (string | undefined)[]
): readonly Read[] {
  // Zero on a connection that stood before.
  const format = '%{time_appconnect} %{time_starttransfer} %{time_total} %{size_download}\n'
  const bearer = token === undefined ? [] : ['-H', `Authorization: Bearer ${token}`]
  const args = ranges.flatMap(range => {
    const part = range === undefined ? [] : ['-r', range]
    const common = ['-sSf', '--http1.1', '--cacert', certificate, ...bearer]
    return ['--next', ...common, ...part, '-o', '/dev/null', '-w', format, url]
  })
  const said = execFileSync('curl', args.slice(1), { encoding: 'utf8' })
  return said
    .trim()
    .split('\n')
    .map(line => {
      const [stoodS = 0, firstS = 0, totalS = 0, bytes = 0] = line.split(' ').map(Number)
      return { firstByteMs: 1000 * (firstS - stoodS), totalMs: 1000 * (totalS - stoodS), bytes }
    })
}

/** Far from each other, so that none was fetched ahead for the one before. */
const farRanges = Array.from({ length: RANGES }, (_, at) => {
  const offset = ((at * 7) % RANGES) * Math.floor(fileBytes / RANGES) + 1000
  return `${offset}-${offset + RANGE_BYTES - 1}`
})

/** The first of them opens the connection, and does not count. */
function keptReads(site: Site): readonly Read[] {
  return curlAll(site, ['0-0', ...farRanges]).slice(1)
}

function medianAndLongest(reads: readonly Read[]): string {
  const times = reads.map(({ firstByteMs }) => firstByteMs)
  return [median(times), Math.max(...times)].map(timeMs => `${timeMs.toFixed(2).padStart(8)} ms`).join('')
}

interface Whole {
  readonly megabytesASecond: number
  /** Of what answers. */
  readonly cpuSeconds: number
}

/** From when TLS stands to the last byte. */
function whole(site: Site): Whole {
  const before = cpuSeconds(site.pid)
  const { bytes, totalMs } = curl(site)
  if (bytes !== fileBytes) throw new Error(`${bytes} B of ${fileBytes} B came from ${site.url}`)
  return { megabytesASecond: bytes / 1000 / totalMs, cpuSeconds: cpuSeconds(site.pid) - before }
}

function rate(wholes: readonly Whole[]): string {
  const megabytes = median(wholes.map(({ megabytesASecond }) => megabytesASecond))
  const seconds = median(wholes.map(({ cpuSeconds: each }) => each))
  return `${megabytes.toFixed(0).padStart(5)} MB/s ${cpu(seconds)}`
}

function cpu(seconds: number): string {
  return `${(seconds / (fileBytes / 1e9)).toFixed(2).padStart(6)} CPU s for a GB`
}

/** Of a process and those that it started. */
function cpuSeconds(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  const all = [String(pid), ...children.split(/\s+/)].filter(each => each !== '')
  return all.reduce((sum, each) => sum + parseCpuSeconds(readFileSync(`/proc/${each}/stat`, 'utf8')), 0)
}

interface Reads {
  readonly fresh: readonly Read[]
  readonly kept: readonly Read[]
  readonly wholes: readonly Whole[]
}

function row(from: string, { fresh, kept, wholes }: Reads): void {
  console.log(`${from.padEnd(26)}${medianAndLongest(fresh)}${medianAndLongest(kept)}    ${rate(wholes)}`)
}

function onceOf(site: Site): Reads {
  const fresh = farRanges.map(range => curl(site, range))
  return { fresh, kept: keptReads(site), wholes: [whole(site)] }
}

/** Asked in turn, so that whatever else the machine does meets all of them alike. */
function compared(sites: readonly Site[]): readonly Reads[] {
  const found = sites.map(site => ({
    ...{ site, fresh: [] as Read[], kept: [] as Read[], wholes: [] as Whole[] }
  }))
  for (let round = 0; round < ROUNDS; round++) {
    for (const range of farRanges) for (const { site, fresh } of found) fresh.push(curl(site, range))
    for (const { site, kept } of found) kept.push(...keptReads(site))
    for (const { site, wholes } of found) wholes.push(whole(site))
  }
  return found
}

function ratios(ours: Reads, theirs: Reads): void {
  const firstMs = (reads: readonly Read[]): number => median(reads.map(({ firstByteMs }) => firstByteMs))
  const rateOf = ({ wholes }: Reads): number => median(wholes.map(each => each.megabytesASecond))
  const times = [firstMs(ours.fresh) / firstMs(theirs.fresh), firstMs(ours.kept) / firstMs(theirs.kept)]
  const [fresh, kept] = times.map(each => each.toFixed(1))
  const share = (rateOf(ours) / rateOf(theirs)).toFixed(2)
  console.log(
    `held beside nginx: first byte ${fresh} times on new connections, ${kept} on a kept one, rate ${share}`
  )
}

async function nodes(): Promise<{
  nas: ClusterNode
  desk: ClusterNode
  sites: [Site, Site]
  cluster: Cluster
}> {
  const [one, other] = [await freePort(), await freePort()]
  const cluster = new Cluster(folder, ['--api', `127.0.0.1:${one}`])
  const nas = await cluster.found('nas', 'berlin')
  const others = new Cluster(folder, ['--api', `127.0.0.1:${other}`])
  const desk = await others.join(await cluster.invite(), 'desk', 'berlin')
  cluster.nodes.push(desk)
  await nas.run('publish', source, '--name', 'films', '--class', 'internal')
  await cluster.meshed()
  await until('the other knows of it', 30_000, async () =>
    (await desk.client.call('datasets', {})).datasets.some(({ name }) => name === 'films')
  )
  const siteOf = async (node: ClusterNode, port: number): Promise<Site> => ({
    url: `https://127.0.0.1:${port}/content/films/film.bin`,
    certificate: join(node.home, 'web', 'cert.pem'),
    token: (await node.json<{ token: string }>('token', 'create', 'bench', '--scope', 'content')).token,
    pid: node.pid
  })
  return { nas, desk, sites: [await siteOf(nas, one), await siteOf(desk, other)], cluster }
}

async function emptied(desk: ClusterNode): Promise<void> {
  await desk.client.call('setCache', { bytes: 0 })
  await desk.client.call('setCache', { bytes: CACHE_BYTES })
}

async function withNginx(
  of: { certificate: string; key: string },
  work: (site: Site) => void
): Promise<void> {
  const port = await freePort()
  const config = join(folder, 'nginx.conf')
  writeFileSync(
    config,
    `daemon off; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log; user root; worker_processes 1;
events {} http { access_log off; sendfile on; client_body_temp_path ${folder}/nginx-body;
server { listen 127.0.0.1:${port} ssl; ssl_protocols TLSv1.3; root ${source};
ssl_certificate ${of.certificate}; ssl_certificate_key ${of.key}; } }`
  )
  const child = spawn(NGINX, ['-c', config, '-e', `${folder}/nginx.log`], { stdio: 'inherit' })
  const site = {
    url: `https://127.0.0.1:${port}/film.bin`,
    certificate: of.certificate,
    token: undefined,
    pid: child.pid ?? 0
  }
  try {
    await until('nginx answers', 10_000, async () => {
      try {
        return curl(site, '0-0').bytes === 1
      } catch {
        return false
      }
    })
    work(site)
  } finally {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
}

/** All of the file, read and verified as it is for a reader: first its leaves are not known, and then they are. */
async function verification(): Promise<void> {
  const store = await FilesystemStore.open({ home: join(folder, 'verifying') })
  const task = { signal: new AbortController().signal, onProgress: () => undefined }
  const holding = await store.adopt(await hashTree(source, { pool: store.pool, ...task }))
  const { version } = holding
  const [film] = version.files
  if (film === undefined) throw new Error('there is no film')
  const held = { version, holdings: () => [holding], runs: new SoundRuns(store) }
  for (const what of ['leaves that are not known', 'leaves that are known']) {
    const before = performance.eventLoopUtilization()
    const [beganMs, beganCpu] = [performance.now(), process.cpuUsage()]
    let bytes = 0
    for await (const part of verifiedBytes(held, film, { offset: 0, bytes: fileBytes })) bytes += part.length
    if (bytes !== fileBytes) throw new Error(`${bytes} B of ${fileBytes} B were read`)
    const megabytes = fileBytes / 1e6 / ((performance.now() - beganMs) / 1000)
    const { utilization } = performance.eventLoopUtilization(before)
    const { user, system } = process.cpuUsage(beganCpu)
    const share = `${(100 * utilization).toFixed(0)} % of the thread that answers`
    console.log(
      `verify ${what.padEnd(26)} ${megabytes.toFixed(0).padStart(5)} MB/s, ${share}, ${cpu((user + system) / 1e6)}`
    )
  }
  await store.close()
}

writeFilm()
const { nas, desk, sites, cluster } = await nodes()
try {
  const [held, fetched] = sites
  const opening = curl(fetched, '0-65535').firstByteMs
  console.log(`the first range ever, with what the version has in it: ${opening.toFixed(0)} ms`)
  await emptied(desk)
  console.log(
    'first byte: median, longest     new connection          kept connection       one after another'
  )
  const fresh = farRanges.map(range => curl(fetched, range))
  await emptied(desk)
  const kept = keptReads(fetched)
  await emptied(desk)
  row('not held, from a peer', { fresh, kept, wholes: [whole(fetched)] })
  row('its cache, once', onceOf(fetched))
  row('held, once', onceOf(held))
  const key = join(nas.home, 'web', 'key.pem')
  await withNginx({ certificate: held.certificate, key }, nginx => {
    onceOf(nginx)
    const [ofCache, ofHeld, ofNginx] = compared([fetched, held, nginx])
    if (ofCache === undefined || ofHeld === undefined || ofNginx === undefined)
      throw new Error('three places were asked')
    row('its cache, in turn', ofCache)
    row('held, in turn', ofHeld)
    row('nginx, in turn', ofNginx)
    ratios(ofHeld, ofNginx)
  })
} finally {
  await cluster.stop()
}
await verification()
rmSync(folder, { recursive: true, force: true })
