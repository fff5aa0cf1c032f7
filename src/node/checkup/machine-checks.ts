/**
 * What `doctor` finds out of the machine itself, whether a node runs on it or not: the home folder, its file system, and
 * how much room and speed the disk has. What is read of it is judged by functions of nothing else.
 */

import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  statSync,
  writeSync
} from 'node:fs'
import { dirname, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { messageOf } from '../../base/errors.ts'
import { formatBytes, formatRate, GIB, KIB, MIB, SECOND_MS } from '../../base/units.ts'
import { keyPath, sealingKeyPath } from '../home.ts'
import { type Check, check } from './checkup-terms.ts'

const FREE_BYTES_LOW = 5 * GIB
const FREE_BYTES_BAD = 512 * MIB
const FREE_SHARE_LOW = 0.05
const PROBE_BYTES = 32 * MIB
const PROBE_STEP_BYTES = MIB
const SYNCS = 16
const WRITE_RATE_LOW = 30 * MIB
const SYNC_MS_LOW = 50
const OPEN_FILES_LOW = 4096
const PROBE_FILE = 'doctor.probe'

/** File systems by the names of /proc/mounts. */
const REMOTE = /^(nfs4?|cifs|smb3|fuse\..*|9p|ceph|glusterfs|afs)$/
const VOLATILE = /^(tmpfs|ramfs)$/

/** `modes` are those of the folder and of its secret files, undefined for what is not there. */
export function judgeHome(
  home: string,
  modes: {
    readonly folder: number | undefined
    readonly key: number | undefined
    readonly sealingKey: number | undefined
  }
): Check {
  if (modes.folder === undefined || modes.key === undefined)
    return check(
      'home',
      'bad',
      `${home} belongs to no device yet`,
      'found an org with peerage init, or join one with a ticket: peerage join'
    )
  const open = [
    ...(modes.folder & 0o077 ? [`${home} can be opened by others (mode ${octal(modes.folder)})`] : []),
    ...(modes.key & 0o077 ? [`device.key can be read by others (mode ${octal(modes.key)})`] : []),
    ...((modes.sealingKey ?? 0) & 0o077 ? ['sealing.key can be read by others'] : [])
  ]
  if (open.length === 0) return check('home', 'good', `${home}, only its owner can open it`)
  return check(
    'home',
    'bad',
    open.join('; '),
    `chmod 700 ${home}; chmod 600 ${home}/*.key; if others use this machine, enrol it anew with a new key`
  )
}

export function judgeFileSystem(kind: string | undefined): Check {
  if (kind === undefined)
    return check('file-system', 'unknown', 'which file system it is can not be told here')
  if (VOLATILE.test(kind))
    return check(
      'file-system',
      'bad',
      `${kind}: what is stored goes with a restart`,
      'put the home folder on a disk'
    )
  if (REMOTE.test(kind))
    return check(
      'file-system',
      'attention',
      `${kind}: locks and fsync are not kept by all servers`,
      'put the home folder on a local disk; destinations of get may be elsewhere'
    )
  if (kind === 'overlay')
    return check(
      'file-system',
      'attention',
      'overlay: what is stored goes with the container',
      'mount a volume and put the home folder on it'
    )
  return check('file-system', 'good', kind)
}

export function judgeSpace({ freeBytes, totalBytes }: { freeBytes: number; totalBytes: number }): Check {
  const found = `${formatBytes(freeBytes)} free of ${formatBytes(totalBytes)}`
  const remedy =
    'make room, or offer less: peerage capacity set; transfers stop when it is full, and lose nothing'
  if (freeBytes < FREE_BYTES_BAD) return check('disk-space', 'bad', found, remedy)
  const isLow = freeBytes < FREE_BYTES_LOW || freeBytes < FREE_SHARE_LOW * totalBytes
  return isLow ? check('disk-space', 'attention', found, remedy) : check('disk-space', 'good', found)
}

/** `syncMs`: the median of writes of one block, each with its fsync. */
export function judgeSpeed({ bytesPerSecond, syncMs }: { bytesPerSecond: number; syncMs: number }): Check {
  const found = `writes ${formatRate(bytesPerSecond)} to the disk; a small durable write takes ${syncMs.toFixed(1)} ms`
  const slow = [
    ...(bytesPerSecond < WRITE_RATE_LOW ? ['a fetch is no faster than the disk'] : []),
    ...(syncMs > SYNC_MS_LOW ? ['pieces, ledger and audit log wait for durable writes'] : [])
  ]
  if (slow.length === 0) return check('disk-speed', 'good', found)
  return check(
    'disk-speed',
    'attention',
    `${found}: ${slow.join('; ')}`,
    'see what else uses the disk (iostat -x 1), or put the home folder on a faster one'
  )
}

export function judgeOpenFiles(softLimit: number | undefined): Check {
  if (softLimit === undefined)
    return check('open-files', 'unknown', 'the limit of open files can not be told here')
  if (softLimit >= OPEN_FILES_LOW)
    return check('open-files', 'good', `${softLimit} files may be open at once`)
  return check(
    'open-files',
    'attention',
    `only ${softLimit} files may be open at once`,
    `raise it: ulimit -n ${2 * OPEN_FILES_LOW}, or LimitNOFILE=${2 * OPEN_FILES_LOW} in the systemd unit`
  )
}

const octal = (mode: number): string => (mode & 0o777).toString(8)

function modeOf(path: string): number | undefined {
  try {
    return statSync(path).mode
  } catch {
    return undefined
  }
}

function existing(path: string): string {
  return existsSync(path) ? path : dirname(path) === path ? path : existing(dirname(path))
}

/** The file system that holds a path, by /proc/self/mounts; undefined where there is none. */
export function fileSystemOf(path: string, mounts: string): string | undefined {
  const under = mounts
    .split('\n')
    .map(line => line.split(' '))
    .filter(([, at = '']) => at !== '' && (at === '/' || path === at || path.startsWith(`${at}/`)))
    .toSorted(([, a = ''], [, b = '']) => b.length - a.length)
  return under[0]?.[2]
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** How fast the disk of a folder is, by writing a file there that goes again. */
export async function measureDisk(folder: string): Promise<{ bytesPerSecond: number; syncMs: number }> {
  const path = join(folder, PROBE_FILE)
  const file = openSync(path, 'w', 0o600)
  try {
    const step = Buffer.alloc(PROBE_STEP_BYTES, 0x5a)
    const beganMs = performance.now()
    for (let written = 0; written < PROBE_BYTES; written += PROBE_STEP_BYTES) {
      writeSync(file, step)
      await nextTurn()
    }
    fsyncSync(file)
    const bytesPerSecond = PROBE_BYTES / Math.max(1e-3, (performance.now() - beganMs) / SECOND_MS)
    const syncs: number[] = []
    for (let at = 0; at < SYNCS; at++) {
      const syncMs = performance.now()
      writeSync(file, step.subarray(0, 4 * KIB), 0, 4 * KIB, at * PROBE_STEP_BYTES)
      fsyncSync(file)
      syncs.push(performance.now() - syncMs)
      await nextTurn()
    }
    return { bytesPerSecond, syncMs: syncs.sort((a, b) => a - b)[SYNCS / 2] ?? 0 }
  } finally {
    closeSync(file)
    rmSync(path, { force: true })
  }
}

export async function* machineChecks(home: string): AsyncGenerator<Check> {
  yield judgeHome(home, {
    folder: modeOf(home),
    key: modeOf(keyPath(home)),
    sealingKey: modeOf(sealingKeyPath(home))
  })
  const folder = existing(home)
  const mounts = textOf('/proc/self/mounts')
  yield judgeFileSystem(mounts === undefined ? undefined : fileSystemOf(folder, mounts))
  const { bavail, bsize, blocks } = statfsSync(folder)
  const freeBytes = bavail * bsize
  yield judgeSpace({ freeBytes, totalBytes: blocks * bsize })
  if (freeBytes < 4 * PROBE_BYTES)
    yield check('disk-speed', 'unknown', 'there is too little room to measure it')
  else yield await measureDisk(folder).then(judgeSpeed, unmeasured)
  const limit = /^Max open files\s+(\d+)/m.exec(textOf('/proc/self/limits') ?? '')?.[1]
  yield judgeOpenFiles(limit === undefined ? undefined : Number(limit))
}

function unmeasured(thrown: unknown): Check {
  return check(
    'disk-speed',
    'bad',
    `nothing can be written there: ${messageOf(thrown)}`,
    'make the home folder writable to who runs the node'
  )
}

/** Without a node: whether its port is free, told by `tryPort`. */
export function judgePort(port: number, failure: string | undefined): Check {
  if (failure === undefined) return check('port', 'good', `TCP port ${port} is free`)
  return check(
    'port',
    'bad',
    `TCP port ${port} can not be listened on: ${failure}`,
    `see what has it (ss -ltnp 'sport = :${port}'), or take another: peerage up --listen /ip4/0.0.0.0/tcp/PORT`
  )
}

export const NOT_RUNNING: Check = check(
  'node',
  'bad',
  'no node runs on this home folder',
  'start it: peerage up'
)
