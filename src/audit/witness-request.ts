/**
 * What a log asks a witness that it can not talk to, as a file: the body of C2SP tlog-witness's `add-checkpoint`.
 *
 *     old <size that the witness cosigned last, 0 for none>
 *     <hashes of the consistency proof from there, base64, one a line>
 *
 *     <the checkpoint, a signed note>
 */

import { fromBase64, fromUtf8, toBase64, utf8 } from '../base/bytes.ts'
import { accepted, type Outcome, rejected } from '../ledger/encoding/outcome.ts'
import { HASH_BYTES } from '../ledger/encoding/signature.ts'
import { NOTE_BYTES_MAX } from './signed-note.ts'
import { PROOF_HASHES_MAX, TREE_SIZE_MAX } from './tree.ts'

const OLD = /^old (0|[1-9][0-9]{0,15})$/
export const WITNESS_REQUEST_BYTES_MAX = NOTE_BYTES_MAX + 4096

export interface WitnessRequest {
  readonly oldSize: number
  readonly proof: readonly Uint8Array[]
  readonly note: Uint8Array
}

export function encodeWitnessRequest({ oldSize, proof, note }: WitnessRequest): Uint8Array {
  const text = fromUtf8(note) ?? ''
  return utf8(`old ${oldSize}\n${proof.map(hash => `${toBase64(hash)}\n`).join('')}\n${text}`)
}

export function decodeWitnessRequest(bytes: Uint8Array): Outcome<WitnessRequest, 'malformed'> {
  if (bytes.length > WITNESS_REQUEST_BYTES_MAX)
    return rejected('malformed', `a request of ${bytes.length} bytes, at most ${WITNESS_REQUEST_BYTES_MAX}`)
  const text = fromUtf8(bytes)
  const parting = text?.indexOf('\n\n') ?? -1
  if (text === undefined || parting < 0)
    return rejected('malformed', 'it has no blank line before its checkpoint')
  const [first, ...lines] = text.slice(0, parting).split('\n')
  const [, old] = OLD.exec(first ?? '') ?? []
  if (old === undefined || Number(old) > TREE_SIZE_MAX)
    return rejected('malformed', 'its first line does not say an old size')
  const proof = lines.flatMap(line => fromBase64(line) ?? [])
  const isProof = proof.length === lines.length && proof.length <= PROOF_HASHES_MAX
  if (!isProof || proof.some(hash => hash.length !== HASH_BYTES))
    return rejected('malformed', 'its proof is not one hash a line')
  return accepted({ oldSize: Number(old), proof, note: utf8(text.slice(parting + 2)) })
}
