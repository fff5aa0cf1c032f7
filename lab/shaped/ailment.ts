/**
 * What makes a host of the laboratory slow, for real: its link, or what its node stands on.
 *
 * A slow disk is a file system of its own in a file, whose loop device the kernel holds to a rate (cgroup v1,
 * blkio.throttle.*), and of whose content nothing stays in memory; one that only reads slowly is held so when it is
 * read. A starved processor is a quota (cgroup v1, cpu.cfs_quota_us), as on a virtual machine among many. All of them
 * begin once the node is up, which would take minutes.
 */

import { execFileSync, spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  truncateSync,
  writeFileSync
} from 'node:fs'
import { join } from 'node:path'
import { MIB } from '../../src/base/units.ts'
import type { LinkRates } from './scenarios.ts'

export const AILMENTS = ['disk', 'reads', 'uplink', 'cpu', 'loss'] as const
export type Ailment = (typeof AILMENTS)[number]

const UPLINK_PART = 1 / 10
const LOSS = 0.1
const CPU_GROUPS = '/sys/fs/cgroup/cpu'
const CPU_SHARE = 0.02
const CPU_PERIOD_US = 100_000
const DISK_GROUP = '/sys/fs/cgroup/blkio'
const DISK_BYTES = 1024 * MIB
const DISK_BYTES_PER_SECOND = 400_000
const FORGET_MS = 1000
const READ_RULE = 'blkio.throttle.read_bps_device'
const DISK_RULES = [READ_RULE, 'blkio.throttle.write_bps_device']

/** What is missing to bring these about here, in words. */
export function missingForAilments(ailments: Iterable<Ailment>): string[] {
  const missing: string[] = []
  for (const ailment of ailments) {
    const isOfDisk = ailment === 'disk' || ailment === 'reads'
    if (isOfDisk && DISK_RULES.some(rule => !existsSync(join(DISK_GROUP, rule))))
      missing.push(`disks held to a rate: mount the blkio controller of cgroup v1 at ${DISK_GROUP}`)
    if (isOfDisk && spawnSync('losetup', ['-f']).status !== 0)
      missing.push('a free loop device, and the command losetup: install mount')
    if (isOfDisk && spawnSync('mkfs.ext4', ['-V']).status !== 0)
      missing.push('the command mkfs.ext4: install e2fsprogs')
    if (ailment === 'cpu' && !existsSync(join(CPU_GROUPS, 'cpu.cfs_quota_us')))
      missing.push(`quotas of processor time: mount the cpu controller of cgroup v1 at ${CPU_GROUPS}`)
  }
  return missing
}

/** The link of a host with this ailment. */
export function ailingLink(ailment: Ailment | undefined, link: LinkRates): LinkRates {
  if (ailment === 'uplink') return { ...link, upMbit: link.upMbit * UPLINK_PART }
  return ailment === 'loss' ? { ...link, loss: LOSS } : link
}

/** What a node with an ailment stands on. */
export interface Affliction {
  /** Before the command of the node. */
  readonly words: readonly string[]
  begin(): void
  /** The node can do what it has to before it ends. */
  ease(): void
  /** After the node has ended. */
  end(): void
}

/** `folder` is that of the node, and not there yet; `group` is like no other's. */
export function afflict(
  ailment: Ailment | undefined,
  { folder, group }: { readonly folder: string; readonly group: string }
): Affliction {
  if (ailment === 'disk') return new SlowDisk(folder, DISK_RULES)
  if (ailment === 'reads') return new SlowDisk(folder, [READ_RULE])
  if (ailment === 'cpu') return new StarvedProcessor(join(CPU_GROUPS, group))
  return { words: [], begin: () => undefined, ease: () => undefined, end: () => undefined }
}

class SlowDisk implements Affliction {
  readonly words = []
  readonly #folder: string
  readonly #rules: readonly string[]
  #forgetting: NodeJS.Timeout | undefined

  constructor(folder: string, rules: readonly string[]) {
    this.#folder = folder
    this.#rules = rules
    const image = `${folder}.disk`
    mkdirSync(folder)
    writeFileSync(image, '')
    truncateSync(image, DISK_BYTES)
    execFileSync('mkfs.ext4', ['-q', image])
    execFileSync('mount', ['-o', 'loop', image, folder])
  }

  begin(): void {
    holdDisk(this.#folder, DISK_BYTES_PER_SECOND, this.#rules)
    this.#forgetting = setInterval(() => forget(this.#folder), FORGET_MS).unref()
  }

  ease(): void {
    clearInterval(this.#forgetting)
    holdDisk(this.#folder, 0, DISK_RULES)
  }

  end(): void {
    endDisk(this.#folder)
  }
}

/** Zero lets it run free. */
function holdDisk(mounted: string, bytesPerSecond: number, rules: readonly string[]): void {
  const { dev } = statSync(mounted)
  for (const rule of rules)
    writeFileSync(join(DISK_GROUP, rule), `${Math.floor(dev / 256)}:${dev % 256} ${bytesPerSecond}`)
}

/** As where other programs need the memory: what was read or written and is on the disk is read from there again. */
function forget(folder: string): void {
  const drop = ['dd', 'if={}', 'iflag=nocache', 'count=0', 'status=none', ';']
  const child = spawn('find', [folder, '-type', 'f', '-size', '+1M', '-exec', ...drop], { stdio: 'ignore' })
  child.on('error', () => undefined)
}

function endDisk(mounted: string): void {
  holdDisk(mounted, 0, DISK_RULES)
  execFileSync('umount', [mounted])
}

class StarvedProcessor implements Affliction {
  readonly words: readonly string[]
  readonly #group: string

  constructor(group: string) {
    this.#group = group
    mkdirSync(group)
    this.words = ['sh', '-c', `echo $$ > ${join(group, 'cgroup.procs')}; exec "$@"`, 'sh']
  }

  begin(): void {
    writeFileSync(join(this.#group, 'cpu.cfs_period_us'), String(CPU_PERIOD_US))
    writeFileSync(join(this.#group, 'cpu.cfs_quota_us'), String(CPU_SHARE * CPU_PERIOD_US))
  }

  ease(): void {
    writeFileSync(join(this.#group, 'cpu.cfs_quota_us'), '-1')
  }

  end(): void {
    rmdirSync(this.#group)
  }
}

/** Ends what a killed run left, whose processes have all ended, by the names that it gave. Returns what it ended. */
export function removeLeftAilments(isLeft: (name: string) => boolean): string[] {
  const groups = existsSync(CPU_GROUPS) ? readdirSync(CPU_GROUPS).filter(isLeft) : []
  for (const group of groups) rmdirSync(join(CPU_GROUPS, group))
  const mounts = existsSync('/proc/mounts') ? readFileSync('/proc/mounts', 'utf8').split('\n') : []
  const disks = mounts.flatMap(line => {
    const [source, folder] = line.split(' ')
    const isOurs = source?.startsWith('/dev/loop') === true && folder?.split('/').some(isLeft)
    return isOurs && folder !== undefined ? [folder] : []
  })
  for (const disk of disks) endDisk(disk)
  return [...groups.map(group => join(CPU_GROUPS, group)), ...disks]
}
