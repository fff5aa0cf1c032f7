import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { utf8 } from '../../base/bytes.ts'
import { parseVersionId } from '../../base/ids.ts'
import { MemoryStore } from '../../store/memory.ts'
import { SILENT_LOG } from '../log.ts'
import {
  encodeRecord,
  type FollowRecord,
  FollowRecords,
  followedVersion,
  newRecord,
  parseRecord
} from './follow-record.ts'
import type { FollowOptions } from './follow-terms.ts'

const version = parseVersionId('ab'.repeat(32))
assert.ok(version !== undefined)
const own = followedVersion({ version, ordinal: 3 })
const options: FollowOptions = {
  ...{ mode: 'rename', keep: 2, hook: { kind: 'shell', command: 'true' }, hookTimeoutMs: 1000 },
  ...{ onHookFailure: 'rollback', purpose: null }
}
const record: FollowRecord = {
  ...newRecord({ name: 'os/image', destination: '/srv/os', options, nowMs: 5 }),
  current: { ...own, atMs: 6 },
  versions: [own],
  switching: { to: own, reason: 'new', tree: '1.2.3' }
}

/** What homes hold: it changes with the version marker only. */
const GOLDEN =
  '{"v":1,"id":"209b7bea3f99441f","name":"os/image","destination":"/srv/os","sinceAtMs":5,"mode":"rename","keep":2,' +
  '"hook":{"kind":"shell","command":"true"},"hookTimeoutMs":1000,"onHookFailure":"rollback","purpose":null,' +
  `"pinned":null,"current":{"version":"${version}","ordinal":3,"folder":"3-abababababababab","atMs":6},` +
  `"previous":null,"tree":null,"versions":[{"version":"${version}","ordinal":3,"folder":"3-abababababababab"}],` +
  `"switching":{"to":{"version":"${version}","ordinal":3,"folder":"3-abababababababab"},"reason":"new",` +
  '"tree":"1.2.3"},"hookDue":null,"lastHook":null,"failed":[],"notice":null}'

describe('the record of a follow', () => {
  it('is what it was', () => {
    assert.equal(Buffer.from(encodeRecord(record)).toString(), GOLDEN)
    assert.deepEqual(parseRecord(encodeRecord(record)), record)
  })

  it('of another version, damaged, or with a folder that is not that of its version is none', () => {
    assert.equal(parseRecord(utf8(GOLDEN.replace('"v":1', '"v":2'))), undefined)
    assert.equal(parseRecord(utf8(GOLDEN.replace('"folder":"3-abab', '"folder":"../abab'))), undefined)
    assert.equal(parseRecord(utf8(GOLDEN.replace(version, 'zz'))), undefined)
    fc.assert(
      fc.property(fc.nat(GOLDEN.length - 1), length => {
        assert.equal(parseRecord(utf8(GOLDEN.slice(0, length))), undefined)
      })
    )
    fc.assert(fc.property(fc.json(), text => assert.equal(parseRecord(utf8(text)), undefined)))
  })

  it('that can not be read is left alone', () => {
    const { records } = new MemoryStore()
    records.putBlob('follow/later', utf8('{"v":2}'))
    const kept = new FollowRecords(records)
    kept.save(record)
    const told: string[] = []
    const loaded = kept.load({ ...SILENT_LOG, error: (_, message) => told.push(message) })
    assert.deepEqual([loaded, told.length], [[record], 1])
    kept.remove(record.id)
    assert.deepEqual(
      records.listBlobs('follow/').map(({ key }) => key),
      ['follow/later']
    )
  })
})
