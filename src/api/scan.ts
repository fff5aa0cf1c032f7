/** Scanning for malware: the scanner of this device, what it does, and what scans found anywhere. */

import { z } from 'zod'
import {
  byteCount,
  bytesPerSecond,
  count,
  dataClass,
  datasetName,
  deviceName,
  instantMs,
  operationId,
  ordinal,
  problem,
  versionId
} from './field.ts'

const ADDRESS_CHARACTERS_MAX = 300

export const scanSetup = z.strictObject({
  clamd: z.string().min(1).max(ADDRESS_CHARACTERS_MAX),
  bytesPerSecond: bytesPerSecond.nullable().default(null)
})

export const scanReportRequest = z.strictObject({ name: datasetName })

const verdict = z.enum(['clean', 'infected', 'unscanned'])
const reference = { name: z.string(), version: versionId, ordinal, bytes: byteCount }
const findings = z.array(z.object({ path: z.string(), signature: z.string() })).readonly()

export const runningScan = z.object({
  ...reference,
  phase: z.enum(['fetching', 'scanning']),
  round: count,
  filesDone: count,
  filesTotal: count,
  bytesDone: byteCount
})

const ownScan = z.object({
  name: z.string(),
  version: versionId,
  engine: z.string().nullable(),
  database: z.string().nullable(),
  verdict,
  found: z.string().nullable(),
  findings,
  detail: z.string().nullable(),
  atMs: instantMs,
  retryAtMs: instantMs.nullable()
})

export const scanResult = ownScan.extend({ ordinal, told: z.boolean() })

const scanner = z.object({
  clamd: z.string(),
  local: z.boolean(),
  bytesPerSecond,
  engine: z.string().nullable(),
  database: z.string().nullable(),
  databaseMadeAtMs: instantMs.nullable(),
  checkedAtMs: instantMs.nullable()
})
const queuedScan = z.object({ ...reference, held: z.boolean(), why: z.enum(['new', 'again', 'retry']) })
const waitingVersion = z.object({
  ...reference,
  dataClass,
  publisher: deviceName,
  publishedAtMs: instantMs
})
export const scanStatus = z.object({
  scanner: scanner.nullable(),
  authorised: z.boolean(),
  running: z.array(runningScan).readonly(),
  queue: z.array(queuedScan).readonly(),
  queueCount: count,
  last: z.array(ownScan).readonly(),
  waiting: z.array(waitingVersion).readonly(),
  waitingCount: count,
  problems: z.array(problem).readonly()
})

const saidScan = z.object({
  operation: operationId,
  by: deviceName,
  engine: z.string(),
  database: z.string(),
  verdict,
  found: z.string().nullable(),
  atMs: instantMs
})
const described = z.object({
  version: versionId,
  ordinal,
  words: z.array(saidScan).readonly(),
  quarantined: z.boolean(),
  held: z.boolean(),
  findings
})
const foundMalware = described.extend({ name: z.string() })
export const malwareList = z.object({ found: z.array(foundMalware).readonly() })

const holder = z.object({
  device: deviceName,
  known: z.enum(['here', 'connected', 'audit', 'publisher']),
  sinceAtMs: instantMs.nullable()
})
const reader = z.object({ device: deviceName, firstAtMs: instantMs, lastAtMs: instantMs, bytes: byteCount })
const scannedVersion = described.extend({
  own: ownScan.nullable(),
  holders: z.array(holder).readonly(),
  readers: z.array(reader).readonly()
})
export const scanReport = z.object({
  name: z.string(),
  versions: z.array(scannedVersion).readonly(),
  unheard: z.array(deviceName).readonly()
})

export type ScanStatus = z.output<typeof scanStatus>
export type RunningScan = z.output<typeof runningScan>
export type OwnScan = z.output<typeof ownScan>
export type ScanResult = z.output<typeof scanResult>
export type FoundMalware = z.output<typeof foundMalware>
export type ScannedVersion = z.output<typeof scannedVersion>
export type ScanReport = z.output<typeof scanReport>
export type SaidScan = z.output<typeof saidScan>
