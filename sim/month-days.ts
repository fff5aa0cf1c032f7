/**
 * What happens in the simulated month, day by day, with nobody who means harm: work within and out of hours, holidays,
 * leave, travel, patch days, new colleagues, a training room that is set up again, machines that fail, disks that rot,
 * settings that are wrong, lines that break. How often is a guess, a careful one; docs/DETECTION.md names each.
 */

import { DAY_MS, HOUR_MS, MINUTE_MS } from '../src/base/units.ts'
import type { Fact, ReadFact } from '../src/detection/facts.ts'
import {
  SITES,
  type SimulatedDataset,
  type SimulatedDevice,
  type SimulatedOrg,
  simulatedDevice,
  simulatedVersion
} from './month-org.ts'
import type { Random } from './random.ts'

const WEEK_DAYS = 7
/** The first day is a Monday. */
const SATURDAY = 5
/** Of the second week that counts: the offices are closed on its Thursday. */
export const HOLIDAY = 24
export const PATCH_DAYS: readonly number[] = [8, 36]
const ON_LEAVE_SHARE = 0.08
const QUARTER_END: readonly number[] = [28, 29, 30, 31]
const TRAINING_DAY = 30
const LATE_SHARE = 0.06
const WEEKEND_SHARE = 0.02
const UNKNOWN_KEY_BASE = 1_000_000
const RELEASE_BASE = 900_000

export class Days {
  readonly #org: SimulatedOrg
  readonly #random: Random
  readonly #startMs: number
  #facts: Fact[] = []
  #seq = 0

  constructor(org: SimulatedOrg, random: Random, startMs: number) {
    this.#org = org
    this.#random = random
    this.#startMs = startMs
  }

  /** Everything of one day, in the order of its times. */
  of(day: number): Fact[] {
    this.#facts = []
    const isWorking = day % WEEK_DAYS < SATURDAY && day !== HOLIDAY
    for (const desk of this.#org.desks) if (isWorking) this.#workday(desk, day)
    if (isWorking && QUARTER_END.includes(day)) this.#quarterEnd(day)
    if (!isWorking) this.#weekend(day)
    if (PATCH_DAYS.includes(day)) this.#patchDay(day)
    if (isWorking && day % 8 === 2) this.#newColleague(day)
    if (day === TRAINING_DAY) this.#trainingRoom(day)
    this.#servers(day)
    this.#mishaps(day)
    this.#samples(day)
    return this.#facts.sort((a, b) => a.atMs - b.atMs)
  }

  #at(day: number, hour: number): number {
    return this.#startMs + day * DAY_MS + hour * HOUR_MS
  }

  #place() {
    return { device: simulatedDevice(1), incarnation: 1, seq: this.#seq++ }
  }

  #read(reader: SimulatedDevice, of: SimulatedDataset, atMs: number, more: Partial<ReadFact> = {}): void {
    this.#facts.push({
      ...{ kind: 'read', atMs, place: this.#place(), reader: reader.id, readerKind: reader.kind },
      ...{ readerSite: reader.site, dataset: of.name, version: of.version, dataClass: of.dataClass },
      ...{ publishedMs: of.publishedMs, homeSite: of.homeSite, isOwed: false },
      ...more
    })
  }

  #papers(desk: SimulatedDevice): readonly SimulatedDataset[] {
    return this.#org.ofDepartment.get(desk.department) ?? []
  }

  #workday(desk: SimulatedDevice, day: number): void {
    const random = this.#random
    if (random.chance(ON_LEAVE_SHARE)) return
    const isAway = desk.kind === 'laptop' && random.chance(0.02)
    const readerSite = isAway ? random.pick(SITES) : desk.site
    const papers = this.#papers(desk)
    for (let reads = random.integer(0, 6); reads > 0; reads--)
      this.#read(desk, random.pick(papers), this.#at(day, random.between(desk.fromHour, desk.toHour)), {
        readerSite
      })
    if (random.chance(0.3)) this.#read(desk, random.pick(this.#org.programs), this.#at(day, desk.fromHour))
    if (desk.kind === 'laptop' && random.chance(LATE_SHARE))
      for (let reads = random.integer(1, 3); reads > 0; reads--)
        this.#read(desk, random.pick(papers), this.#at(day, random.between(20, 23)))
  }

  /** Some of finance work through the evening. */
  #quarterEnd(day: number): void {
    const late = this.#org.desks.filter(
      ({ department, kind }) => department === 'finance' && kind === 'laptop'
    )
    for (const desk of late.slice(0, 4))
      for (let reads = this.#random.integer(2, 6); reads > 0; reads--)
        this.#read(desk, this.#random.pick(this.#papers(desk)), this.#at(day, this.#random.between(19, 23.5)))
  }

  #weekend(day: number): void {
    for (const desk of this.#org.desks) {
      if (desk.kind !== 'laptop' || !this.#random.chance(WEEKEND_SHARE)) continue
      for (let reads = this.#random.integer(1, 2); reads > 0; reads--)
        this.#read(desk, this.#random.pick(this.#papers(desk)), this.#at(day, this.#random.between(9, 21)))
    }
  }

  /** Every machine fetches the releases of the day, within hours. */
  #patchDay(day: number): void {
    for (let n = 0; n < 6; n++) {
      const program = this.#org.programs[n * 7]
      if (program === undefined) continue
      const publishedMs = this.#at(day, 6)
      const release = { ...program, version: simulatedVersion(RELEASE_BASE + day * 10 + n), publishedMs }
      for (const device of this.#org.devices)
        this.#read(device, release, this.#at(day, this.#random.between(7, 11)))
    }
  }

  /** A new machine is set up, and its user reads in. */
  #newColleague(day: number): void {
    const desk = this.#random.pick(this.#org.desks)
    const newcomer = { ...desk, id: simulatedDevice(500_000 + day) }
    const fromHour = this.#random.between(9, 10)
    for (const [n, program] of this.#org.programs.slice(0, this.#random.integer(15, 36)).entries())
      this.#read(newcomer, program, this.#at(day, fromHour + n / 100))
    for (let reads = this.#random.integer(4, 9); reads > 0; reads--)
      this.#read(newcomer, this.#random.pick(this.#papers(desk)), this.#at(day, this.#random.between(11, 17)))
  }

  /** Machines of a training room are set up again, with what is old by now. */
  #trainingRoom(day: number): void {
    const room = this.#org.desks.filter(({ site }) => site === 'paris').slice(0, 24)
    for (const program of this.#org.programs.slice(20, 28))
      for (const desk of room) this.#read(desk, program, this.#at(day, this.#random.between(14, 14.9)))
  }

  /** Jobs at night, and copies that are put where a server was lost. */
  #servers(day: number): void {
    const { servers } = this.#org
    for (const server of servers) {
      const papers = this.#papers(server).slice(0, 3)
      for (const paper of papers) this.#read(server, paper, this.#at(day, this.#random.between(1, 4)))
    }
    if (day % 10 !== 5) return
    const all = [...this.#org.programs, ...[...this.#org.ofDepartment.values()].flat()]
    for (const of of all)
      this.#read(this.#random.pick(servers), of, this.#at(day, this.#random.between(10, 11)), {
        isOwed: true
      })
  }

  #mishaps(day: number): void {
    const random = this.#random
    const by = simulatedDevice(1)
    const { desks, servers } = this.#org
    const at = () => this.#at(day, random.between(8, 18))
    // Disks rot a little, and once much.
    if (day % 9 === 4 || day === 33)
      this.#facts.push({
        ...{ kind: 'bad', atMs: at(), place: this.#place(), peer: random.pick(servers).id, by },
        ...{ reason: 'bad-block', count: day === 33 ? 5 : random.integer(1, 2) }
      })
    // Follows of what is not granted ask every few minutes; people try a door now and then.
    for (const desk of desks.slice(0, 5))
      for (let hour = 8; hour < 18; hour++) this.#denied(desk, 12, this.#at(day, hour), desk.fromHour)
    for (let n = 0; n < 6; n++) {
      const desk = random.pick(desks)
      for (let doors = random.integer(1, 3); doors > 0; doors--) this.#denied(desk, 1, at(), random.next())
    }
    // Machines of visitors, and one that was set up anew and still tries.
    if (day % 3 === 1)
      for (let keys = random.integer(1, 2); keys > 0; keys--)
        this.#knock(UNKNOWN_KEY_BASE + day * 10 + keys, random.integer(1, 5), at())
    if (day === 20)
      for (let hour = 9; hour < 12; hour++) this.#knock(UNKNOWN_KEY_BASE, 60, this.#at(day, hour))
    // A team of another site joins a project of research.
    const paper = (this.#org.ofDepartment.get('people') ?? []).find(
      ({ dataClass }) => dataClass === 'confidential'
    )
    const rome = desks.filter(({ site }) => site === 'rome').slice(0, 3)
    if (day === 26 && paper !== undefined) for (const desk of rome) this.#read(desk, paper, at())
    // From a drawer, after more than two months.
    const [spare] = desks
    if (day === 38 && spare !== undefined) {
      const drawer = { ...spare, id: simulatedDevice(600_000) }
      const program = this.#org.programs[1]
      if (program !== undefined) this.#read(drawer, program, at())
    }
  }

  #denied(desk: SimulatedDevice, count: number, atMs: number, which: number): void {
    this.#facts.push({
      ...{ kind: 'denied', atMs, place: this.#place(), peer: desk.id, by: simulatedDevice(1) },
      ...{ reason: 'no-grant', version: simulatedVersion(Math.floor(which * 1000)), count }
    })
  }

  #knock(key: number, count: number, atMs: number): void {
    const by = simulatedDevice(1)
    this.#facts.push({ kind: 'knock', atMs, place: this.#place(), key: simulatedDevice(key), by, count })
  }

  /**
   * This device measures itself every minute: its clock after a sleep, signers that start again, a line that breaks.
   */
  #samples(day: number): void {
    const device = simulatedDevice(1)
    for (let minute = 0; minute < DAY_MS / MINUTE_MS; minute++) {
      const atMs = this.#at(day, 0) + minute * MINUTE_MS
      const isSleepy = day % 5 === 3 && minute >= 480 && minute < 484
      const isRestart = day % WEEK_DAYS === 6 && minute >= 180 && minute < 186
      const isCut = day === 22 && minute >= 600 && minute < 640
      this.#facts.push({ kind: 'clock', atMs, place: null, device, offsetMs: isSleepy ? 45_000 : 0 })
      this.#facts.push({
        ...{ kind: 'beacon', atMs, place: null, device, quorum: 2 },
        ...{ heard: isCut ? 0 : isRestart ? 1 : 3, isExpired: isCut && minute >= 630 }
      })
    }
  }
}
