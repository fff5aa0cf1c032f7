/** Fuzz target of clamd's answers: how they are split changes nothing, and nothing that is read can mislead a reader. */

import { assert } from '../../base/assert.ts'
import { utf8 } from '../../base/bytes.ts'
import { isVisibleLine } from '../../ledger/encoding/names.ts'
import {
  decodeStreamReply,
  decodeVersionReply,
  encodeVersionReply,
  REPLY_BYTES_MAX,
  ReplyDecoder,
  SIGNATURE_CHARACTERS_MAX
} from './clamd-codec.ts'

export const seeds: Uint8Array[] = [
  'stream: OK\0',
  'stream: Win.Test.EICAR_HDB-1 FOUND\0',
  'stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0',
  'INSTREAM size limit exceeded. ERROR\0',
  'stream: lstat() failed: No such file or directory. ERROR\0',
  'ClamAV 1.4.6/27893/Thu Jan  1 00:00:00 2026\0',
  'ClamAV 1.4.6\0',
  'UNKNOWN COMMAND\0'
].map(utf8)

function replyOf(parts: readonly Uint8Array[]): string | undefined {
  const decoder = new ReplyDecoder()
  for (const [index, part] of parts.entries()) {
    const reply = decoder.take(part)
    if (reply === undefined) continue
    return reply.ok && index === parts.length - 1 ? reply.value : undefined
  }
  return undefined
}

export function fuzz(input: Uint8Array): void {
  const text = replyOf([input])
  const single = replyOf(Array.from(input, byte => Uint8Array.of(byte)))
  assert(single === text, 'an answer is the same in parts')
  if (text === undefined) return
  assert(utf8(text).length <= REPLY_BYTES_MAX, 'an answer is bounded')

  const version = decodeVersionReply(text)
  if (version.ok) assert(encodeVersionReply(version.value) === text, 'a version has one form')

  const stream = decodeStreamReply(text)
  if (!stream.ok) return
  assert(!version.ok, 'no answer is of both kinds')
  if (stream.value.kind === 'clean') assert(text === 'stream: OK', 'one answer means clean')
  else if (stream.value.kind === 'infected')
    assert(isVisibleLine(stream.value.signature, SIGNATURE_CHARACTERS_MAX), 'a signature is a visible line')
  else assert(isVisibleLine(stream.value.detail, REPLY_BYTES_MAX), 'a detail is a visible line')
}
