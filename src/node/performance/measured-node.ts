/** What is measured of a node: those of its parts that history and performance read. */

import type { Store } from '../../store/store.ts'
import type { AuditParts } from '../audit/audit-parts.ts'
import type { Bandwidth } from '../bandwidth/bandwidth.ts'
import type { FollowDesk } from '../follow/follow-desk.ts'
import type { Identity } from '../home.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { PresenceBoard } from '../ledger/presence-board.ts'
import type { OwnDevice } from '../service-words.ts'
import type { NodeStorage } from '../storage/node-storage.ts'
import type { SwarmHub } from '../swarm/swarm-hub.ts'
import type { TransferDesk } from '../swarm/transfer-desk.ts'
import type { Transport } from '../transport/transport.ts'

export interface MeasuredNode {
  readonly home: string
  readonly identity: Identity
  readonly store: Store
  readonly transport: Transport
  readonly keeper: LedgerKeeper
  readonly board: PresenceBoard
  readonly bandwidth: Bandwidth
  readonly hub: SwarmHub
  readonly desk: TransferDesk
  readonly follows: FollowDesk
  readonly audit: AuditParts
  readonly storage: NodeStorage
  ownDevice(): OwnDevice
}
