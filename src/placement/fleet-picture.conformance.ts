/**
 * Fleets as pictures, for tests: `paris/eu: A b c~ | oslo/no: D:40 e?`. A site and its region, then its devices: a
 * capital letter is a server, a small one a desktop, one with `~` a laptop. `:40` is what it offers in GB (100 else),
 * `*2` its weight (what it offers in GB else), `?` is away since hour 0, `!` gone, `-` may not hold anything.
 */

import { strict as assert } from 'node:assert'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { type DeviceId, parseDeviceId, type VersionId, versionIdFromBytes } from '../base/ids.ts'
import type { Assignment } from './assignment.ts'
import type { Device, DeviceState, Fleet } from './fleet.ts'
import { type Policy, parsePolicy } from './policy.ts'
import type { Unit } from './unit.ts'

export const GB = 1e9
export const CLASS = 'internal'
const DEVICE = /^([A-Za-z])(~?)(?::(\d+))?(?:\*(\d+))?([?!]?)(-?)$/

export function device(letter: string): DeviceId {
  return parseDeviceId(letter.charCodeAt(0).toString(16).padStart(2, '0').repeat(32)) ?? assert.fail(letter)
}

export function letter(id: DeviceId): string {
  return String.fromCharCode(Number.parseInt(id.slice(0, 2), 16))
}

export function fleet(picture: string): Fleet {
  const devices = picture.split('|').flatMap(part => {
    const [place = '', inside = ''] = part.split(':', 1).concat(part.slice(part.indexOf(':') + 1))
    const [site = '', region = 'eu'] = place.trim().split('/')
    return inside
      .trim()
      .split(/\s+/)
      .filter(word => word !== '')
      .map(word => drawnDevice(word, site, region))
  })
  return { version: picture, devices }
}

function drawnDevice(word: string, site: string, region: string): Device {
  const [, name = '', isLaptop, offered, weight, mark, barred] = DEVICE.exec(word) ?? assert.fail(word)
  const capacity = Number(offered ?? 100)
  const states: Record<string, DeviceState> = { '?': { kind: 'away', sinceMs: 0 }, '!': { kind: 'gone' } }
  return {
    ...{ id: device(name), site, region, capacityBytes: capacity * GB, weight: Number(weight ?? capacity) },
    kind: isLaptop === '~' ? 'laptop' : name < 'a' ? 'server' : 'desktop',
    mayHold: new Set(barred === '-' ? [] : [CLASS]),
    state: states[mark ?? ''] ?? { kind: 'present' },
    emptySinceMs: 0
  }
}

export function policy(text: string): Policy {
  const parsed = parsePolicy(text)
  return 'policy' in parsed ? parsed.policy : assert.fail(parsed.error)
}

export function version(name: string | number): VersionId {
  return versionIdFromBytes(createHash('sha256').update(`version ${name}`).digest())
}

/** A unit of `bytes` GB; the smaller its number, the more senior. */
export function unit(number: number, policyText: string, gigabytes = 1): Unit {
  return {
    ...{ version: version(number), index: 0, bytes: gigabytes * GB, policy: policy(policyText) },
    ...{ dataClass: CLASS, seniority: number }
  }
}

/** Who holds it, in alphabetical order: `A D`. */
export function drawn({ devices }: Pick<Assignment, 'devices'>): string {
  return devices.map(letter).sort().join(' ')
}

/** What is not kept of the policy: `sites 1/2 no-device`. */
export function drawnUnmet({ unmet }: Pick<Assignment, 'unmet'>): string {
  return unmet.map(({ part, wanted, got, because }) => `${part} ${got}/${wanted} ${because}`).join(', ')
}

const LETTERS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz']

/** Fleets of any shape, up to a few dozen devices. */
export const anyFleet: fc.Arbitrary<Fleet> = fc
  .array(
    fc.record({
      site: fc.nat({ max: 7 }),
      kind: fc.constantFrom<Device['kind']>('server', 'desktop', 'laptop'),
      weight: fc.oneof(
        fc.constant(100),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 1, max: 100_000 })
      ),
      capacity: fc.oneof(fc.constant(1000), fc.integer({ min: 0, max: 30 })),
      isBarred: fc.boolean()
    }),
    { minLength: 1, maxLength: LETTERS.length }
  )
  .map(all => ({
    version: 'any',
    devices: all.map(
      ({ site, kind, weight, capacity, isBarred }, at): Device => ({
        ...{ id: device(LETTERS[at] ?? assert.fail()), kind, weight, capacityBytes: capacity * GB },
        ...{ site: `site ${site}`, region: site % 3 === 0 ? 'us' : 'eu', emptySinceMs: 0 },
        mayHold: new Set(isBarred && at % 3 === 0 ? [] : [CLASS]),
        state: { kind: 'present' }
      })
    )
  }))

export const anyPolicy: fc.Arbitrary<Policy> = fc
  .record({
    slots: fc.oneof(
      fc.integer({ min: 1, max: 6 }).map(copies => ({ copies, shares: null })),
      fc.tuple(fc.integer({ min: 2, max: 6 }), fc.integer({ min: 1, max: 3 })).map(([k, m]) => ({
        copies: 1,
        shares: { k, m }
      }))
    ),
    sites: fc.integer({ min: 1, max: 4 }),
    regions: fc.constantFrom<string[]>([], [], ['eu'], ['eu', 'us']),
    kinds: fc.constantFrom<Device['kind'][]>([], [], ['server'], ['server', 'desktop'])
  })
  .map(({ slots, sites, regions, kinds }) => {
    const most = slots.shares === null ? slots.copies : slots.shares.k + slots.shares.m
    return { ...slots, sites: Math.min(sites, most), regions, kinds }
  })

export const anyUnits: fc.Arbitrary<Unit[]> = fc
  .array(
    fc.record({
      policy: anyPolicy,
      gigabytes: fc.integer({ min: 0, max: 12 }),
      seniority: fc.nat({ max: 5 })
    }),
    { minLength: 1, maxLength: 12 }
  )
  .map(all =>
    all.map(({ policy: asked, gigabytes, seniority }, number) => ({
      ...unit(number, 'copies=1', gigabytes),
      policy: asked,
      seniority
    }))
  )
