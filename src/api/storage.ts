/** Storage: copies and where they are, rules of storage, room, and what a loss would do. */

import { z } from 'zod'
import { boost, demand } from './boost.ts'
import {
  byteCount,
  count,
  datasetName,
  deviceKind,
  deviceName,
  instantMs,
  label,
  ordinal,
  shown,
  versionId
} from './field.ts'
import { scrubReport } from './scrub.ts'

const POLICY_CHARACTERS_MAX = 1024
const LOSSES_MAX = 64

export const capacityRequest = z.strictObject({
  capacityBytes: byteCount,
  /** Of the disk; null leaves it as it is. */
  keepFreeShare: shown(z.number().min(0).lt(1), 0.1).nullable().default(null)
})
export const storagePolicyRequest = z.strictObject({
  name: datasetName,
  policy: z.string().min(1).max(POLICY_CHARACTERS_MAX)
})
export const policyCheckRequest = storagePolicyRequest.omit({ name: true })
/** In its one written form. */
export const policyCheck = z.object({ policy: z.string() })
export const regionRequest = z.strictObject({ site: label, region: label })
export const whatIfRequest = z.strictObject({
  lose: z.array(z.string().min(1).max(POLICY_CHARACTERS_MAX)).min(1).max(LOSSES_MAX)
})

const room = {
  offeredBytes: byteCount,
  keptFreeBytes: byteCount,
  owedBytes: byteCount,
  usedBytes: byteCount,
  freeBytes: byteCount
}

export const ownRoom = z.object({
  capacityBytes: byteCount,
  keepFreeShare: z.number(),
  toldBytes: byteCount,
  keptBytes: byteCount,
  /** In passing: goes when its room is needed. */
  passingBytes: byteCount,
  diskFreeBytes: byteCount,
  diskTotalBytes: byteCount
})

/** Present is who is linked with this device, or stated lately where it is: then it may have gone since. */
const contact = { isLinked: z.boolean(), heardAtMs: instantMs.nullable() }

const site = z.object({ site: z.string(), region: z.string().nullable(), devices: count, ...room })
const device = deviceName.extend({
  kind: deviceKind,
  state: z.enum(['present', 'away', 'gone']),
  ...contact,
  ...room
})

export const storageReport = z.object({
  own: ownRoom,
  sites: z.array(site).readonly(),
  devices: z.array(device).readonly(),
  versions: count,
  unsafe: z.array(z.object({ name: datasetName, ordinal, version: versionId, says: z.string() })).readonly(),
  unsafeCount: count,
  unplacedBytes: byteCount,
  problems: z.array(z.object({ version: versionId, problem: z.string() })).readonly(),
  scrub: scrubReport
})

const copy = deviceName.extend({
  kind: deviceKind,
  region: z.string().nullable(),
  share: count.nullable(),
  state: z.enum(['kept', 'surplus', 'owed', 'away', 'doubtful']),
  isPresent: z.boolean(),
  ...contact,
  saidAtMs: instantMs.nullable(),
  untilMs: instantMs.nullable()
})

const shortfall = z.object({ part: z.enum(['sites', 'copies', 'shares']), wanted: count, got: count })

export const versionStorage = z.object({
  name: datasetName,
  version: versionId,
  ordinal,
  bytes: byteCount,
  policy: z.string().nullable(),
  isSafe: z.boolean(),
  says: z.string(),
  copies: count,
  sites: count,
  survives: z.object({ sites: count, devices: count }).nullable(),
  missing: z.array(shortfall).readonly(),
  devices: z.array(copy).readonly(),
  /** Null while no device that this one hears of wants it. */
  demand: demand.pick({ wanted: true, steady: true, lacking: true, hasOrigin: true }).nullable(),
  /** What the device that is asked has of it in passing. */
  passing: boost.pick({ haveBytes: true, sinceAtMs: true, wantedAtMs: true, endsAtMs: true }).nullable()
})

const outlook = z.object({
  policy: z.string().nullable(),
  safeVersions: count,
  survives: z.object({ sites: count, devices: count }).nullable(),
  says: z.string()
})
export const policyPreview = z.object({
  name: datasetName,
  policy: z.string(),
  versions: count,
  before: outlook,
  after: outlook,
  devices: z.array(deviceName.extend({ stays: count, comes: count, goes: count })).readonly(),
  comingBytes: byteCount,
  unmet: z.array(shortfall.extend({ because: z.enum(['no-room', 'no-device']) })).readonly()
})

const consequence = z.object({
  dataset: datasetName,
  versions: count,
  touched: count,
  belowPolicy: count,
  belowPolicyBefore: count,
  unreadable: count,
  unreadableBefore: count
})
export const whatIfReport = z.object({
  lost: z.array(deviceName).readonly(),
  datasets: z.array(consequence).readonly()
})

export type OwnRoom = z.output<typeof ownRoom>
export type StorageReport = z.output<typeof storageReport>
export type StorageSite = z.output<typeof site>
export type StorageDevice = z.output<typeof device>
export type VersionStorage = z.output<typeof versionStorage>
export type PolicyPreview = z.output<typeof policyPreview>
export type Copy = z.output<typeof copy>
export type Consequence = z.output<typeof consequence>
