import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readableLogLine } from './log-line.ts'

const lineOf = (fields: object) => `${JSON.stringify({ level: 40, time: 0, ...fields })}\n`

test('a line has its time, level, message and data', () => {
  const line = lineOf({ msg: 'a ticket was refused', device: 'ab', count: 2, details: { of: 'x' } })
  assert.equal(
    readableLogLine(line).trimEnd(),
    '1970-01-01T00:00:00.000Z warn  a ticket was refused device=ab count=2 details={"of":"x"}'
  )
})

test('what a peer said is one line that steers no terminal', () => {
  const said = 'x\n1970-01-01T00:00:00.000Z info  all is well\r\u001b[2J\u202egnitset\u2028\u0085\u200b'
  const [text, rest] = [readableLogLine(lineOf({ msg: said, reason: said })), /[\p{C}\u2028\u2029]/u]
  assert.doesNotMatch(text, rest)
  assert.ok(text.includes('all is well'))
})
