/** The parts of a transfer that exist once its version is known, and how they hang together. */

import type { PieceIndex } from '../base/ids.ts'
import type { Version } from '../content/version.ts'
import type { Bitfield } from './bitfield.ts'
import { Blame } from './blame.ts'
import { Claims } from './claims.ts'
import { Crossing } from './crossing.ts'
import { Downloads } from './downloads.ts'
import type { HashRequests } from './hash-requests.ts'
import { HashService } from './hash-service.ts'
import { LayerFetch } from './layer-fetch.ts'
import { LocalBlocks } from './local-blocks.ts'
import { OriginFetch } from './origin/origin-fetch.ts'
import { PiecePicker } from './piece-picker.ts'
import { Schedule } from './schedule.ts'
import type { TransferContext } from './transfer-context.ts'
import type { ChosenPieces } from './transfer-types.ts'
import { Uploads } from './uploads.ts'
import { Wants } from './wants.ts'

export interface VersionParts {
  readonly picker: PiecePicker
  readonly crossing: Crossing
  readonly claims: Claims
  readonly schedule: Schedule
  readonly layers: LayerFetch
  readonly downloads: Downloads
  readonly uploads: Uploads
  readonly local: LocalBlocks
  readonly origin: OriginFetch
  readonly blame: Blame
  readonly hashService: HashService
  readonly wants: Wants
}

export function versionParts(init: {
  readonly context: TransferContext
  readonly hashRequests: HashRequests
  readonly version: Version
  readonly have: Bitfield
  readonly chosen: Omit<ChosenPieces, 'have'>
  readonly knownLayer: (fileIndex: number) => Uint8Array | undefined
}): VersionParts {
  const { context, hashRequests: requests, version, have } = init
  const { limits, seed, nowMs } = context
  const { wanted, onDemand, local: blocks } = init.chosen
  const picker = new PiecePicker({ version, have, wanted, onDemand, seed })
  const { self, site, sessions, bringers } = context
  const crossing = new Crossing({
    ...{ picker, limits, self, site, bringers, sessions, nowMs: () => context.nowMs },
    ownPace: peer => context.asking?.pace(peer)
  })
  const schedule = new Schedule({ picker, limits, crossing, sessions, seed, nowMs })
  const layers = new LayerFetch({ context, picker, requests, known: init.knownLayer })
  const wants = new Wants({ context, picker, crossing, schedule })
  const pieceHash = (piece: PieceIndex) => layers.pieceHash(piece)
  const downloads = new Downloads({ context, picker, schedule, crossing, pieceHash })
  const local = new LocalBlocks({ context, picker, downloads, blocks })
  return {
    picker,
    crossing,
    claims: new Claims({ context, crossing, downloads, wants }),
    schedule,
    layers,
    downloads,
    uploads: new Uploads({ context, picker, schedule }),
    local,
    origin: new OriginFetch({ context, picker, crossing, downloads }),
    blame: new Blame({ context, picker, requests, layers, downloads, local }),
    hashService: new HashService({ context, picker, layers }),
    wants
  }
}
