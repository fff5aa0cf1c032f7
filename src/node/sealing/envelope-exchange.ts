/**
 * Asks peers for envelopes, gives them ours, and tells them of new ones: /peerage/envelopes/1
 * (docs/protocol-sealing.md, shelf-exchange.ts). Of a version only who may hold it gets envelopes.
 */

import { equalBytes } from '../../base/bytes.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import {
  ASKS_MAX,
  decodeQuestion,
  ENVELOPE_LIMITS,
  type EnvelopeQuestion,
  encodeQuestion
} from '../../ledger/sealing/envelope-messages.ts'
import type { EnvelopeRecord } from '../../ledger/sealing/envelope-record.ts'
import type { Log } from '../log.ts'
import type { Transport } from '../transport/transport.ts'
import type { EnvelopeShelf } from './envelope-shelf.ts'
import { batches, ShelfExchange } from './shelf-exchange.ts'

export const ENVELOPES_PROTOCOL = '/peerage/envelopes/1'

const ROUNDS_MAX = 16

export interface EnvelopeExchangeInit {
  readonly transport: Transport
  readonly shelf: EnvelopeShelf
  /** Of which versions this device wants envelopes. */
  readonly wanted: () => readonly VersionId[]
  /** Whether a device may be given, or keep, envelopes of a version. */
  readonly mayHold: (device: DeviceId, version: VersionId) => boolean
  readonly log: Log
}

export class EnvelopeExchange extends ShelfExchange<EnvelopeQuestion> {
  readonly #peers: Pick<EnvelopeExchangeInit, 'transport' | 'mayHold'>

  constructor({ transport, shelf, wanted, mayHold, log }: EnvelopeExchangeInit) {
    super({
      ...{ transport, protocol: ENVELOPES_PROTOCOL, what: 'envelopes', limits: ENVELOPE_LIMITS, log },
      ...{ encodeQuestion, decodeQuestion, roundsMax: ROUNDS_MAX },
      questionsFor: device => {
        const versions = wanted().filter(version => mayHold(device, version))
        return batches(versions, ASKS_MAX).map(batch => () => ({
          asks: batch.map(version => ({ version, digest: shelf.digestOf(version) })),
          records: []
        }))
      },
      recordsFor: function* (device, { asks }) {
        for (const { version, digest } of asks) {
          if (!shelf.has(version) || equalBytes(digest, shelf.digestOf(version))) continue
          if (!mayHold(device, version)) continue
          for (const { record } of shelf.recordsOf(version)) yield record
        }
      },
      toldBy: ({ records }) => records,
      take: record => {
        const outcome = shelf.take(record)
        if (outcome === 'taken') return 'taken'
        return outcome === 'known' || outcome === 'older' ? 'old' : { refused: outcome }
      }
    })
    this.#peers = { transport, mayHold }
  }

  /** Tells the peers that may hold a version of a record that was made here. */
  tell({ version, record }: EnvelopeRecord): void {
    const { transport, mayHold } = this.#peers
    for (const { device } of transport.peers())
      if (mayHold(device, version)) void this.put(device, { asks: [], records: [record] })
  }
}
