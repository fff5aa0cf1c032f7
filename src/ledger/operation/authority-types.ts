/** The bytes of approvals, notes, and of what leads to a next root. */

import { idBytes } from '../../base/ids.ts'
import { hash } from '../encoding/names.ts'
import { bytes, bytesUpTo, nullable, object } from '../encoding/shape.ts'
import { SIGNATURE_BYTES } from '../encoding/signature.ts'
import { NOTE_CHARACTERS_MAX, PROPOSED_ROOT_BYTES_MAX } from './operation-limits.ts'
import { rule, type TypeRules } from './type-rule.ts'
import { deviceId, line, nothing, operationId } from './wire-fields.ts'

export const AUTHORITY_TYPES: TypeRules<'approve' | 'note' | 'root.propose' | 'root.vote'> = {
  approve: rule(
    'gives',
    { target: operationId, body: nothing },
    {
      read: operation => ({ type: 'approve', operation }),
      write: ({ operation }) => ({ target: idBytes(operation), body: {} })
    }
  ),
  note: rule(
    'gives',
    { target: nullable(operationId), body: object({ text: line(NOTE_CHARACTERS_MAX) }) },
    {
      read: (about, { text }) => ({ type: 'note', about, text }),
      write: ({ about, text }) => ({ target: about === null ? null : idBytes(about), body: { text } })
    }
  ),
  'root.propose': rule(
    'gives',
    { target: hash, body: object({ bytes: bytesUpTo(PROPOSED_ROOT_BYTES_MAX) }) },
    {
      read: (proposed, body) => ({ type: 'root.propose', hash: proposed, bytes: body.bytes }),
      write: content => ({ target: content.hash, body: { bytes: content.bytes } })
    }
  ),
  'root.vote': rule(
    'gives',
    { target: hash, body: object({ key: deviceId, sig: bytes(SIGNATURE_BYTES) }) },
    {
      read: (proposed, { key, sig }) => ({ type: 'root.vote', hash: proposed, key, signature: sig }),
      write: ({ hash: proposed, key, signature }) => ({
        target: proposed,
        body: { key: idBytes(key), sig: signature }
      })
    }
  )
}
