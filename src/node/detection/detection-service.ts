/** The detection part of the admin API: findings, what became of them, and the policy of the rules on this device. */

import { isDeepStrictEqual } from 'node:util'
import type { AuditEvent } from '../../audit/entry.ts'
import { AppError } from '../../base/errors.ts'
import { didYouMean } from '../../base/near-names.ts'
import { isRuleId, RULE_IDS, type RuleId } from '../../detection/finding.ts'
import { RULES } from '../../detection/rules.ts'
import {
  type DetectionPolicy,
  HOURS_SITES_MAX,
  isThresholdId,
  THRESHOLD_IDS,
  THRESHOLDS,
  type ThresholdSpec,
  thresholdFault,
  thresholdsOf
} from '../../detection/thresholds.ts'
import { isVisibleLine } from '../../ledger/encoding/names.ts'
import type { RecordStore } from '../../store/records.ts'
import { hoursText, parseHours } from '../../swarm/bandwidth/calendar.ts'
import type { AuditLog } from '../audit/audit-log.ts'
import type { Problem } from '../service-words.ts'
import type { DetectionFile, KeptFinding } from './detection-file.ts'
import { DEFAULT_ZONE, saveDetectionPolicy } from './detection-policy.ts'
import type { Detection, DetectionRule, DetectionRules, DetectionService } from './detection-terms.ts'
import type { DetectionWatch, WatchedNode } from './detection-watch.ts'

export const NOTE_CHARACTERS_MAX = 256
const SITE_CHARACTERS_MAX = 64

type Switch = Pick<Extract<AuditEvent, { readonly action: 'switched' }>, 'what' | 'state'>

/** What of a node detection goes through, and tells of its own changes. */
export interface RuledNode extends Pick<WatchedNode, 'catalogue'> {
  readonly audit: { readonly log: Pick<AuditLog, 'store' | 'record'> }
}

export interface DetectionServiceInit {
  readonly node: RuledNode
  readonly file: DetectionFile
  readonly watch: DetectionWatch
  readonly records: Pick<RecordStore, 'getBlob' | 'putBlob'>
  readonly policy: DetectionPolicy
}

export class LocalDetectionService implements DetectionService {
  readonly #init: DetectionServiceInit
  #policy: DetectionPolicy

  constructor(init: DetectionServiceInit) {
    this.#init = init
    this.#policy = init.policy
  }

  async detections(search: {
    state: 'open' | 'all'
    rule: RuleId | null
    limit: number
  }): Promise<readonly Detection[]> {
    return this.#init.file.findings(search).map(finding => this.#shown(finding))
  }

  async detection(id: number): Promise<Detection> {
    return this.#shown(this.#init.file.finding(id) ?? unknownDetection(id))
  }

  async acknowledge(
    { id, note }: { readonly id: number; readonly note: string | null },
    by: string
  ): Promise<Detection> {
    if (note !== null && !isVisibleLine(note, NOTE_CHARACTERS_MAX))
      throw usage(`a note is one line of at most ${NOTE_CHARACTERS_MAX} visible characters`)
    const done = this.#init.file.acknowledge(id, { atMs: Date.now(), by, note })
    return this.#shown(done ?? unknownDetection(id))
  }

  async rules(): Promise<DetectionRules> {
    const { watch, file, node } = this.#init
    const { open, raised } = file.counts()
    const values = thresholdsOf(this.#policy)
    const rules = RULE_IDS.map((id): DetectionRule => {
      const own = THRESHOLD_IDS.filter(each => THRESHOLDS[each].rule === id)
      return {
        ...{ id, what: RULES[id].what, on: !this.#policy.off.includes(id) },
        ...{ open: open.get(id) ?? 0, raised: raised.get(id) ?? 0 },
        thresholds: own.map(each => {
          const { rule: _, ...spec }: ThresholdSpec = THRESHOLDS[each]
          return { id: each, value: values[each], ...spec }
        })
      }
    })
    const hours = Object.entries(this.#policy.hours).map(([site, text]) => ({ site, hours: text }))
    const logs = node.audit.log.store.database.sizes().length
    return { rules, hours, logs, facts: watch.facts, factsDropped: watch.dropped }
  }

  async setRules(
    of: {
      readonly thresholds: Readonly<Record<string, number | null>>
      readonly hours: Readonly<Record<string, string | null>>
      readonly on: Readonly<Record<string, boolean>>
    },
    by: string
  ): Promise<DetectionRules> {
    const policy: DetectionPolicy = {
      thresholds: withThresholds(this.#policy.thresholds, of.thresholds),
      hours: withHours(this.#policy.hours, of.hours),
      off: withSwitched(this.#policy.off, of.on)
    }
    const { log } = this.#init.node.audit
    for (const switched of switches(this.#policy, policy))
      await log.record({ action: 'switched', by, ...switched })
    saveDetectionPolicy(this.#init.records, policy)
    this.#policy = policy
    this.#init.watch.change(policy)
    return await this.rules()
  }

  /** Rules that are off: what they would show is not found. */
  problems(): Problem[] {
    const { off } = this.#policy
    if (off.length === 0) return []
    const rules =
      off.length === 1 ? `the rule ${off[0]} of detection is` : `${off.length} rules of detection are`
    const message = `${rules} off on this node (${off.join(', ')}), and what would be found is not; peerage detections set RULE on`
    return [{ code: 'DETECTION_OFF', message, path: null }]
  }

  #shown(kept: KeptFinding): Detection {
    const { subject: _, devices, evidence, ...finding } = kept
    const { catalogue } = this.#init.node
    return {
      ...finding,
      state: kept.acknowledged === null ? 'open' : 'acknowledged',
      devices: devices.map(device => catalogue.nameOf(device)),
      evidence: evidence.map(({ device, ...place }) => ({ device: catalogue.nameOf(device), ...place }))
    }
  }
}

/** What the audit log says of a change of the policy. */
function switches(before: DetectionPolicy, after: DetectionPolicy): readonly Switch[] {
  const switched = RULE_IDS.flatMap((rule): Switch[] => {
    const isOff = after.off.includes(rule)
    if (before.off.includes(rule) === isOff) return []
    return [{ what: `detection.${rule}`, state: isOff ? 'off' : 'on' }]
  })
  const changed = (['thresholds', 'hours'] as const)
    .filter(part => !isDeepStrictEqual(before[part], after[part]))
    .map((part): Switch => ({ what: `detection.${part}`, state: 'changed' }))
  return [...switched, ...changed]
}

function withThresholds(
  before: DetectionPolicy['thresholds'],
  changes: Readonly<Record<string, number | null>>
): DetectionPolicy['thresholds'] {
  const after = { ...before }
  for (const [id, value] of Object.entries(changes)) {
    if (!isThresholdId(id)) throw usage(`there is no threshold ${id}${didYouMean(id, THRESHOLD_IDS)}`)
    const fault = value === null ? undefined : thresholdFault(id, value)
    if (fault !== undefined) throw usage(`${value} can not be the threshold ${id}: ${fault}`)
    if (value === null) delete after[id]
    else after[id] = value
  }
  return after
}

function withHours(
  before: DetectionPolicy['hours'],
  changes: Readonly<Record<string, string | null>>
): DetectionPolicy['hours'] {
  const after = new Map(Object.entries(before))
  for (const [site, text] of Object.entries(changes)) {
    if (!isVisibleLine(site, SITE_CHARACTERS_MAX)) throw usage(`${JSON.stringify(site)} can not be a site`)
    if (text === null) {
      after.delete(site)
      continue
    }
    const hours = parseHours(text, DEFAULT_ZONE)
    if (typeof hours === 'string') throw usage(`${JSON.stringify(text)} can not be hours: ${hours}`)
    after.set(site, hoursText(hours))
  }
  if (after.size > HOURS_SITES_MAX)
    throw usage(`hours of ${after.size} sites are too many: at most ${HOURS_SITES_MAX} can have their own`)
  return Object.fromEntries(after)
}

function withSwitched(before: readonly RuleId[], changes: Readonly<Record<string, boolean>>): RuleId[] {
  const off = new Set(before)
  for (const [id, on] of Object.entries(changes)) {
    if (!isRuleId(id)) throw usage(`there is no rule ${id}${didYouMean(id, RULE_IDS)}`)
    if (on) off.delete(id)
    else off.add(id)
  }
  return [...off]
}

function unknownDetection(id: number): never {
  throw new AppError(
    'DETECTION_UNKNOWN',
    `there is no finding ${id} here; peerage detections list --all lists them`,
    { details: { detection: id } }
  )
}

function usage(message: string): AppError {
  return new AppError('USAGE', message)
}
