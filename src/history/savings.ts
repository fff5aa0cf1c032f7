/**
 * What it saves that devices give to each other, seen from a device that receives. A byte counts where it arrives and
 * nowhere else, so the figures of several devices add up without any byte counting twice.
 *
 *     from one server   = from this site + from other sites + from origins
 *     WAN bytes avoided = from one server - from other sites - from origins = from this site
 */

export interface Received {
  /** From devices of this site, which crosses no WAN link. */
  readonly siteBytes: number
  /** From devices of other sites. */
  readonly wanBytes: number
  /** From HTTP origins, taken to be elsewhere. */
  readonly originBytes: number
}

export interface Savings extends Received {
  /** What one server elsewhere would have sent to this device. */
  readonly centralBytes: number
  readonly wanAvoidedBytes: number
}

export function savingsOf(received: Received): Savings {
  const { siteBytes, wanBytes, originBytes } = received
  const centralBytes = siteBytes + wanBytes + originBytes
  return {
    siteBytes,
    wanBytes,
    originBytes,
    centralBytes,
    wanAvoidedBytes: centralBytes - wanBytes - originBytes
  }
}
