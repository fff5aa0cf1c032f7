/** How fresh this node's view is, as the admin API shows it. */

import { DATASET_CLASSES } from '../../ledger/encoding/names.ts'
import type { FreshnessStatus } from '../service.ts'
import type { BeaconBoard } from './beacon-board.ts'

export function freshnessStatus(board: BeaconBoard): FreshnessStatus {
  const view = board.view()
  return {
    enforced: view.enforced,
    asOfAtMs: view.asOfMs,
    ageMs: view.asOfMs === null ? null : Math.max(0, view.nowMs - view.asOfMs),
    expiresAtMs: view.expiresMs,
    signersHeard: view.heard.length,
    signersTotal: view.signers,
    quorum: view.quorum,
    signersUncovered: view.uncovered.length,
    signersRegressed: view.regressed,
    clock: view.clock.kind,
    clockOffsetMs: view.clock.kind === 'ok' ? null : view.clock.offsetMs,
    classes: DATASET_CLASSES.map(dataClass => {
      const access = board.look(dataClass)
      return {
        dataClass,
        limitMs: board.limitMs(dataClass),
        allowed: access.allowed,
        reason: access.allowed ? null : access.detail,
        override: access.allowed ? access.override : null
      }
    }),
    overrides: board.overrides().map(override => ({
      id: override.id,
      classes: override.classes,
      reason: override.reason,
      signers: override.signers,
      devices: override.devices,
      expiresAtMs: override.expiresMs
    }))
  }
}
