/** What Linux counts, parsed: bytes of interfaces and shapers, time of processors, time and memory of processes. */

/** The kernel counts processor time in these, on every platform that Node.js supports. */
const TICKS_PER_SECOND = 100

export interface InterfaceBytes {
  readonly receivedBytes: number
  readonly sentBytes: number
}

/** Parses `/proc/net/dev`. A batch of packets that is not cut yet counts its headers once. */
export function parseInterfaces(text: string): Map<string, InterfaceBytes> {
  const interfaces = new Map<string, InterfaceBytes>()
  for (const line of text.split('\n')) {
    const match = /^\s*([^\s:|]+):\s*(\d+(?:\s+\d+){15})\s*$/.exec(line)
    const fields = match?.[2]?.split(/\s+/).map(Number)
    if (match?.[1] === undefined || fields === undefined) continue
    interfaces.set(match[1], { receivedBytes: fields[0] ?? 0, sentBytes: fields[8] ?? 0 })
  }
  return interfaces
}

export interface ShaperCount {
  /** What has passed, with the headers of every packet. */
  readonly bytes: number
  readonly drops: number
}

/** Parses `tc -s -j qdisc show`: the shapers by interface. */
export function parseShapers(json: string): Map<string, ShaperCount> {
  const queues = JSON.parse(json) as readonly { kind: string; dev: string; bytes?: number; drops?: number }[]
  const shapers = new Map<string, ShaperCount>()
  for (const { kind, dev, bytes, drops } of queues) {
    if (kind !== 'tbf') continue
    if (bytes === undefined || drops === undefined) throw new Error(`tc gives no counts for ${dev}`)
    shapers.set(dev, { bytes, drops })
  }
  return shapers
}

/** Parses the segments that TCP sent again out of `/proc/net/snmp`, whose lines come in pairs of names and values. */
export function parseRetransmits(text: string): number {
  const [names, values] = text
    .split('\n')
    .filter(line => line.startsWith('Tcp: '))
    .map(line => line.split(' '))
  const count = Number(values?.[names?.indexOf('RetransSegs') ?? -1])
  if (!Number.isInteger(count)) throw new Error('/proc/net/snmp does not count what TCP sent again')
  return count
}

export interface ProcessorTime {
  readonly busySeconds: number
  /** Taken by the host of a virtual machine, for others. */
  readonly stolenSeconds: number
  readonly totalSeconds: number
}

/** Parses the sum over all processors in `/proc/stat`. */
export function parseProcessorTime(text: string): ProcessorTime {
  const fields = /^cpu\s+(.*)$/m.exec(text)?.[1]?.split(/\s+/).map(Number)
  if (fields === undefined || fields.length < 8) throw new Error('/proc/stat has no line of all processors')
  // user nice system idle iowait irq softirq steal; the times of guests are within user and nice.
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, softirq = 0, steal = 0] = fields
  const busy = user + nice + system + irq + softirq
  return {
    busySeconds: busy / TICKS_PER_SECOND,
    stolenSeconds: steal / TICKS_PER_SECOND,
    totalSeconds: (busy + idle + wait + steal) / TICKS_PER_SECOND
  }
}

/** Parses `/proc/PID/stat`: processor time of a process and its threads. */
export function parseCpuSeconds(text: string): number {
  // The name of the process comes second, in brackets, and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Parses the highest resident memory out of `/proc/PID/status`. */
export function parsePeakRssBytes(text: string): number {
  return Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024
}
