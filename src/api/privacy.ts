/** What the org notes of itself and its data, and the registers of privacy that follow from that and the ledger. */

import { z } from 'zod'
import { auditMissing } from './audit.ts'
import {
  byteCount,
  count,
  dataClass,
  datasetName,
  deviceName,
  instantMs,
  ordinal,
  organisation,
  shown,
  versionId
} from './field.ts'

export const NOTE_CHARACTERS_MAX = 500
const PLACE_CHARACTERS_MAX = 160

export const controllerField = z.enum([
  'controller',
  'contact',
  'joint-controllers',
  'representative',
  'dpo',
  'authority'
])
export const transferBasis = z.enum(['adequacy', 'clauses', 'rules', 'derogation', 'other'])
const line = z.string().min(1).max(NOTE_CHARACTERS_MAX)
const noted = z.string().nullable()
const country = shown(z.string().min(2).max(2), 'DE')

/** A null value takes away what was noted. */
export const privacyNoteRequest = z.strictObject({
  field: z.enum([...controllerField.options, 'territory']),
  value: line.nullable()
})
/** All null takes the note away. */
export const placeRequest = z.strictObject({
  place: shown(z.string().min(1).max(PLACE_CHARACTERS_MAX), 'site:paris'),
  country: country.nullable().default(null),
  basis: transferBasis.nullable().default(null),
  reference: line.nullable().default(null)
})
/** What is left out stays as it is; null takes it away. */
export const describeRequest = z.strictObject({
  name: datasetName,
  purpose: line.nullable().optional(),
  legalBasis: line.nullable().optional(),
  persons: line.nullable().optional(),
  data: line.nullable().optional(),
  personal: z.boolean().nullable().optional()
})

const controller = z.object({
  controller: noted,
  contact: noted,
  'joint-controllers': noted,
  representative: noted,
  dpo: noted,
  authority: noted
})
const placeNote = z.object({
  place: z.string(),
  country: noted,
  basis: transferBasis.nullable(),
  reference: noted,
  sinceAtMs: instantMs
})
const datasetNote = z.object({
  name: datasetName,
  ...{ purpose: noted, legalBasis: noted, persons: noted, data: noted },
  personal: z.boolean().nullable()
})
export const privacyNotes = z.object({
  controller,
  territory: z.string(),
  places: z.array(placeNote).readonly(),
  datasets: z.array(datasetNote).readonly()
})

export const placeFields = {
  site: noted,
  region: noted,
  country: noted,
  inside: z.boolean().nullable(),
  basis: transferBasis.nullable(),
  reference: noted
}
const placeCount = z.object({ ...placeFields, devices: count })
const lines = z.array(z.string()).readonly()
const activity = z.object({
  name: datasetName,
  versions: count,
  bytes: byteCount,
  firstAtMs: instantMs,
  lastAtMs: instantMs,
  owner: deviceName.nullable(),
  classes: z.array(dataClass).readonly(),
  labels: lines,
  sealed: z.enum(['all', 'some', 'none']),
  purposes: z.array(z.object({ purpose: z.string(), from: z.enum(['grant', 'note']) })).readonly(),
  ...{ legalBasis: noted, persons: noted, data: noted },
  personal: z.boolean().nullable(),
  personsKnown: count,
  pseudonyms: count,
  access: z.enum(['members', 'granted']),
  recipients: z.object({
    count,
    devices: z.array(deviceName).readonly(),
    groups: z.array(z.object({ name: z.string(), devices: count })).readonly(),
    places: z.array(placeCount).readonly()
  }),
  keepers: z.object({ count, places: z.array(placeCount).readonly() }),
  origins: lines,
  retention: z.array(z.object({ dataClass, keptMs: count.nullable() })).readonly(),
  holds: count,
  toFillIn: lines
})
const measure = z.object({
  title: z.string(),
  article: z.string(),
  state: z.enum(['in-force', 'in-part', 'off', 'unknown']),
  detail: z.string()
})
/** What heads each register: of whom it is, who made it, and when. */
export const registerHead = {
  org: organisation,
  device: deviceName,
  software: z.string(),
  atMs: instantMs,
  controller,
  territory: z.string()
}
export const processingRecord = z.object({
  ...registerHead,
  activities: z.array(activity).readonly(),
  without: lines,
  measures: z.array(measure).readonly(),
  toFillIn: lines,
  limits: lines
})

const transferEntry = z.object({
  ...{ name: datasetName, version: versionId, ordinal, dataClass, sealed: z.boolean() },
  kind: z.enum(['published', 'kept', 'held', 'may-read', 'was-read']),
  place: z.object(placeFields),
  count,
  devices: z.array(deviceName).readonly(),
  sinceAtMs: instantMs,
  lastAtMs: instantMs.nullable(),
  basisAtMs: instantMs.nullable()
})
const transferRule = z.object({
  name: datasetName,
  regions: lines,
  closedSites: lines,
  access: z.enum(['members', 'granted']),
  ...{ outsideMay: count, outsideMayNot: count },
  strays: z.array(deviceName).readonly()
})
export const transferRegister = z.object({
  ...registerHead,
  transfers: z.array(transferEntry).readonly(),
  unplaced: z.array(transferEntry).readonly(),
  rules: z.array(transferRule).readonly(),
  origins: z.array(z.object({ name: datasetName, host: z.string() })).readonly(),
  toFillIn: lines,
  missing: z.array(auditMissing).readonly(),
  limits: lines
})

export type TransferRegister = z.output<typeof transferRegister>
export type TransferEntry = z.output<typeof transferEntry>
export type PrivacyNotes = z.output<typeof privacyNotes>
export type ProcessingRecord = z.output<typeof processingRecord>
export type ProcessingActivity = z.output<typeof activity>
export type PlaceCount = z.output<typeof placeCount>
export type TransferBasis = z.output<typeof transferBasis>
