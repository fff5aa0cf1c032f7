/** The bytes of what is said about devices, invites, groups and roles. */

import { idBytes } from '../../base/ids.ts'
import { DEVICE_KINDS, hash, key, label, timeMs } from '../encoding/names.ts'
import { bytes, integer, nullable, object, oneOf } from '../encoding/shape.ts'
import { SIGNATURE_BYTES } from '../encoding/signature.ts'
import type { DeviceRevoke, DeviceSuspend, GroupAdd, GroupRemove } from './operation-content.ts'
import { GROUP_EPOCH_MAX, INVITE_USES_MAX } from './operation-limits.ts'
import { rule, type TypeRules, type Wire } from './type-rule.ts'
import { cutoffs, deviceId, nothing, operationId, reason, role, writeCutoffs } from './wire-fields.ts'

const enrolBody = object({
  kind: oneOf(DEVICE_KINDS),
  name: hash,
  redeem: nullable(object({ invite: operationId, proof: bytes(SIGNATURE_BYTES) }))
})
const taken = { target: deviceId, body: object({ cutoffs, reason }) }
const place = { target: operationId, body: object({ device: deviceId }) }

function writeTaken({ device, cutoffs: kept, reason: why }: DeviceSuspend | DeviceRevoke): Wire {
  return { target: idBytes(device), body: { cutoffs: writeCutoffs(kept), reason: why } }
}

function writePlace({ group, device }: GroupAdd | GroupRemove): Wire {
  return { target: idBytes(group), body: { device: idBytes(device) } }
}

export const MEMBER_TYPES: TypeRules<
  | 'device.enrol'
  | 'device.update'
  | 'device.suspend'
  | 'device.revoke'
  | 'invite.create'
  | 'invite.cancel'
  | 'group.create'
  | 'group.add'
  | 'group.remove'
  | 'group.epoch'
  | 'role.grant'
  | 'role.revoke'
> = {
  'device.enrol': rule(
    'gives',
    { target: deviceId, body: enrolBody },
    {
      read: (device, { kind, name, redeem }) => ({
        type: 'device.enrol',
        device,
        kind,
        nameCommitment: name,
        redemption: redeem
      }),
      write: ({ device, kind, nameCommitment: name, redemption }) => {
        const redeem =
          redemption === null ? null : { invite: idBytes(redemption.invite), proof: redemption.proof }
        return { target: idBytes(device), body: { kind, name, redeem } }
      }
    }
  ),
  'device.update': rule(
    'gives',
    { target: deviceId, body: object({ kind: oneOf(DEVICE_KINDS), name: hash }) },
    {
      read: (device, { kind, name }) => ({ type: 'device.update', device, kind, nameCommitment: name }),
      write: ({ device, kind, nameCommitment: name }) => ({ target: idBytes(device), body: { kind, name } })
    }
  ),
  'device.suspend': rule('takes', taken, {
    read: (device, body) => ({ type: 'device.suspend', device, ...body }),
    write: writeTaken
  }),
  'device.revoke': rule('takes', taken, {
    read: (device, body) => ({ type: 'device.revoke', device, ...body }),
    write: writeTaken
  }),
  'invite.create': rule(
    'gives',
    { target: key, body: object({ uses: integer(1, INVITE_USES_MAX), expires: timeMs }) },
    {
      read: (inviteKey, { uses, expires }) => ({
        type: 'invite.create',
        inviteKey,
        uses,
        expiresMs: expires
      }),
      write: ({ inviteKey, uses, expiresMs }) => ({ target: inviteKey, body: { uses, expires: expiresMs } })
    }
  ),
  'invite.cancel': rule(
    'takes',
    { target: operationId, body: nothing },
    {
      read: invite => ({ type: 'invite.cancel', invite }),
      write: ({ invite }) => ({ target: idBytes(invite), body: {} })
    }
  ),
  'group.create': rule(
    'gives',
    { target: label, body: nothing },
    {
      read: name => ({ type: 'group.create', name }),
      write: ({ name }) => ({ target: name, body: {} })
    }
  ),
  'group.add': rule('gives', place, {
    read: (group, { device }) => ({ type: 'group.add', group, device }),
    write: writePlace
  }),
  'group.remove': rule('takes', place, {
    read: (group, { device }) => ({ type: 'group.remove', group, device }),
    write: writePlace
  }),
  'group.epoch': rule(
    'gives',
    { target: operationId, body: object({ epoch: integer(1, GROUP_EPOCH_MAX), recipient: key }) },
    {
      read: (group, body) => ({ type: 'group.epoch', group, ...body }),
      write: ({ group, epoch, recipient }) => ({ target: idBytes(group), body: { epoch, recipient } })
    }
  ),
  'role.grant': rule(
    'gives',
    { target: deviceId, body: object({ role }) },
    {
      read: (device, body) => ({ type: 'role.grant', device, ...body }),
      write: ({ device, role: name }) => ({ target: idBytes(device), body: { role: name } })
    }
  ),
  'role.revoke': rule(
    'takes',
    { target: deviceId, body: object({ role, cutoffs }) },
    {
      read: (device, body) => ({ type: 'role.revoke', device, ...body }),
      write: ({ device, role: name, cutoffs: kept }) => ({
        target: idBytes(device),
        body: { role: name, cutoffs: writeCutoffs(kept) }
      })
    }
  )
}
