/**
 * Rules at work: facts go in as they come, findings come out when somebody looks. It goes through a rule only when
 * facts that the rule looks at have come since, so an idle device does nothing.
 *
 * The same finding comes out again for as long as its facts are here; who keeps findings tells them apart by rule and
 * subject (node/detection).
 */

import type { DeviceId } from '../base/ids.ts'
import { FactWindow } from './fact-window.ts'
import type { Fact } from './facts.ts'
import { type Finding, RULE_IDS } from './finding.ts'
import type { Memory } from './memory.ts'
import type { View } from './rule.ts'
import { RULES } from './rules.ts'
import { type DetectionPolicy, type Thresholds, thresholdsOf } from './thresholds.ts'

/** Of one rule at a time; of more the largest. */
export const FOUND_MAX = 200

export interface DetectorInit {
  readonly memory: Memory
  readonly policy: DetectionPolicy
  readonly isOpen: View['isOpen']
}

export class Detector {
  readonly memory: Memory
  readonly #window = new FactWindow()
  #policy: DetectionPolicy
  #thresholds: Thresholds
  #isOpen: View['isOpen']
  #isPolicyNew = false

  constructor({ memory, policy, isOpen }: DetectorInit) {
    this.memory = memory
    this.#policy = policy
    this.#thresholds = thresholdsOf(policy)
    this.#isOpen = isOpen
  }

  get facts(): number {
    return this.#window.size
  }

  get dropped(): number {
    return this.#window.dropped
  }

  /** Holds for what is in the window too. */
  change({ policy, isOpen }: Pick<DetectorInit, 'policy' | 'isOpen'>): void {
    this.#policy = policy
    this.#thresholds = thresholdsOf(policy)
    this.#isOpen = isOpen
    this.#isPolicyNew = true
  }

  /** Something was heard of a device. */
  heard(device: DeviceId, atMs: number): void {
    this.memory.heard(device, atMs, this.#thresholds['dormant-reads.silence'])
  }

  take(fact: Fact, nowMs: number): void {
    if (fact.kind === 'read') this.heard(fact.reader, fact.atMs)
    this.#window.take(fact, nowMs)
  }

  look(nowMs: number): Finding[] {
    return [...this.looking(nowMs)].flat()
  }

  /** The same, a rule at a time, for who has other things to do between. */
  *looking(nowMs: number): Generator<readonly Finding[], void> {
    this.memory.learn(this.#window.expire(nowMs))
    const thresholds = this.#thresholds
    this.memory.forgetReturns(nowMs - 2 * thresholds['dormant-reads.watch'])
    const changed = this.#window.takeChanged()
    const due = RULE_IDS.map(id => RULES[id]).filter(
      ({ id, looksAt }) =>
        !this.#policy.off.includes(id) && (this.#isPolicyNew || looksAt.some(kind => changed.has(kind)))
    )
    this.#isPolicyNew = false
    if (due.length === 0) return
    const view: View = {
      ...{ thresholds, usual: this.memory, isOpen: this.#isOpen },
      facts: this.#window.facts()
    }
    for (const rule of due)
      yield rule
        .find(view)
        .sort((a, b) => b.count - a.count)
        .slice(0, FOUND_MAX)
  }
}
