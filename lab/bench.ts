/**
 * `npm run bench`: what we claim about speed and memory, measured beside a peer in the same run and written into
 * docs/BENCHMARKS.md. Nothing else may run beside it. Ratios count; absolute figures drift from machine to machine.
 *
 *   npm run bench -- --dir /dev/shm     where the data lies; a memory file system takes the disk out of the comparison
 *   npm run bench -- --rounds 5         how often each thing is measured; medians are shown
 *   npm run bench -- --dry              print, write nothing
 *
 * Nodes run the built package, as users do. Before each transfer, ours and the peer's, as much memory as it will write
 * is touched and freed: a virtual machine gives free memory back to its host, and whoever touches it next waits for the
 * host, for 2.4 s per GB on the machine where this was found.
 */

import { execFileSync } from 'node:child_process'
import { randomFillSync } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync
} from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { formatBytes, formatRate, MIB } from '../src/base/units.ts'
import { libtorrentHash, libtorrentTransfer, libtorrentVersion, tlsRate } from './bench-peers.ts'
import { Cluster, type ClusterNode } from './cluster.ts'
import { buildProgram } from './program.ts'
import { median } from './shaped/report.ts'

const BIG_BYTES = 1_000_000_000
const SMALL_FILES = 20_000
const SMALL_FILE_BYTES = 4096
const TLS_BYTES = 2_000_000_000
const IDLE_MS = 20_000
/** What a transfer writes and what both programs need beside it. */
const TOUCHED_BYTES = 2_500_000_000
const PORT = 46_881
const PAGE = 'docs/BENCHMARKS.md'
const BEGIN = '<!-- bench: written by npm run bench -->'
const END = '<!-- /bench -->'

interface Row {
  readonly what: string
  readonly ours: string
  readonly peer: string
  readonly ratio: string
  readonly target: string
}

function writeRandomFile(path: string, bytes: number): void {
  const block = Buffer.allocUnsafe(MIB)
  const file = openSync(path, 'w')
  for (let written = 0; written < bytes; written += block.length) {
    randomFillSync(block)
    writeSync(file, block, 0, Math.min(block.length, bytes - written))
  }
  closeSync(file)
}

function writeSmallFiles(folder: string): void {
  for (let index = 0; index < SMALL_FILES; index++) {
    const sub = join(folder, `d${Math.floor(index / 256)}`)
    if (index % 256 === 0) mkdirSync(sub, { recursive: true })
    writeFileSync(join(sub, `f${index}`), Buffer.alloc(SMALL_FILE_BYTES, `${index} `))
  }
}

/** Has the machine's memory at hand, so that nobody's transfer pays for fetching it from the host. */
function touchMemory(): void {
  execFileSync(process.execPath, ['-e', `Buffer.alloc(${TOUCHED_BYTES}, 1)`])
}

/** What the disk itself gives: the same bytes, written in order and fsynced once. */
function diskRate(folder: string): number {
  const path = join(folder, 'disk')
  const block = Buffer.alloc(MIB, 1)
  const startMs = performance.now()
  const file = openSync(path, 'w')
  for (let written = 0; written < BIG_BYTES; written += block.length) writeSync(file, block)
  fsyncSync(file)
  closeSync(file)
  const rate = (1000 * BIG_BYTES) / (performance.now() - startMs)
  rmSync(path)
  return rate
}

function procValue(pid: number, key: string): number {
  const match = new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(match?.[1] ?? 0) * 1024
}

function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

interface Run {
  readonly publishSeconds: number
  readonly getSeconds: number
  readonly publisherRss: number
  readonly fetcherRss: number
  readonly publisherCpu: number
  readonly fetcherCpu: number
  readonly pieceBytes: number
}

/** A fresh pair of nodes, so that peak RSS is that of this work alone. */
async function ourRun(folder: string, source: string): Promise<Run> {
  const cluster = new Cluster(mkdtempSync(join(folder, 'ours-')))
  try {
    const publisher = await cluster.found('from', 'site')
    const fetcher = await cluster.join(await cluster.invite(), 'to', 'site')
    await cluster.meshed()
    const published = await publisher.client.stream(
      'publish',
      { path: source, name: 'data', dataClass: 'internal' },
      { signal: new AbortController().signal, onProgress: () => undefined }
    )
    const publisherRss = procValue(publisher.pid, 'VmHWM')
    const getSeconds = await timeGet(fetcher, join(cluster.folder, 'copy'))
    return {
      publishSeconds: published.durationMs / 1000,
      getSeconds,
      publisherRss: Math.max(publisherRss, procValue(publisher.pid, 'VmHWM')),
      fetcherRss: procValue(fetcher.pid, 'VmHWM'),
      publisherCpu: cpuSeconds(publisher.pid),
      fetcherCpu: cpuSeconds(fetcher.pid),
      pieceBytes: published.pieceBytes
    }
  } finally {
    await cluster.stop()
    rmSync(cluster.folder, { recursive: true })
  }
}

async function timeGet(node: ClusterNode, destination: string): Promise<number> {
  for (;;) {
    const { datasets } = await node.client.call('datasets', {})
    if (datasets.length > 0) break
    await delay(20)
  }
  touchMemory()
  const startMs = performance.now()
  const started = await node.client.call('startTransfer', { name: 'data', version: null, destination })
  const done = await node.client.stream(
    'watchTransfer',
    { id: started.id },
    { signal: new AbortController().signal, onProgress: () => undefined }
  )
  if (done.state !== 'complete')
    throw new Error(`the transfer ended as ${done.state}: ${done.problem?.message}`)
  return (performance.now() - startMs) / 1000
}

async function ourRuns(folder: string, source: string, rounds: number): Promise<Run> {
  const runs: Run[] = []
  for (let round = 0; round < rounds; round++) runs.push(await ourRun(folder, source))
  const of = (key: keyof Run): number => median(runs.map(run => run[key]))
  const most = (key: keyof Run): number => Math.max(...runs.map(run => run[key]))
  return {
    publishSeconds: of('publishSeconds'),
    getSeconds: of('getSeconds'),
    publisherRss: most('publisherRss'),
    fetcherRss: most('fetcherRss'),
    publisherCpu: of('publisherCpu'),
    fetcherCpu: of('fetcherCpu'),
    pieceBytes: of('pieceBytes')
  }
}

interface PeerRuns {
  readonly hashSeconds: number
  readonly getSeconds: number
  readonly rssBytes: number
}

async function peerRuns(
  folder: string,
  options: { source: string; pieceBytes: number; rounds: number }
): Promise<PeerRuns> {
  const torrent = join(folder, 'peer.torrent')
  const hashes: number[] = []
  const gets: number[] = []
  let rssBytes = 0
  for (let round = 0; round < options.rounds; round++) {
    hashes.push(libtorrentHash(options.source, options.pieceBytes, torrent).seconds)
    const to = mkdtempSync(join(folder, 'peer-'))
    touchMemory()
    const fetched = await libtorrentTransfer({
      torrent,
      from: join(options.source, '..'),
      to,
      port: PORT + round
    })
    gets.push(fetched.seconds)
    rssBytes = Math.max(rssBytes, fetched.rssBytes)
    rmSync(to, { recursive: true })
  }
  return { hashSeconds: median(hashes), getSeconds: median(gets), rssBytes }
}

async function measureBig(folder: string, rounds: number): Promise<Row[]> {
  const source = join(folder, 'big', 'big.bin')
  mkdirSync(join(folder, 'big'))
  writeRandomFile(source, BIG_BYTES)
  const disk = diskRate(folder)
  const ours = await ourRuns(folder, source, rounds)
  const peer = await peerRuns(folder, { source, pieceBytes: ours.pieceBytes, rounds })
  const tls = await tlsRate(folder, TLS_BYTES)
  rmSync(join(folder, 'big'), { recursive: true })
  const rate = (seconds: number): string => formatRate(BIG_BYTES / seconds)
  const cpu = (seconds: number): string => `${seconds.toFixed(1)} CPU s`
  return [
    {
      what: 'publish 1 GB (hash, record)',
      ours: rate(ours.publishSeconds),
      peer: `${rate(peer.hashSeconds)} (hash)`,
      ratio: (peer.hashSeconds / ours.publishSeconds).toFixed(2),
      target: '1.0 GB/s'
    },
    {
      what: 'get 1 GB one to one, verified and fsynced, TLS 1.3; the peer in plaintext',
      ours: rate(ours.getSeconds),
      peer: rate(peer.getSeconds),
      ratio: (peer.getSeconds / ours.getSeconds).toFixed(2),
      target: 'ratio 2.0'
    },
    {
      what: 'the same beside one bare node:tls socket',
      ours: rate(ours.getSeconds),
      peer: formatRate(tls),
      ratio: (BIG_BYTES / ours.getSeconds / tls).toFixed(2),
      target: ''
    },
    {
      what: 'the same beside writing and fsyncing 1 GB',
      ours: rate(ours.getSeconds),
      peer: formatRate(disk),
      ratio: (BIG_BYTES / ours.getSeconds / disk).toFixed(2),
      target: ''
    },
    {
      what: 'peak RSS, publisher and server of 1 GB',
      ours: formatBytes(ours.publisherRss),
      peer: '',
      ratio: '',
      target: '300 MB'
    },
    {
      what: 'peak RSS, receiver of 1 GB',
      ours: formatBytes(ours.fetcherRss),
      peer: formatBytes(peer.rssBytes),
      ratio: (ours.fetcherRss / peer.rssBytes).toFixed(2),
      target: '300 MB'
    },
    {
      what: 'CPU of publisher and receiver for all of it, start included',
      ours: `${cpu(ours.publisherCpu)}, ${cpu(ours.fetcherCpu)}`,
      peer: '',
      ratio: '',
      target: ''
    }
  ]
}

async function measureSmall(folder: string, rounds: number): Promise<Row[]> {
  const source = join(folder, 'small')
  writeSmallFiles(source)
  const ours = await ourRuns(folder, source, rounds)
  const peer = await peerRuns(folder, { source, pieceBytes: ours.pieceBytes, rounds })
  rmSync(source, { recursive: true })
  const rate = (seconds: number): string => `${Math.round(SMALL_FILES / seconds)} files/s`
  return [
    {
      what: 'publish 20,000 files of 4 KiB',
      ours: rate(ours.publishSeconds),
      peer: `${rate(peer.hashSeconds)} (hash)`,
      ratio: (peer.hashSeconds / ours.publishSeconds).toFixed(2),
      target: ''
    },
    {
      what: 'get 20,000 files of 4 KiB, each fsynced',
      ours: rate(ours.getSeconds),
      peer: rate(peer.getSeconds),
      ratio: (peer.getSeconds / ours.getSeconds).toFixed(2),
      target: ''
    },
    {
      what: 'peak RSS, publisher and receiver of 20,000 files',
      ours: `${formatBytes(ours.publisherRss)}, ${formatBytes(ours.fetcherRss)}`,
      peer: formatBytes(peer.rssBytes),
      ratio: (ours.fetcherRss / peer.rssBytes).toFixed(2),
      target: '300 MB'
    }
  ]
}

async function measureIdle(folder: string): Promise<Row[]> {
  const cluster = new Cluster(mkdtempSync(join(folder, 'idle-')))
  try {
    const first = await cluster.found('first', 'site')
    await cluster.join(await cluster.invite(), 'second', 'site')
    await cluster.meshed()
    await delay(2000) // until each knows where the other is: the port changes with each start
    const readySeconds: number[] = []
    for (let round = 0; round < 3; round++) {
      await first.stop()
      const startMs = performance.now()
      await first.up()
      readySeconds.push((performance.now() - startMs) / 1000)
    }
    await cluster.meshed()
    await delay(5000)
    const before = cpuSeconds(first.pid)
    await delay(IDLE_MS)
    const cpuPerMinute = ((cpuSeconds(first.pid) - before) * 60_000) / IDLE_MS
    const row = (what: string, ours: string): Row => ({ what, ours, peer: '', ratio: '', target: '' })
    return [
      row('idle node, RSS', formatBytes(procValue(first.pid, 'VmRSS'))),
      row('idle node, CPU seconds per minute', cpuPerMinute.toFixed(2)),
      row('from `up` to ready', `${median(readySeconds).toFixed(2)} s`)
    ]
  } finally {
    await cluster.stop()
    rmSync(cluster.folder, { recursive: true })
  }
}

function render(rows: readonly Row[], where: string): string {
  const cpu = cpus()
  const machine = `${cpu.length} x ${cpu[0]?.model.trim()}, ${formatBytes(totalmem())} of memory, data in ${where}`
  const versions = `Node ${process.versions.node}, OpenSSL ${process.versions.openssl}, libtorrent ${libtorrentVersion()}`
  return [
    `${new Date().toISOString().slice(0, 10)}. ${machine}. ${versions}. Medians; peak RSS is the highest seen.`,
    '',
    '| What | Peerage | Beside it | Ratio | Target |',
    '|---|---|---|---|---|',
    ...rows.map(row => `| ${row.what} | ${row.ours} | ${row.peer} | ${row.ratio} | ${row.target} |`)
  ].join('\n')
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      dir: { type: 'string', multiple: true, default: [tmpdir()] },
      rounds: { type: 'string', default: '3' },
      dry: { type: 'boolean', default: false }
    }
  })
  if (libtorrentVersion() === undefined)
    throw new Error(
      'the bench measures beside libtorrent: install it first (apt-get install python3-libtorrent)'
    )
  const rounds = Number(values.rounds)
  buildProgram({ commands: true })
  const sections: string[] = []
  for (const dir of values.dir) {
    const folder = mkdtempSync(join(dir, 'peerage-bench-'))
    try {
      const rows = [
        ...(await measureBig(folder, rounds)),
        ...(await measureSmall(folder, rounds)),
        ...(await measureIdle(folder))
      ]
      sections.push(render(rows, dir))
      console.log(sections.at(-1))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  if (values.dry) return
  const page = readFileSync(PAGE, 'utf8')
  const [start, end] = [page.indexOf(BEGIN), page.indexOf(END)]
  writeFileSync(PAGE, `${page.slice(0, start)}${BEGIN}\n\n${sections.join('\n\n')}\n\n${page.slice(end)}`)
}

await main()
