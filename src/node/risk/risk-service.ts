/**
 * The risk part of the admin API. Each time it is asked it reads the network (network-view.ts), unless it did a moment
 * ago, has the pure register weigh what it read, and notes the worst of the day. By itself it does so once in an hour.
 */

import { defined } from '../../base/assert.ts'
import { AppError } from '../../base/errors.ts'
import { type DeviceId, shortId } from '../../base/ids.ts'
import { levelOf } from '../../base/risk-level.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { isVisibleLine } from '../../ledger/encoding/names.ts'
import type { AcceptanceEntry } from '../../ledger/fold/state.ts'
import { REASON_CHARACTERS_MAX, RISK_SCORE_MAX } from '../../ledger/operation/operation-limits.ts'
import { RISKS, riskNamed } from '../../risk/register.ts'
import { type Assessment, assess } from '../../risk/residual.ts'
import { type RiskSpec, TREATMENTS, type Treatment } from '../../risk/risk.ts'
import { degree, scoreOf } from '../../risk/scale.ts'
import { dayOf, type TrendPoint, thinned } from '../../risk/trend.ts'
import { type RiskDay, RiskStore } from '../../store/risk-store.ts'
import { type SigningNode, signAsked } from '../ledger/asked-operation.ts'
import type { Acted } from '../ledger/governance-terms.ts'
import { LedgerNames } from '../ledger/ledger-names.ts'
import type { Node } from '../node.ts'
import { allReadings } from './network-readings.ts'
import { type ReadServices, readNetwork, type TokenFacts } from './network-view.ts'
import {
  ACCEPTANCE_MAX_MS,
  type AcceptanceRecord,
  OWNER_CHARACTERS_MAX,
  type RiskRecord,
  type RiskRegister,
  type RiskService,
  TREND_LISTED_MAX,
  type TrendRecord
} from './risk-terms.ts'

/** Who asks twice within this gets what was read once. */
const READ_EVERY_MS = 20 * SECOND_MS
const LOOK_EVERY_MS = HOUR_MS
/** Links and presence are there by then. */
const FIRST_LOOK_MS = 2 * MINUTE_MS

/** What of a node this goes through. */
export interface RiskyNode extends SigningNode {
  readonly keeper: Node['keeper']
  readonly identity: Pick<Node['identity'], 'device' | 'org' | 'orgName'>
  readonly catalogue: Pick<Node['catalogue'], 'nameOf'>
  readonly software: Node['software']
  ownDevice(): ReturnType<Node['ownDevice']>
}

export interface RiskParts {
  /** Where trends and notes are kept; without it, only while the process runs. */
  readonly store?: RiskStore
  readonly tokens?: () => readonly TokenFacts[]
  readonly readEveryMs?: number
  readonly now?: () => number
}

interface Weighed {
  readonly atMs: number
  readonly assessments: ReadonlyMap<string, Assessment>
}

export class LocalRiskService implements RiskService {
  readonly #node: RiskyNode
  readonly #services: ReadServices
  readonly #parts: RiskParts
  readonly #store: RiskStore
  readonly #names: LedgerNames
  #weighed: { readonly atMs: number; readonly result: Promise<Weighed> } | undefined
  #timers: NodeJS.Timeout[] = []

  constructor(node: RiskyNode, services: ReadServices, parts: RiskParts = {}) {
    this.#node = node
    this.#services = services
    this.#parts = parts
    this.#store = parts.store ?? new RiskStore(':memory:')
    this.#names = new LedgerNames(node.keeper, device => node.catalogue.nameOf(device))
  }

  /** Looks by itself from now on; what fails is told to `onFailure`, and tried again an hour later. */
  begin(onFailure: (thrown: unknown) => void): void {
    const look = () => void this.#weigh().catch(onFailure)
    this.#timers = [setTimeout(look, FIRST_LOOK_MS), setInterval(look, LOOK_EVERY_MS)]
    for (const timer of this.#timers) timer.unref()
  }

  /** Resolves when nothing reads or writes any more. */
  async end(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    await this.#weighed?.result.catch(() => undefined)
    this.#store.close()
  }

  async risks(): Promise<RiskRegister> {
    const { atMs, assessments } = await this.#weigh()
    const { org, orgName } = this.#node.identity
    const risks = RISKS.map(spec =>
      this.#record(spec, defined(assessments.get(spec.id), spec.id), TREND_LISTED_MAX)
    )
    return {
      org: { id: org, name: orgName },
      device: this.#node.ownDevice(),
      ...{ software: this.#node.software, atMs },
      risks: risks.sort((a, b) => b.residual.score - a.residual.score || b.inherent.score - a.inherent.score)
    }
  }

  async risk(id: string): Promise<RiskRecord> {
    const spec = specOf(id)
    const { assessments } = await this.#weigh()
    return this.#record(spec, defined(assessments.get(id), id), Number.POSITIVE_INFINITY)
  }

  async acceptRisk(of: {
    id: string
    reason: string
    expiresInMs: number
    score: number | null
  }): Promise<Acted> {
    const { id, reason, expiresInMs } = of
    specOf(id)
    if (!isVisibleLine(reason, REASON_CHARACTERS_MAX))
      throw new AppError(
        'USAGE',
        `a reason is one line of at most ${REASON_CHARACTERS_MAX} visible characters: not ${JSON.stringify(reason.slice(0, 200))}`
      )
    if (!(expiresInMs > 0 && expiresInMs <= ACCEPTANCE_MAX_MS))
      throw new AppError(
        'USAGE',
        `a risk is accepted for at most ${ACCEPTANCE_MAX_MS / DAY_MS} days, and not for ${expiresInMs} ms`
      )
    const { assessments } = await this.#weigh()
    const now = defined(assessments.get(id), id).score
    const score = of.score ?? now
    if (score < now)
      throw new AppError(
        'USAGE',
        `the residual score of ${id} is ${now} now: accept at least that, and not ${score}, at most ${RISK_SCORE_MAX}`
      )
    const untilMs = this.#now() + expiresInMs
    return signAsked(
      this.#node,
      { type: 'risk.accept', risk: id, score, untilMs, reason },
      { names: this.#names }
    )
  }

  async withdrawAcceptance(id: string): Promise<Acted> {
    await this.#node.keeper.whole()
    const standing = [...this.#node.keeper.state().acceptances.values()]
    const matches = standing.filter(({ risk, operation }) => risk === id || operation.startsWith(id))
    const [match, ...others] = matches
    if (match === undefined)
      throw new AppError(
        'OPERATION_UNKNOWN',
        `no acceptance stands for ${id}; peerage risk show RISK lists the acceptances of a risk with their ids`
      )
    if (others.length > 0)
      throw new AppError(
        'USAGE',
        `${matches.length} acceptances stand for ${id}; name one by its id: ${matches.map(({ operation }) => shortId(operation)).join(', ')}`
      )
    return signAsked(
      this.#node,
      { type: 'risk.withdraw', acceptance: match.operation },
      { names: this.#names }
    )
  }

  async noteRisk(of: {
    id: string
    owner?: string | null | undefined
    treatment?: Treatment | undefined
  }): Promise<RiskRecord> {
    const { id, owner, treatment } = of
    specOf(id)
    if (typeof owner === 'string' && !isVisibleLine(owner, OWNER_CHARACTERS_MAX))
      throw new AppError(
        'USAGE',
        `an owner is one line of at most ${OWNER_CHARACTERS_MAX} visible characters: not ${JSON.stringify(owner.slice(0, 200))}`
      )
    const before = this.#store.note(id)
    this.#store.setNote(id, {
      owner: owner === undefined ? before.owner : owner,
      treatment: treatment ?? before.treatment
    })
    return await this.risk(id)
  }

  #now(): number {
    return (this.#parts.now ?? Date.now)()
  }

  /** What was weighed a moment ago, or anew; who asks meanwhile waits for the same. */
  #weigh(): Promise<Weighed> {
    const nowMs = this.#now()
    const last = this.#weighed
    if (last !== undefined && nowMs - last.atMs < (this.#parts.readEveryMs ?? READ_EVERY_MS))
      return last.result
    const result = this.#read(nowMs)
    this.#weighed = { atMs: nowMs, result }
    result.catch(() => {
      if (this.#weighed?.result === result) this.#weighed = undefined
    })
    return result
  }

  async #read(nowMs: number): Promise<Weighed> {
    const { keeper, identity } = this.#node
    await keeper.whole()
    const view = await readNetwork(this.#services, {
      ...{ self: identity.device, nowMs, tokens: this.#parts.tokens },
      state: () => keeper.state()
    })
    const readings = allReadings(view)
    const assessments = new Map(RISKS.map(spec => [spec.id, assess(spec, readings, nowMs)]))
    this.#keepTrend(assessments, dayOf(nowMs))
    return { atMs: nowMs, assessments }
  }

  #keepTrend(assessments: ReadonlyMap<string, Assessment>, today: number): void {
    const changed = new Map<string, readonly RiskDay[]>()
    for (const [id, { likelihood, impact }] of assessments) {
      const before = this.#trend(id)
      const point = { day: today, likelihood: likelihood.residual, impact: impact.residual }
      const after = thinned([...before, point], today)
      if (!isSame(before, after)) changed.set(id, after)
    }
    try {
      if (changed.size > 0) this.#store.keep(changed)
    } catch (thrown) {
      // A register without this day in its trends is better than none, and a full disk is among what it tells of.
      if (!(thrown instanceof AppError)) throw thrown
    }
  }

  #trend(id: string): TrendPoint[] {
    return this.#store.days(id).map(({ day, likelihood, impact }) => ({
      ...{ day, likelihood: degree(likelihood), impact: degree(impact) }
    }))
  }

  #record(spec: RiskSpec, assessment: Assessment, trendMax: number): RiskRecord {
    const { id, title, description, category, threatEvents, inherent, mapping } = spec
    const { likelihood, impact, score, level, indicators, controls, inherentScore } = assessment
    const { owner, treatment } = this.#store.note(id)
    const acceptances = this.#acceptances(id, score)
    const isAccepted = acceptances.some(({ state }) => state === 'in-force')
    return {
      ...{ id, title, description, category, threatEvents },
      inherent: { ...inherent, score: inherentScore, level: levelOf(inherentScore) },
      residual: { likelihood: likelihood.residual, impact: impact.residual, score, level },
      steps: { likelihood: likelihood.steps, impact: impact.steps },
      indicators: indicators.map(({ devices, ...rest }) => ({
        ...rest,
        devices: devices.map(device => this.#names.nameOf(device as DeviceId))
      })),
      ...{ controls, mapping, owner, acceptances },
      treatment: TREATMENTS.find(each => each === treatment) ?? (isAccepted ? 'accept' : 'mitigate'),
      trend: this.#trend(id).slice(-trendMax).map(shownDay)
    }
  }

  #acceptances(risk: string, score: number): AcceptanceRecord[] {
    const nowMs = this.#now()
    const stateOf = (entry: AcceptanceEntry): AcceptanceRecord['state'] => {
      if (nowMs >= entry.untilMs) return 'ended'
      return score > entry.score ? 'exceeded' : 'in-force'
    }
    return [...this.#node.keeper.state().acceptances.values()]
      .filter(entry => entry.risk === risk)
      .sort((a, b) => b.timeMs - a.timeMs)
      .map(entry => ({
        ...{
          operation: entry.operation,
          by: this.#names.nameOf(entry.by),
          score: entry.score,
          reason: entry.reason
        },
        ...{ acceptedAtMs: entry.timeMs, untilMs: entry.untilMs, state: stateOf(entry) }
      }))
  }
}

function specOf(id: string): RiskSpec {
  const spec = riskNamed(id)
  if (spec !== undefined) return spec
  throw new AppError('RISK_UNKNOWN', `there is no risk ${JSON.stringify(id)}; peerage risk lists them`, {
    details: { risk: id }
  })
}

function shownDay({ day, likelihood, impact }: TrendPoint): TrendRecord {
  return { dayAtMs: day * DAY_MS, likelihood, impact, score: scoreOf({ likelihood, impact }) }
}

function isSame(a: readonly TrendPoint[], b: readonly TrendPoint[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ day, likelihood, impact }, index) => {
      const other = b[index]
      return other?.day === day && other.likelihood === likelihood && other.impact === impact
    })
  )
}
