/** The bytes of what is said against the content of versions: held back, scanned, erased, held for the record. */

import { idBytes } from '../../base/ids.ts'
import { LABEL_CHARACTERS_MAX, label } from '../encoding/names.ts'
import { flag, integer, nullable, object, oneOf } from '../encoding/shape.ts'
import { ERASE_OUTCOMES, SCAN_VERDICTS } from './operation-content.ts'
import { rule, type TypeRules } from './type-rule.ts'
import { datasetName, hexOf, line, nothing, operationId, reason, versionId, writeHex } from './wire-fields.ts'

const CASE_BYTES = 16
const SUBJECT_BYTES = 32

const scanBody = object({
  engine: line(LABEL_CHARACTERS_MAX),
  database: line(LABEL_CHARACTERS_MAX),
  verdict: oneOf(SCAN_VERDICTS),
  found: reason
})
const eraseBody = object({
  case: hexOf(CASE_BYTES),
  reason,
  basis: label,
  subject: nullable(hexOf(SUBJECT_BYTES))
})
const heldBack = { target: versionId, body: object({ reason }) }

export const CONTENT_TYPES: TypeRules<
  | 'content.quarantine'
  | 'content.release'
  | 'content.recall'
  | 'content.scan'
  | 'content.erase'
  | 'erase.confirm'
  | 'hold.place'
  | 'hold.lift'
> = {
  'content.quarantine': rule('takes', heldBack, {
    read: (version, body) => ({ type: 'content.quarantine', version, ...body }),
    write: ({ version, reason: why }) => ({ target: idBytes(version), body: { reason: why } })
  }),
  'content.release': rule(
    'gives',
    { target: versionId, body: nothing },
    {
      read: version => ({ type: 'content.release', version }),
      write: ({ version }) => ({ target: idBytes(version), body: {} })
    }
  ),
  'content.recall': rule('takes', heldBack, {
    read: (version, body) => ({ type: 'content.recall', version, ...body }),
    write: ({ version, reason: why }) => ({ target: idBytes(version), body: { reason: why } })
  }),
  'content.scan': rule(
    'gives',
    { target: versionId, body: scanBody },
    {
      // A scanner that signs two histories must not thereby free what it found.
      takesBy: ({ verdict }) => verdict === 'infected',
      read: (version, body) => ({ type: 'content.scan', version, ...body }),
      write: ({ version, engine, database, verdict, found }) => ({
        target: idBytes(version),
        body: { engine, database, verdict, found }
      })
    }
  ),
  'content.erase': rule(
    'takes',
    { target: versionId, body: eraseBody },
    {
      read: (version, body) => ({ type: 'content.erase', version, ...body }),
      write: ({ version, case: of, reason: why, basis, subject }) => ({
        target: idBytes(version),
        body: {
          ...{ case: writeHex(of), reason: why, basis },
          subject: subject === null ? null : writeHex(subject)
        }
      })
    }
  ),
  'erase.confirm': rule(
    'gives',
    { target: operationId, body: object({ outcome: oneOf(ERASE_OUTCOMES), bytes: integer(0), keys: flag }) },
    {
      read: (erase, body) => ({ type: 'erase.confirm', erase, ...body }),
      write: ({ erase, outcome, bytes, keys }) => ({
        target: idBytes(erase),
        body: { outcome, bytes, keys }
      })
    }
  ),
  'hold.place': rule(
    'takes',
    { target: datasetName, body: object({ reason }) },
    {
      read: (name, body) => ({ type: 'hold.place', name, ...body }),
      write: ({ name, reason: why }) => ({ target: name, body: { reason: why } })
    }
  ),
  'hold.lift': rule(
    'gives',
    { target: operationId, body: nothing },
    {
      read: hold => ({ type: 'hold.lift', hold }),
      write: ({ hold }) => ({ target: idBytes(hold), body: {} })
    }
  )
}
