import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseTarget, targetText } from './sink-target.ts'

test('targets are those that are documented, and as text the same again', () => {
  const targets = {
    'https://siem.example/events?index=main': 'https://siem.example/events?index=main',
    'http://127.0.0.1:8088/x': 'http://127.0.0.1:8088/x',
    'syslog+tls://log.example': 'syslog+tls://log.example:6514',
    'syslog+tls://[fd00::1]:7000': 'syslog+tls://[fd00::1]:7000',
    'file:/var/log/e.jsonl': 'file:/var/log/e.jsonl',
    'file:///var/log/../e.jsonl': 'file:/var/e.jsonl'
  }
  for (const [text, shown] of Object.entries(targets)) {
    assert.equal(targetText(parseTarget(text)), shown)
    assert.deepEqual(parseTarget(shown), parseTarget(text))
  }
})

test('what would leave the machine in the clear, or is no target, is refused, and a password is not repeated', () => {
  for (const text of [
    'http://siem.example/',
    'syslog://log.example',
    'syslog+tls://h/path',
    'ftp://h',
    'events'
  ])
    assert.throws(() => parseTarget(text), { code: 'USAGE' }, text)
  for (const text of ['file:events', 'file:/', 'file:/a/', 'file:/a\0b'])
    assert.throws(() => parseTarget(text), { code: 'USAGE' }, text)
  assert.throws(
    () => parseTarget('https://u:hunter2@siem.example/'),
    (error: Error) => /--token-file/.test(error.message) && !/hunter2/.test(error.message)
  )
})
