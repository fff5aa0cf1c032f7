/**
 * Asks peers for the keys of epochs, and gives them ours: /peerage/epochs/1 (docs/protocol-sealing.md,
 * shelf-exchange.ts). What is in them is of use to members alone, and says no more than the ledger does: every member
 * of the org is answered.
 */

import {
  decodeEpochQuestion,
  EPOCH_ASKS_MAX,
  EPOCH_LIMITS,
  type EpochAsk,
  encodeEpochQuestion,
  hasPart,
  partBits
} from '../../ledger/sealing/epoch-messages.ts'
import type { Log } from '../log.ts'
import type { Transport } from '../transport/transport.ts'
import type { EpochShelf } from './epoch-shelf.ts'
import { batches, ShelfExchange } from './shelf-exchange.ts'

export const EPOCHS_PROTOCOL = '/peerage/epochs/1'

const ROUNDS_MAX = 64

/** An epoch of which parts are wanted: all of them, or the one for this device. */
export interface WantedEpoch {
  readonly recipient: Uint8Array
  readonly isAll: boolean
}

export interface EpochExchangeInit {
  readonly transport: Transport
  readonly shelf: EpochShelf
  readonly wanted: () => readonly WantedEpoch[]
  readonly log: Log
}

export class EpochExchange extends ShelfExchange<readonly EpochAsk[]> {
  constructor({ transport, shelf, wanted, log }: EpochExchangeInit) {
    super({
      ...{ transport, protocol: EPOCHS_PROTOCOL, what: 'keys of epochs', limits: EPOCH_LIMITS, log },
      ...{ encodeQuestion: encodeEpochQuestion, decodeQuestion: decodeEpochQuestion, roundsMax: ROUNDS_MAX },
      questionsFor: () =>
        batches(wanted(), EPOCH_ASKS_MAX).map(
          batch => () =>
            batch.map(({ recipient, isAll }) => ({
              ...{ recipient, isAll, have: partBits(shelf.partsOf(recipient)) }
            }))
        ),
      recordsFor: function* (device, asks) {
        for (const { recipient, have, isAll } of asks) {
          const own = isAll ? undefined : shelf.partFor(recipient, device)
          for (const part of isAll ? shelf.partsOf(recipient) : own === undefined ? [] : [own]) {
            const record = hasPart(have, part) ? undefined : shelf.record(recipient, part)
            if (record !== undefined) yield record.record
          }
        }
      },
      take: record => {
        const outcome = shelf.take(record)
        if (outcome === 'taken') return 'taken'
        return outcome === 'known' ? 'old' : { refused: outcome }
      }
    })
  }
}
