/**
 * Which bytes crossed into a site more than once, and why: from what each host wrote down of the blocks that came.
 * Pure. For each site and each sender's site: payload that came, and of it what was the first copy of a piece in the
 * site, what was asked for while another host of the site was already fetching it from outside, and what was asked for
 * although a host of the site had it stored.
 */

import type { HostPlan } from './network-plan.ts'

/** One block that came to a host. */
export interface Arrival {
  readonly to: HostPlan
  readonly from: HostPlan
  readonly piece: number
  readonly begin: number
  readonly bytes: number
  readonly askedMs: number
  readonly cameMs: number
  /** When the whole piece was stored by the host; infinite when it never was. */
  readonly storedMs: number
}

/** Reads the `blocks.csv` of a host. Lines that are cut off, as by a kill, are passed over. */
export function parseArrivals(
  text: string,
  to: HostPlan,
  byDevice: ReadonlyMap<string, HostPlan>
): Arrival[] {
  const asked = new Map<string, number>()
  const storedMs = new Map<number, number>()
  const came: Omit<Arrival, 'storedMs'>[] = []
  for (const line of text.split('\n')) {
    const [time = '', what = '', device = '', piece = '', begin = '', length = ''] = line.split(',')
    const key = `${device},${piece},${begin}`
    const from = byDevice.get(device)
    if (what === 'ask') asked.set(key, Number(time))
    else if (what === 'stored') storedMs.set(Number(piece), Number(time))
    else if (what === 'get' && from !== undefined && length !== '') {
      const cameMs = Number(time)
      const askedMs = asked.get(key) ?? cameMs
      came.push({
        to,
        from,
        piece: Number(piece),
        begin: Number(begin),
        bytes: Number(length),
        askedMs,
        cameMs
      })
    }
  }
  return came.map(each => ({ ...each, storedMs: storedMs.get(each.piece) ?? Number.POSITIVE_INFINITY }))
}

interface Sum {
  bytes: number
  firstBytes: number
  racedBytes: number
  heldBytes: number
}

/** Lines of a table: site, site of the sender, bytes by kind. The site of the source has every piece at the start. */
export function crossings(arrivals: readonly Arrival[], sourceSite: string): string[] {
  const sums = new Map<string, Sum>()
  const inSite = Map.groupBy(arrivals, arrival => `${arrival.to.site},${arrival.piece}`)
  for (const of of inSite.values()) {
    const isHeld = of[0]?.to.site === sourceSite
    const heldMs = isHeld ? 0 : Math.min(...of.map(arrival => arrival.storedMs))
    const covered = new Set<number>()
    for (const arrival of of.toSorted((a, b) => a.askedMs - b.askedMs || a.cameMs - b.cameMs)) {
      if (arrival.from.site === arrival.to.site) continue
      const key = `${arrival.to.site},${arrival.from.site}`
      const sum = sums.get(key) ?? { bytes: 0, firstBytes: 0, racedBytes: 0, heldBytes: 0 }
      sums.set(key, sum)
      sum.bytes += arrival.bytes
      const newBytes = isHeld ? 0 : addBlocks(covered, arrival)
      sum.firstBytes += newBytes
      if (arrival.askedMs >= heldMs) sum.heldBytes += arrival.bytes - newBytes
      else sum.racedBytes += arrival.bytes - newBytes
    }
  }
  const lines = [...sums]
    .toSorted()
    .map(([key, sum]) => [key, sum.bytes, sum.firstBytes, sum.racedBytes, sum.heldBytes].join(','))
  return ['intoSite,fromSite,bytes,firstCopyBytes,racedBytes,heldInSiteBytes', ...lines]
}

const BLOCK_BYTES = 16_384

/** Bytes of an arrival that no earlier one covered. */
function addBlocks(covered: Set<number>, { begin, bytes }: Arrival): number {
  let newBytes = 0
  for (let offset = 0; offset < bytes; offset += BLOCK_BYTES) {
    const at = begin + offset
    if (covered.has(at)) continue
    covered.add(at)
    newBytes += Math.min(BLOCK_BYTES, bytes - offset)
  }
  return newBytes
}
