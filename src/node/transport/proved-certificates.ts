/**
 * Certificates that were verified before. A device shows the same one for every link and direct connection of its
 * process, and to verify it takes tens of milliseconds in a process that has just started: when many hosts begin to
 * fetch at once, eight connections each, that was most of their first half second (docs/BENCHMARKS.md).
 *
 * What is kept follows from the bytes of the certificate alone, and is found by the SHA-256 of all of them. That the
 * other side has its key is proved by each TLS handshake, and the dates are looked at each time.
 */

import type { X509Certificate } from 'node:crypto'
import type { PeerId } from '@libp2p/interface'

/** More than a device has neighbours; the one that was added first goes first. */
export const PROVED_MAX = 1024

export class ProvedCertificates {
  readonly #verify: (raw: Uint8Array) => Promise<PeerId>
  readonly #nowMs: () => number
  readonly #proved = new Map<string, PeerId>()

  /** `verify` throws for a certificate that proves nothing. */
  constructor(verify: (raw: Uint8Array) => Promise<PeerId>, nowMs: () => number = Date.now) {
    this.#verify = verify
    this.#nowMs = nowMs
  }

  /** Whose certificate it is. Throws if that can not be told, and for one that is not valid yet, or no longer. */
  async peerOf(certificate: X509Certificate): Promise<PeerId> {
    const { fingerprint256, validFromDate, validToDate } = certificate
    const nowMs = this.#nowMs()
    if (validFromDate.getTime() > nowMs || validToDate.getTime() < nowMs)
      throw new Error(`the certificate is valid from ${certificate.validFrom} to ${certificate.validTo}`)
    const known = this.#proved.get(fingerprint256)
    if (known !== undefined) return known
    const peer = await this.#verify(certificate.raw)
    for (const oldest of this.#proved.keys()) {
      if (this.#proved.size < PROVED_MAX) break
      this.#proved.delete(oldest)
    }
    this.#proved.set(fingerprint256, peer)
    return peer
  }
}
