/** The organisation of the simulated month: three sites, departments, their datasets, and what each reads. */

import { type DeviceId, parseDeviceId, parseVersionId, type VersionId } from '../src/base/ids.ts'
import { DAY_MS } from '../src/base/units.ts'
import type { DataClass, DeviceKind } from '../src/detection/facts.ts'
import type { Random } from './random.ts'

export const SITES = ['paris', 'rome', 'oslo'] as const
const SITE_SHARES = [0.6, 0.25, 0.15]
export const DEPARTMENTS = ['sales', 'finance', 'research', 'support', 'people'] as const
export type Department = (typeof DEPARTMENTS)[number]
/** Of these some departments are at one site alone, so that what they read stays there. */
const AT_PARIS_ONLY: readonly Department[] = ['finance', 'people']
const SERVER_SHARE = 0.1
const DESKTOP_SHARE = 0.3

export interface SimulatedDevice {
  readonly id: DeviceId
  readonly kind: DeviceKind
  readonly site: string
  readonly department: Department
  /** When its user begins and ends to work, in hours. */
  readonly fromHour: number
  readonly toHour: number
}

export interface SimulatedDataset {
  readonly name: string
  readonly dataClass: DataClass
  readonly department: Department | null
  readonly homeSite: string
  readonly publishedMs: number
  readonly version: VersionId
}

export interface SimulatedOrg {
  readonly devices: readonly SimulatedDevice[]
  /** Machines with users. */
  readonly desks: readonly SimulatedDevice[]
  readonly servers: readonly SimulatedDevice[]
  /** Programs that all machines have: internal. */
  readonly programs: readonly SimulatedDataset[]
  readonly ofDepartment: ReadonlyMap<Department, readonly SimulatedDataset[]>
}

const hexOf = (n: number): string => n.toString(16).padStart(64, '0')
export const simulatedDevice = (n: number): DeviceId => parseDeviceId(hexOf(n)) as DeviceId
export const simulatedVersion = (n: number): VersionId => parseVersionId(hexOf(n)) as VersionId

const PROGRAMS = 50
const PAPERS = 30
const CONFIDENTIAL_SHARE = 0.5
const RESTRICTED_SHARE = 0.15

export function makeOrg(
  random: Random,
  { devices, startMs }: { devices: number; startMs: number }
): SimulatedOrg {
  const all = Array.from({ length: devices }, (_, n) => device(n + 1, random))
  let versions = 0
  const dataset = (
    name: string,
    dataClass: DataClass,
    of: Pick<SimulatedDataset, 'department' | 'homeSite'>
  ): SimulatedDataset => ({
    ...{ name, dataClass, ...of, version: simulatedVersion(++versions) },
    publishedMs: startMs - random.integer(30, 400) * DAY_MS
  })
  const papers = (department: Department): SimulatedDataset[] =>
    Array.from({ length: PAPERS }, (_, n) => {
      const of = random.next()
      const dataClass =
        of < RESTRICTED_SHARE
          ? 'restricted'
          : of < RESTRICTED_SHARE + CONFIDENTIAL_SHARE
            ? 'confidential'
            : 'internal'
      return dataset(`${department}/${n}`, dataClass, { department, homeSite: 'paris' })
    })
  return {
    devices: all,
    desks: all.filter(({ kind }) => kind !== 'server'),
    servers: all.filter(({ kind }) => kind === 'server'),
    programs: Array.from({ length: PROGRAMS }, (_, n) =>
      dataset(`programs/${n}`, n % 10 === 0 ? 'public' : 'internal', { department: null, homeSite: 'paris' })
    ),
    ofDepartment: new Map(DEPARTMENTS.map(department => [department, papers(department)]))
  }
}

function device(n: number, random: Random): SimulatedDevice {
  const of = random.next()
  const kind = of < SERVER_SHARE ? 'server' : of < SERVER_SHARE + DESKTOP_SHARE ? 'desktop' : 'laptop'
  const department = random.pick(DEPARTMENTS)
  const where = random.next()
  const [first = 1, second = 0] = SITE_SHARES
  const site = where < first ? 'paris' : where < first + second ? 'rome' : 'oslo'
  return {
    ...{ id: simulatedDevice(n), kind, department },
    site: AT_PARIS_ONLY.includes(department) ? 'paris' : site,
    fromHour: random.between(7, 9.5),
    toHour: random.between(16, 18.8)
  }
}
