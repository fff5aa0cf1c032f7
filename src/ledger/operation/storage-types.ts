/** The bytes of what is said about storage: the rules of classes, and what sites and devices have to offer. */

import { idBytes, versionIdFromBytes } from '../../base/ids.ts'
import type { CborValue } from '../encoding/cbor.ts'
import { DATASET_CLASSES, hash, key, label } from '../encoding/names.ts'
import {
  converted,
  flag,
  integer,
  isAscending,
  list,
  nullable,
  object,
  oneOf,
  type Shape,
  tuple,
  where
} from '../encoding/shape.ts'
import { CLASS_HOLDERS, type CopyOf } from './operation-content.ts'
import { COPIES_MAX, COPIES_TOLD_MAX, SHARES_MAX } from './operation-limits.ts'
import { rule, type TypeRules } from './type-rule.ts'
import { deviceId, durationMs, reason } from './wire-fields.ts'

const classBody = object({
  sealed: flag,
  holders: oneOf(CLASS_HOLDERS),
  staleness: durationMs,
  leaves: flag,
  scan: flag,
  copies: integer(1, COPIES_MAX),
  sites: integer(1, COPIES_MAX),
  retention: durationMs
})

const copies: Shape<readonly CopyOf[]> = converted(
  where(
    list(tuple(hash, nullable(integer(0, SHARES_MAX - 1))), COPIES_TOLD_MAX),
    entries => entries.length > 0 && isAscending(entries.map(([version]) => version)),
    'one or more, in the order of their versions, each once'
  ),
  entries => entries.map(([version, share]) => ({ version: versionIdFromBytes(version), share }))
)

function writeCopies(of: readonly CopyOf[]): CborValue {
  return of
    .toSorted((a, b) => (a.version < b.version ? -1 : 1))
    .map(({ version, share }) => [idBytes(version), share])
}

export const STORAGE_TYPES: TypeRules<
  | 'class.policy'
  | 'copy.dispute'
  | 'copy.renew'
  | 'copy.state'
  | 'device.sealing'
  | 'device.storage'
  | 'site.region'
> = {
  'class.policy': rule(
    'gives',
    { target: oneOf(DATASET_CLASSES), body: classBody },
    {
      read: (dataClass, { staleness, retention, ...body }) => ({
        type: 'class.policy',
        class: dataClass,
        ...body,
        stalenessMs: staleness,
        retentionMs: retention
      }),
      write: ({ type: _, class: dataClass, stalenessMs, retentionMs, ...body }) => ({
        target: dataClass,
        body: { ...body, staleness: stalenessMs, retention: retentionMs }
      })
    }
  ),
  'device.sealing': rule(
    'gives',
    { target: deviceId, body: object({ recipient: key }) },
    {
      read: (device, { recipient }) => ({ type: 'device.sealing', device, recipient }),
      write: ({ device, recipient }) => ({ target: idBytes(device), body: { recipient } })
    }
  ),
  'device.storage': rule(
    'gives',
    { target: deviceId, body: object({ site: label, capacity: integer(0) }) },
    {
      read: (device, { site, capacity }) => ({
        type: 'device.storage',
        device,
        site,
        capacityBytes: capacity
      }),
      write: ({ device, site, capacityBytes }) => ({
        target: idBytes(device),
        body: { site, capacity: capacityBytes }
      })
    }
  ),
  'copy.state': rule(
    'gives',
    { target: deviceId, body: object({ until: nullable(integer(0)), copies }) },
    {
      read: (device, { until, ...body }) => ({ type: 'copy.state', device, untilMs: until, ...body }),
      write: ({ device, untilMs, copies: of }) => ({
        target: idBytes(device),
        body: { until: untilMs, copies: writeCopies(of) }
      })
    }
  ),
  'copy.renew': rule(
    'gives',
    { target: deviceId, body: object({ until: integer(0) }) },
    {
      read: (device, { until }) => ({ type: 'copy.renew', device, untilMs: until }),
      write: ({ device, untilMs }) => ({ target: idBytes(device), body: { until: untilMs } })
    }
  ),
  'copy.dispute': rule(
    'takes',
    { target: deviceId, body: object({ copies, reason }) },
    {
      read: (device, body) => ({ type: 'copy.dispute', device, ...body }),
      write: ({ device, copies: of, reason: why }) => ({
        target: idBytes(device),
        body: { copies: writeCopies(of), reason: why }
      })
    }
  ),
  'site.region': rule(
    'gives',
    { target: label, body: object({ region: label }) },
    {
      read: (site, { region }) => ({ type: 'site.region', site, region }),
      write: ({ site, region }) => ({ target: site, body: { region } })
    }
  )
}
