/**
 * The fields that several resources share. Conventions of the admin API: sizes in bytes, instants in
 * milliseconds since the Unix epoch (`…AtMs`), durations in milliseconds (`…Ms`), rates in bytes per second,
 * ids in lower-case hex; what is not known is null, never left out.
 */

import { z } from 'zod'
import { parseDeviceId, parseOperationId, parseOrgId, parseVersionId } from '../base/ids.ts'
import { INSTANT_MS_MAX } from '../base/units.ts'

export const DATASET_NAME_CHARACTERS_MAX = 128
export const PATH_CHARACTERS_MAX = 4096

/** A value that a description of the API can show. */
export function shown<S extends z.ZodType>(schema: S, example: z.input<S>): S {
  return schema.meta({ examples: [example] })
}

function id<T extends string>(parse: (text: string) => T | undefined, what: string, digit: string) {
  const text = shown(z.string(), digit.repeat(ID_DIGITS))
  return text.transform((hex, context): T => {
    const parsed = parse(hex)
    if (parsed !== undefined) return parsed
    context.addIssue({ code: 'custom', message: `${what} is 64 lower-case hex digits` })
    return z.NEVER
  })
}

const ID_DIGITS = 64
export const deviceId = id(parseDeviceId, 'a device id', 'd')
export const orgId = id(parseOrgId, 'an organisation id', 'a')
export const versionId = id(parseVersionId, 'a version id', '7')
export const operationId = id(parseOperationId, 'an operation id', 'e')

export const byteCount = shown(z.int().nonnegative(), 1_048_576)
export const count = shown(z.int().nonnegative(), 3)
export const ordinal = shown(z.int().positive(), 3)
export const instantMs = shown(z.int().nonnegative(), 1_800_000_000_000)
/** In a request: one that a calendar has. */
export const givenInstantMs = shown(z.int().nonnegative().max(INSTANT_MS_MAX), 1_800_000_000_000)
/** The same in a query, whose values arrive as text. */
export const instantInQuery = z.coerce.number().pipe(givenInstantMs)
export const durationMs = shown(z.number().nonnegative(), 1500)
export const bytesPerSecond = shown(z.number().nonnegative(), 104_857_600)

/** The characters of a name are the ledger's to judge; here only what would make the request ambiguous. */
const ORIGIN_CHARACTERS_MAX = 2048
/** What can be one is the node's to say. */
export const originUrl = shown(
  z.string().min(1).max(ORIGIN_CHARACTERS_MAX),
  'https://mirror.example/os/image'
)
export const datasetName = shown(
  z
    .string()
    .min(1)
    .max(DATASET_NAME_CHARACTERS_MAX)
    .regex(/^[^@\s]+$/, 'a dataset name has no @ and no white space'),
  'os-image'
)

/** An ordinal, or the first digits of a version id. */
export const versionSelector = shown(
  z
    .string()
    .regex(
      /^(?:[1-9][0-9]{0,6}|[0-9a-f]{8,64})$/,
      'a version is its number, or at least eight hex digits of its id'
    ),
  '3'
)

const LABEL_CHARACTERS_MAX = 128
const ABSOLUTE_PATH = /^(?:\/|[A-Za-z]:[\\/]|\\\\)/

/** The node's working folder means nothing to a caller, so paths arrive absolute. */
export const absolutePath = shown(
  z
    .string()
    .max(PATH_CHARACTERS_MAX)
    .regex(ABSOLUTE_PATH, 'a path is absolute')
    .refine(path => !path.includes('\0'), 'a path has no NUL'),
  '/srv/images/os'
)

/** A line that names something: which lines do is the node's to say. */
export const label = z.string().min(1).max(LABEL_CHARACTERS_MAX)

export const dataClass = z.enum(['public', 'internal', 'confidential', 'restricted'])
export const deviceKind = z.enum(['server', 'desktop', 'laptop'])

export const deviceName = z.object({
  device: deviceId,
  name: z.string().nullable(),
  site: z.string().nullable()
})

export const filesAndBytes = z.object({ files: count, bytes: byteCount })

export const problem = z.object({ code: z.string(), message: z.string(), path: z.string().nullable() })

/** The device of the node that is asked. */
export const ownDevice = z.object({
  id: deviceId,
  name: z.string(),
  site: z.string(),
  kind: deviceKind,
  admin: z.boolean()
})

export const organisation = z.object({ id: orgId, name: z.string() })

export type DataClass = z.output<typeof dataClass>
export type DeviceKind = z.output<typeof deviceKind>
export type DeviceName = z.output<typeof deviceName>
export type Problem = z.output<typeof problem>
