/**
 * `npm run bench:delta -- BEFORE AFTER`: what an update moves over the network, for two versions of something real,
 * each a file or a folder. A publisher and a reader on loopback; the reader has BEFORE and gets AFTER. In the same
 * run, rsync does so with the same two versions, if it is installed: with `--no-whole-file`, so that it compares, and
 * without compression, which we do not have either.
 */

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { Transfer } from '../src/api/transfer.ts'
import { formatBytes, formatDuration } from '../src/base/units.ts'
import { Cluster, until } from './cluster.ts'

const DATASET = 'data'
const READY_MS = 60_000

interface Update {
  readonly first: Transfer
  readonly second: Transfer
  /** Over all links, with everything that nodes say to each other meanwhile. */
  readonly wireBytes: number
  readonly tookMs: number
}

async function update(folder: string, versions: readonly [string, string]): Promise<Update> {
  const cluster = new Cluster(folder)
  const signal = new AbortController().signal
  try {
    const publisher = await cluster.found('publisher', 'lan')
    const reader = await cluster.join(await cluster.invite(), 'reader', 'lan')
    await cluster.meshed()
    const receivedBytes = async (): Promise<number> => {
      const { peers } = await reader.client.call('peers', {})
      return peers.reduce((sum, peer) => sum + peer.receivedBytes, 0)
    }
    const fetched = async (path: string, ordinal: number): Promise<Transfer> => {
      const what = { path, name: DATASET, dataClass: 'internal' } as const
      await publisher.client.stream('publish', what, { signal, onProgress: () => undefined })
      await until('the reader knows the version', READY_MS, async () => {
        const { datasets } = await reader.client.call('datasets', {})
        return datasets.some(dataset => dataset.ordinal === ordinal)
      })
      const destination = join(folder, `copy-${ordinal}`)
      const { id } = await reader.client.call('startTransfer', { name: DATASET, version: null, destination })
      return await reader.client.stream('watchTransfer', { id }, { signal, onProgress: () => undefined })
    }
    const first = await fetched(versions[0], 1)
    const before = await receivedBytes()
    const startMs = performance.now()
    const second = await fetched(versions[1], 2)
    const tookMs = performance.now() - startMs
    return { first, second, wireBytes: (await receivedBytes()) - before, tookMs }
  } finally {
    await cluster.stop()
  }
}

/** Bytes that rsync sends and receives for the same update; undefined where it is not installed. */
function rsyncBytes(folder: string, [before, after]: readonly [string, string]): number | undefined {
  if (spawnSync('rsync', ['--version']).status !== 0) return undefined
  const copy = join(folder, 'rsync', basename(after))
  cpSync(before, copy, { recursive: true, preserveTimestamps: true })
  const isFolder = statSync(after).isDirectory()
  // Renamed files cost it their length, as rsync works by path; --checksum, since times say nothing here.
  const args = [
    '-a',
    '--checksum',
    '--no-whole-file',
    '--delete',
    '--stats',
    isFolder ? `${after}/` : after,
    copy
  ]
  const { stdout, status } = spawnSync('rsync', args, { encoding: 'utf8' })
  if (status !== 0) return undefined
  const bytes = [...stdout.matchAll(/Total bytes (?:sent|received): ([\d,.]+)/g)]
  return bytes.reduce((sum, [, text]) => sum + Number(text?.replaceAll(/[,.]/g, '')), 0)
}

const { positionals } = parseArgs({ allowPositionals: true })
const [before, after] = positionals.map(path => resolve(path))
if (before === undefined || after === undefined || positionals.length !== 2) {
  process.stderr.write('usage: npm run bench:delta -- BEFORE AFTER (two versions of a file or of a folder)\n')
  process.exit(64)
}
const folder = mkdtempSync(join(tmpdir(), 'peerage-delta-'))
try {
  const { second, wireBytes, tookMs } = await update(folder, [before, after])
  const { totalBytes, receivedBytes, reusedBytes } = second
  const share = (bytes: number): string =>
    `${formatBytes(bytes)} (${((100 * bytes) / totalBytes).toFixed(1)} %)`
  const lines = [
    `the version after: ${formatBytes(totalBytes)} in ${second.files} files`,
    `  peerage: ${share(receivedBytes)} of payload fetched, ${share(reusedBytes)} reused, ${share(wireBytes)} over the`,
    `    wire in all, the publisher's reading and hashing included in ${formatDuration(tookMs)}`
  ]
  const theirs = rsyncBytes(folder, [before, after])
  lines.push(theirs === undefined ? '  rsync: not installed' : `  rsync: ${share(theirs)} sent and received`)
  process.stdout.write(`${lines.join('\n')}\n`)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
