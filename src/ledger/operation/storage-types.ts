/** The bytes of what is said about storage: the rules of classes, and what sites and devices have to offer. */

import { idBytes } from '../../base/ids.ts'
import { DATASET_CLASSES, key, label } from '../encoding/names.ts'
import { flag, integer, object, oneOf } from '../encoding/shape.ts'
import { CLASS_HOLDERS } from './operation-content.ts'
import { COPIES_MAX } from './operation-limits.ts'
import { rule, type TypeRules } from './type-rule.ts'
import { deviceId, durationMs } from './wire-fields.ts'

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

export const STORAGE_TYPES: TypeRules<'class.policy' | 'device.sealing' | 'device.storage' | 'site.region'> =
  {
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
    'site.region': rule(
      'gives',
      { target: label, body: object({ region: label }) },
      {
        read: (site, { region }) => ({ type: 'site.region', site, region }),
        write: ({ site, region }) => ({ target: site, body: { region } })
      }
    )
  }
