/** Fuzz target of the records of scanning: what is read has its limits, and is written as it was read. */

import { assert } from '../../base/assert.ts'
import { equalBytes, utf8 } from '../../base/bytes.ts'
import { decodeNote, decodeSettings, encodeNote, encodeSettings, NOTED_FINDINGS_MAX } from './scan-record.ts'

export const seeds: Uint8Array[] = [
  '{"v":1,"clamd":"unix:/run/clamav/clamd.ctl","bytesPerSecond":5000}',
  '{"v":1,"clamd":"tcp:[::1]:3310","bytesPerSecond":64000000}',
  `{"v":1,"version":"${'ab'.repeat(32)}","name":"os-image","engine":"ClamAV 1.4.6","database":"daily 7",` +
    '"verdict":"infected","found":"Evil in 1 file","findings":[{"path":"a/b","signature":"Evil"}],"detail":null,' +
    '"atMs":1800000000000,"failures":0,"retryAtMs":null}',
  `{"v":1,"version":"${'cd'.repeat(32)}","name":"a/b","engine":null,"database":null,"verdict":"unscanned",` +
    '"found":null,"findings":[],"detail":"no room","atMs":1,"failures":3,"retryAtMs":5}'
].map(utf8)

export function fuzz(input: Uint8Array): void {
  const note = decodeNote(input)
  if (note !== undefined) {
    assert(note.findings.length <= NOTED_FINDINGS_MAX, 'findings are bounded')
    const again = encodeNote(note)
    const read = decodeNote(again)
    assert(read !== undefined && equalBytes(encodeNote(read), again), 'a note is read as it was written')
  }
  const settings = decodeSettings(input)
  if (settings === undefined) return
  const again = encodeSettings(settings)
  const read = decodeSettings(again)
  assert(
    read !== undefined && equalBytes(encodeSettings(read), again),
    'settings are read as they were written'
  )
}
