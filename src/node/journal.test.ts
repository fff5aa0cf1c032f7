import assert from 'node:assert/strict'
import { closeSync, fstatSync, openSync } from 'node:fs'
import { devNull } from 'node:os'
import { describe, it } from 'node:test'
import { isJournal } from './journal.ts'
import { openLog } from './open-log.ts'

describe('the journal', () => {
  it('is where the descriptor leads to that systemd named, and nowhere else', () => {
    const descriptor = openSync(devNull, 'r')
    const { dev, ino } = fstatSync(descriptor, { bigint: true })
    assert.equal(isJournal(`${dev}:${ino}`, descriptor), true)
    assert.equal(isJournal(`${dev}:${ino + 1n}`, descriptor), false)
    assert.equal(isJournal(undefined, descriptor), false)
    closeSync(descriptor)
    assert.equal(isJournal(`${dev}:${ino}`, descriptor), false)
  })

  it('gets the priority of each line before it', () => {
    for (const format of ['json', 'text'] as const) {
      const lines: string[] = []
      const log = openLog({ level: 'trace', format, isJournal: true, write: text => lines.push(text) })
      log.fatal('a')
      log.error('b')
      log.warn('c')
      log.info('d')
      log.debug('e')
      log.trace('f')
      assert.equal(lines.map(line => line.slice(0, 3)).join(''), '<2><3><4><6><7><7>')
      if (format === 'json') assert.equal(JSON.parse(lines[1]?.slice(3) ?? '').msg, 'b')
    }
  })
})
