/** What holds payload up at present, so that who waits for it is told why. */

import type { VersionId } from '../../base/ids.ts'
import { BudgetGate, type Gate, HELD_MS, RuleGate } from '../../swarm/bandwidth/throttle.ts'
import type { TransferStatus } from '../../swarm/transfer-types.ts'
import type { Bandwidth } from './bandwidth.ts'
import type { Flow } from './flow.ts'
import type { Restraint } from './limits-terms.ts'

/** Of one version, or with undefined of all. */
export function restraintsOf(bandwidth: Bandwidth, version: VersionId | undefined): Restraint[] {
  const restraints = new Map<string, Restraint>()
  for (const flow of bandwidth.heldFlows(version, HELD_MS)) {
    const gate = holding(flow, bandwidth.nowMs)
    if (gate === undefined) continue
    const restraint = restraintOf(flow, gate)
    restraints.set(`${restraint.direction} ${restraint.kind} ${restraint.rule}`, restraint)
  }
  return [...restraints.values()]
}

/** What peers say that their own limits let them send us of a version. */
export function peerRestraints(status: TransferStatus | undefined): Restraint[] {
  const slow = status?.peers.filter(({ pace, lackingCount }) => pace !== null && lackingCount > 0) ?? []
  if (slow.length === 0) return []
  const bytesPerSecond = slow.reduce((sum, { pace }) => sum + (pace ?? 0), 0)
  return [{ kind: 'peers', direction: 'down', rule: null, bytesPerSecond, untilMs: null, zone: null }]
}

function holding(flow: Flow, nowMs: number): Gate | undefined {
  return flow.gates.find(gate => gate.waitMs(nowMs) === Number.POSITIVE_INFINITY) ?? flow.heldBy
}

function restraintOf({ terms: { direction }, gates }: Flow, gate: Gate): Restraint {
  if (gate instanceof BudgetGate) {
    const { budget, resetsAtMs } = gate.daily
    return {
      kind: 'budget',
      direction,
      rule: null,
      bytesPerSecond: null,
      untilMs: resetsAtMs,
      zone: budget.zone
    }
  }
  // A way where traffic yields is no rule, but there by one.
  const isYielding = (each: Gate): each is RuleGate =>
    each instanceof RuleGate && each.rule.limit.kind === 'background'
  const rule = gate instanceof RuleGate ? gate : gates.find(isYielding)
  const hours = rule?.rule.hours ?? null
  return {
    kind: gate instanceof RuleGate ? 'cap' : 'background',
    direction,
    rule: rule?.rule.id ?? null,
    bytesPerSecond: gate.bytesPerSecond ?? null,
    untilMs: rule?.nextChangeMs ?? null,
    zone: hours?.zone ?? null
  }
}
