/** The bandwidth policy for who governs this device: requests are checked here, and what is in force is told. */

import { AppError } from '../../base/errors.ts'
import { hoursText, parseHours, zoneNamed } from '../../swarm/bandwidth/calendar.ts'
import {
  type BandwidthPolicy,
  budgetFault,
  type DayBudget,
  DIRECTIONS,
  type Direction,
  NO_POLICY,
  RULE_ID,
  RULES_MAX,
  type RuleTerms,
  rateFault,
  withRule
} from '../../swarm/bandwidth/policy.ts'
import { HELD_MS, type RuleGate } from '../../swarm/bandwidth/throttle.ts'
import type { Bandwidth } from './bandwidth.ts'
import type {
  BudgetRequest,
  BudgetStatus,
  BudgetTerms,
  LimitRequest,
  LimitStatus,
  LimitsService,
  LimitsStatus,
  PathStatus
} from './limits-terms.ts'

export interface LimitsServiceInit {
  readonly bandwidth: Bandwidth
  readonly nameOf: (peer: string) => string | null
}

export class LocalLimitsService implements LimitsService {
  readonly #bandwidth: Bandwidth
  readonly #nameOf: (peer: string) => string | null

  constructor({ bandwidth, nameOf }: LimitsServiceInit) {
    this.#bandwidth = bandwidth
    this.#nameOf = nameOf
  }

  async limits(): Promise<LimitsStatus> {
    const { throttle, nextChangeMs, epochMs } = this.#bandwidth
    return {
      atMs: epochMs,
      rules: throttle.rules.map(gate => this.#rule(gate)),
      budgets: DIRECTIONS.flatMap(direction => this.#budget(direction)),
      paths: this.#paths(),
      nextChangeAtMs: nextChangeMs ?? null,
      unreadable: this.#bandwidth.isUnreadable
    }
  }

  async setLimits(requests: readonly LimitRequest[]): Promise<LimitsStatus> {
    let { policy } = this.#bandwidth
    for (const request of requests) policy = withRule(policy, checkedTerms(request), checkedId(request.id))
    if (policy.rules.length > RULES_MAX)
      throw usage(
        `there would be ${policy.rules.length} limits, at most ${RULES_MAX} can be; remove some first`
      )
    return await this.#change(policy)
  }

  async removeLimit(id: string): Promise<LimitsStatus> {
    const { policy } = this.#bandwidth
    const rules = policy.rules.filter(rule => rule.id !== id)
    if (rules.length === policy.rules.length)
      throw new AppError(
        'LIMIT_UNKNOWN',
        `no limit ${id} is set here; 'peerage limits' lists those that are`,
        {
          details: { limit: id }
        }
      )
    return await this.#change({ ...policy, rules })
  }

  async clearLimits(): Promise<LimitsStatus> {
    return await this.#change(NO_POLICY)
  }

  async setBudget({ up, down }: BudgetRequest): Promise<LimitsStatus> {
    const { policy } = this.#bandwidth
    const { budgets } = policy
    return await this.#change({
      ...policy,
      budgets: {
        up: up === undefined ? budgets.up : checkedBudget(up, budgets.up),
        down: down === undefined ? budgets.down : checkedBudget(down, budgets.down)
      }
    })
  }

  async #change(policy: BandwidthPolicy): Promise<LimitsStatus> {
    this.#bandwidth.change(policy)
    return await this.limits()
  }

  #rule(gate: RuleGate): LimitStatus {
    const { id, direction, link, dataClass, hours, limit } = gate.rule
    const { nowMs } = this.#bandwidth
    return {
      ...{ id, kind: limit.kind, direction, link, dataClass },
      hours: hours === null ? null : hoursText(hours),
      bytesPerSecond: limit.kind === 'cap' ? limit.bytesPerSecond : null,
      inForce: gate.isInForce,
      nextChangeAtMs: gate.nextChangeMs ?? null,
      currentBytesPerSecond: gate.passed.rate(nowMs),
      holdsUp: gate.isInForce && nowMs - gate.heldMs <= HELD_MS
    }
  }

  #budget(direction: Direction): BudgetStatus[] {
    const daily = this.#bandwidth.throttle.budget(direction)?.daily
    if (daily === undefined) return []
    const { budget, usedBytes, isSpent, resetsAtMs } = daily
    return [{ direction, ...budget, usedBytes, spent: isSpent, resetsAtMs }]
  }

  #paths(): PathStatus[] {
    return this.#bandwidth.paths().map(({ peer, direction, gate }) => {
      const { queueMs, targetMs, baseMs } = gate.yielding
      const bytesPerSecond = gate.bytesPerSecond
      return {
        peer,
        name: this.#nameOf(peer),
        direction,
        bytesPerSecond,
        queueMs,
        targetMs,
        baseMs: baseMs ?? null
      }
    })
  }
}

function usage(message: string): AppError {
  return new AppError('USAGE', message)
}

function checkedId(id: string | null): string | undefined {
  if (id === null) return undefined
  if (RULE_ID.test(id)) return id
  throw usage(
    `${JSON.stringify(id)} can not be the id of a limit: write 1 to 32 lower-case letters, digits and dashes`
  )
}

function checkedTerms({ direction, link, dataClass, hours: text, bytesPerSecond }: LimitRequest): RuleTerms {
  const hours = text === null ? null : parseHours(text, ownZone())
  if (typeof hours === 'string')
    throw usage(`${JSON.stringify(text)} can not be the hours of a limit: ${hours}`)
  if (bytesPerSecond === null) return { direction, link, dataClass, hours, limit: { kind: 'background' } }
  const fault = rateFault(bytesPerSecond)
  if (fault !== undefined) throw usage(`${bytesPerSecond} bytes per second can not be a limit: ${fault}`)
  return { direction, link, dataClass, hours, limit: { kind: 'cap', bytesPerSecond } }
}

function checkedBudget(budget: BudgetTerms | null, before: DayBudget | null): DayBudget | null {
  if (budget === null) return null
  const fault = budgetFault(budget.bytes)
  if (fault !== undefined) throw usage(`${budget.bytes} bytes can not be the budget of a day: ${fault}`)
  const named = budget.zone ?? before?.zone ?? ownZone()
  const zone = zoneNamed(named)
  if (zone !== undefined) return { bytes: budget.bytes, zone }
  throw usage(`${named} is no time zone: write its IANA name, such as Europe/Berlin or UTC`)
}

/** Of this machine; UTC, as everywhere else, where its settings name none that there is. */
function ownZone(): string {
  const named: string | undefined = new Intl.DateTimeFormat().resolvedOptions().timeZone
  return zoneNamed(named ?? '') ?? 'UTC'
}
