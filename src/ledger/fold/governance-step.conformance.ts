/**
 * Steps of histories for tests of governance: who does what to whom, with what knowledge, clock, feed and root, whether
 * it may or not, in orgs whose tables let others than admins do much. governance-history.conformance.ts plays them.
 */

import fc from 'fast-check'
import { DEFAULT_RANKS, DEFAULT_ROLES, type RootTerms } from '../chain/root.ts'
import type { OperationType } from '../operation/operation-content.ts'
import { OPERATION_TYPES } from '../operation/operation-types.ts'
import { keyNamed } from './org-fixture.conformance.ts'

export const ADMINS = [keyNamed('admin 1'), keyNamed('admin 2')]
export const DEVICES = ['device 1', 'device 2', 'device 3', 'device 4'].map(keyNamed)
export const EVERYONE = [...ADMINS, ...DEVICES]

const ALL_TYPES = [...OPERATION_TYPES].sort()
const without = (...types: OperationType[]) => ALL_TYPES.filter(type => !types.includes(type))
const DESK_TYPES = ALL_TYPES.filter(type => /^(device|role|invite|group)\.|^note$/.test(type))

/** Tables in which others than admins may do much; `desk` and `lead` are equals. */
export const TABLES: readonly Pick<RootTerms, 'roles' | 'ranks'>[] = [
  { roles: DEFAULT_ROLES, ranks: DEFAULT_RANKS },
  {
    roles: new Map([...DEFAULT_ROLES, ['desk', DESK_TYPES], ['lead', DESK_TYPES]]),
    ranks: new Map([...DEFAULT_RANKS, ['desk', 2], ['lead', 2]])
  },
  {
    roles: new Map([
      ['admin', ALL_TYPES],
      ['desk', without('invite.create')],
      ['lead', ALL_TYPES],
      ['publisher', ALL_TYPES],
      ['reader', ALL_TYPES],
      ['device', without('device.suspend')]
    ]),
    ranks: new Map(Object.entries({ admin: 1, desk: 2, lead: 2, publisher: 3, reader: 4, device: 5 }))
  },
  {
    // The base role is not the last one, and admins are not alone in their rank.
    roles: new Map(['admin', 'desk', 'lead', 'publisher', 'reader', 'device'].map(role => [role, ALL_TYPES])),
    ranks: new Map(Object.entries({ admin: 2, desk: 2, lead: 3, publisher: 5, reader: 6, device: 4 }))
  }
]
export const APPROVALS: readonly RootTerms['approvals'][] = [
  new Map(),
  new Map(),
  new Map([
    ['device.suspend', 2],
    ['role.grant', 2],
    ['dataset.retire', 2],
    ['note', 2]
  ])
]

const ACTIONS = {
  enrol: 5,
  suspend: 6,
  revoke: 1,
  update: 2,
  grantRole: 7,
  revokeRole: 4,
  invite: 3,
  redeem: 7,
  forge: 1,
  cancel: 2,
  group: 2,
  join: 3,
  leave: 2,
  grant: 4,
  ungrant: 2,
  publish: 8,
  retire: 3,
  policy: 2,
  origin: 2,
  quarantine: 4,
  release: 2,
  recall: 1,
  approve: 6,
  classPolicy: 3,
  sealing: 2,
  epoch: 3,
  region: 1,
  offer: 3,
  keep: 2,
  copies: 4,
  subjects: 2,
  scan: 3,
  erase: 3,
  confirm: 2,
  hold: 2,
  lift: 2,
  accept: 2,
  withdraw: 2,
  level: 2,
  price: 2,
  note: 3,
  vote: 1,
  flaw: 1,
  root: 2,
  contest: 1
} as const
type Action = keyof typeof ACTIONS

export interface Step {
  readonly actor: number
  readonly action: Action
  /** Whom and what it is about. */
  readonly target: number
  readonly pick: number
  /** Whether the author names what it ought to know of. */
  readonly isInformed: boolean
  readonly deps: readonly number[]
  /** How far the author's clock is off. */
  readonly skewMinutes: number
  /** After how long it ends. */
  readonly lifeMinutes: number | null
  readonly otherIncarnation: boolean
  /** How many operations back in its own feed it continues; above zero forks. */
  readonly back: number
  /** How many roots back it names. */
  readonly rootBack: number
}

export const rarely = <T>(usual: T, weight: number, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other })

export const step: fc.Arbitrary<Step> = fc.record({
  actor: fc.nat({ max: EVERYONE.length - 1 }),
  action: fc.oneof(
    ...Object.entries(ACTIONS).map(([action, weight]) => ({
      weight,
      arbitrary: fc.constant(action as Action)
    }))
  ),
  target: fc.nat({ max: EVERYONE.length - 1 }),
  pick: fc.nat({ max: 23 }),
  isInformed: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.boolean() }),
  deps: fc.array(fc.nat({ max: 60 }), { maxLength: 2 }),
  skewMinutes: rarely(0, 2, fc.integer({ min: -40, max: 40 })),
  lifeMinutes: rarely<number | null>(null, 4, fc.integer({ min: 1, max: 60 })),
  otherIncarnation: rarely(false, 5, fc.boolean()),
  back: rarely(0, 20, fc.nat({ max: 3 })),
  rootBack: rarely(0, 6, fc.nat({ max: 2 }))
})

const FOUNDING: Step = {
  actor: 0,
  action: 'enrol',
  target: 0,
  pick: 0,
  isInformed: true,
  deps: [],
  skewMinutes: 0,
  lifeMinutes: null,
  otherIncarnation: false,
  back: 0,
  rootBack: 0
}
/** Played first, by the rules, so that authority has somewhere to start. */
export const OPENING: readonly Step[] = [
  FOUNDING,
  ...DEVICES.map((_, index) => ({ ...FOUNDING, target: ADMINS.length + index })),
  ...[0, 1, 2].map(index => ({ ...FOUNDING, action: 'grantRole' as const, target: 2 + index, pick: index }))
]
