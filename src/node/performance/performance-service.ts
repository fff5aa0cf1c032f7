/** The performance part of the admin API: service levels, prices, and what the devices of the org say together. */

import { AppError } from '../../base/errors.ts'
import type { DeviceId } from '../../base/ids.ts'
import { didYouMean } from '../../base/near-names.ts'
import { DAY_MS, HOUR_MS, MILLIONTHS } from '../../base/units.ts'
import { isDatasetName, isLabel } from '../../ledger/encoding/names.ts'
import { isInGroup } from '../../ledger/fold/state.ts'
import {
  LEVEL_WINDOW_MS_MAX,
  LEVEL_WINDOW_MS_MIN,
  PRICE_MICROS_MAX
} from '../../ledger/operation/operation-limits.ts'
import { ANY_SITE } from '../../ledger/operation/performance-content.ts'
import { levelStepMs } from '../../slo/level-history.ts'
import { WHOLE } from '../../slo/service-level.ts'
import { passingHere } from '../boost/boost-service.ts'
import { signAsked } from '../ledger/asked-operation.ts'
import type { Acted } from '../ledger/governance-terms.ts'
import { LedgerNames } from '../ledger/ledger-names.ts'
import type { Node } from '../node.ts'
import { LEVELS_MAX } from './figures-messages.ts'
import { FleetFigures } from './fleet-figures.ts'
import { levelRecord } from './level-report.ts'
import { participants } from './participation-report.ts'
import type {
  FleetSavingsReport,
  LevelHistory,
  LevelReport,
  LevelRequest,
  Participation,
  PerformanceService,
  SavingsOfDevice,
  SitePrice
} from './performance-terms.ts'
import { savingsReport } from './savings-report.ts'

const CURRENCY = /^[A-Z]{3}$/

export class LocalPerformanceService implements PerformanceService {
  readonly #node: Node
  readonly #fleet: FleetFigures
  readonly #names: LedgerNames

  constructor(node: Node) {
    this.#node = node
    this.#fleet = new FleetFigures(node)
    this.#names = new LedgerNames(node.keeper, device => node.catalogue.nameOf(device))
  }

  async levels(): Promise<LevelReport> {
    const { keeper, catalogue } = this.#node
    const { atMs, answers, heard } = await this.#fleet.ask({ fromMs: startOf(HOUR_MS), toMs: null })
    const levels = [...keeper.state().levels.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
    return {
      ...{ atMs, heard },
      levels: levels.map(level => levelRecord(level, answers, device => catalogue.nameOf(device)))
    }
  }

  async levelHistory(name: string): Promise<LevelHistory> {
    const { keeper, history } = this.#node
    const { levels } = keeper.state()
    const level = levels.get(name)
    if (level === undefined)
      throw new AppError(
        'USAGE',
        `no service level ${name} is set; peerage slo lists those that are${didYouMean(name, [...levels.keys()])}`
      )
    const points = history.performance.own.levelHistory(level)
    const isTimed = level.limitMs !== null
    return {
      ...{ name, atMs: Date.now(), stepMs: levelStepMs(level) },
      points: points.map(({ worst, ...rest }) => ({ ...rest, lastMs: isTimed ? worst : null }))
    }
  }

  async setLevel(request: LevelRequest): Promise<Acted> {
    checkLevel(request)
    const { name, measure, dataset, site, limitMs, targetShare, windowMs } = request
    const { levels } = this.#node.keeper.state()
    if (!levels.has(name) && levels.size >= LEVELS_MAX)
      throw new AppError(
        'USAGE',
        `there are ${levels.size} service levels, and no more are told between devices; end one first: peerage slo unset NAME`
      )
    const share = Math.round(targetShare * WHOLE)
    return this.#sign(
      { type: 'level.set', name, objective: { measure, dataset, site, limitMs, share, windowMs } },
      [...this.#datasetWarnings(dataset), ...this.#siteWarnings(site)]
    )
  }

  async unsetLevel(name: string): Promise<Acted> {
    const known = [...this.#node.keeper.state().levels.keys()]
    if (!known.includes(name))
      throw new AppError(
        'NO_CHANGE',
        `nothing was signed: no service level ${name} is set${didYouMean(name, known)}`
      )
    return this.#sign({ type: 'level.set', name, objective: null })
  }

  async prices(): Promise<readonly SitePrice[]> {
    const { keeper, catalogue } = this.#node
    return [...keeper.state().prices.values()]
      .sort((a, b) => (a.site < b.site ? -1 : 1))
      .map(({ site, currency, microsPerGb, by, timeMs, operation }) => ({
        site: site === ANY_SITE ? null : site,
        ...{ currency, perGb: microsPerGb / MILLIONTHS, by: catalogue.nameOf(by), setAtMs: timeMs, operation }
      }))
  }

  async setPrice({
    site,
    price
  }: {
    site: string | null
    price: { currency: string; perGb: number } | null
  }): Promise<Acted> {
    if (site !== null && (!isLabel(site) || site === ANY_SITE))
      throw new AppError('USAGE', `${JSON.stringify(site)} can not be the name of a site`)
    const of = site ?? ANY_SITE
    if (price === null) {
      if (!this.#node.keeper.state().prices.has(of))
        throw new AppError(
          'NO_CHANGE',
          `nothing was signed: there is no price ${site === null ? 'for every site' : `of site ${site}`}`
        )
      return this.#sign({ type: 'price.set', site: of, price: null })
    }
    const microsPerGb = Math.round(price.perGb * MILLIONTHS)
    if (!CURRENCY.test(price.currency) || !(microsPerGb >= 0 && microsPerGb <= PRICE_MICROS_MAX))
      throw new AppError(
        'USAGE',
        `a price is an amount from 0 to ${PRICE_MICROS_MAX / MILLIONTHS} of a currency of three capital letters, such as 0.08 EUR`
      )
    return this.#sign(
      { type: 'price.set', site: of, price: { currency: price.currency, microsPerGb } },
      this.#siteWarnings(site)
    )
  }

  async fleetSavings(span: { fromMs: number; toMs: number | null }): Promise<FleetSavingsReport> {
    checkSpan(span)
    const { keeper, identity } = this.#node
    const fleet = await this.#fleet.ask(span)
    const { prices, groups } = keeper.state()
    return savingsReport(fleet, {
      ...{ org: identity.orgName, fromMs: span.fromMs, toMs: span.toMs ?? fleet.atMs },
      priceOf: site => prices.get(site) ?? prices.get(ANY_SITE),
      named: device => this.#named(device),
      groups: [...groups.values()].map(({ operation, name, devices }) => ({
        name,
        devices: new Set(
          [...devices.keys()].filter(device =>
            isInGroup(keeper.state(), { group: operation, device, nowMs: fleet.atMs })
          )
        )
      }))
    })
  }

  async participation({ fromMs }: { fromMs: number }): Promise<Participation> {
    checkSpan({ fromMs, toMs: null })
    const { atMs, answers, heard } = await this.#fleet.ask({ fromMs, toMs: null })
    const links = new Map(this.#node.transport.peers().map(({ device, leastRttMs }) => [device, leastRttMs]))
    return {
      ...{ atMs, fromMs, heard },
      devices: participants(answers, {
        named: device => this.#named(device),
        rttMs: device => links.get(device) ?? null
      }),
      passing: passingHere(this.#node)
    }
  }

  #named(device: DeviceId): Pick<SavingsOfDevice, 'device' | 'name' | 'site' | 'kind'> {
    const kind = this.#node.keeper.state().devices.get(device)?.enrolment?.kind ?? null
    return { ...this.#node.catalogue.nameOf(device), kind }
  }

  #sign(content: Parameters<typeof signAsked>[1], warnings: readonly string[] = []): Acted {
    return signAsked(this.#node, content, { names: this.#names, warnings })
  }

  #datasetWarnings(datasets: string | null): string[] {
    if (datasets === null) return []
    const known = [...this.#node.keeper.state().datasets.keys()]
    const isKnown = datasets.endsWith('/')
      ? known.some(name => name.startsWith(datasets))
      : known.includes(datasets)
    return isKnown ? [] : [`no dataset ${datasets} is known here yet${didYouMean(datasets, known)}`]
  }

  #siteWarnings(site: string | null): string[] {
    const { identity, board } = this.#node
    if (site === null || site === identity.site) return []
    const isKnown = [...board.statements()].some(each => each.site === site)
    return isKnown ? [] : [`no device has said yet that it is in ${site}`]
  }
}

/** To the minute, so that who asks again soon asks for the same. */
function startOf(spanMs: number): number {
  return Math.floor((Date.now() - spanMs) / 60_000) * 60_000
}

function checkSpan({ fromMs, toMs }: { readonly fromMs: number; readonly toMs: number | null }): void {
  if (fromMs > (toMs ?? Date.now()))
    throw new AppError('USAGE', 'the time asked for ends before it begins; ask for an earlier beginning')
}

function checkLevel({ name, measure, dataset, site, limitMs, targetShare, windowMs }: LevelRequest): void {
  const refuse = (message: string): never => {
    throw new AppError('USAGE', message)
  }
  for (const [what, label] of [
    ['a service level', name],
    ['a site', site]
  ] as const)
    if (label !== null && !isLabel(label)) refuse(`${JSON.stringify(label)} can not be the name of ${what}`)
  if (dataset !== null && !isDatasetName(dataset.replace(/\/$/, '')))
    refuse(
      `${JSON.stringify(dataset)} can not be the name of a dataset, nor the beginning of names up to a slash`
    )
  if (dataset !== null && measure === 'revocation')
    refuse('a revocation is of no dataset; leave the dataset out')
  if ((measure === 'availability') !== (limitMs === null))
    refuse(
      measure === 'availability'
        ? 'a dataset is available or not; leave the limit out'
        : `say within which time ${measure} is good`
    )
  if (!(Math.round(targetShare * WHOLE) >= 1 && targetShare <= 1))
    refuse('the share that has to be good is more than 0, and 1 at most')
  if (windowMs < LEVEL_WINDOW_MS_MIN || windowMs > LEVEL_WINDOW_MS_MAX)
    refuse(
      `a window is from ${LEVEL_WINDOW_MS_MIN / HOUR_MS} hour to ${LEVEL_WINDOW_MS_MAX / DAY_MS} days long`
    )
}
