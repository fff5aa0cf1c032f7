import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8, utf8 } from '../../base/bytes.ts'
import { parseVersionId } from '../../base/ids.ts'
import { decodeRecord, encodeRecord, type TransferRecord } from './transfer-record.ts'

const VERSION = parseVersionId('ab'.repeat(32)) ?? assert.fail('a version id')
const OLD =
  `{"v":1,"name":"os-image","version":"${VERSION}","ordinal":3,"files":2,"totalBytes":1000,` +
  '"destination":"/srv/os-image","purpose":"CHG-7","id":"5f2c0a9be4d17c36","state":"fetching",' +
  '"startedAtMs":1800000000000,"finishedAtMs":null,"problem":null}'
const RECORD: TransferRecord = {
  ...{ name: 'os-image', version: VERSION, ordinal: 3, files: 2, totalBytes: 1000 },
  ...{
    destination: '/srv/os-image',
    purpose: 'CHG-7',
    priority: 'high',
    deadlineAtMs: 5,
    only: [['*.img', '!old/'], ['a']]
  },
  ...{ id: '5f2c0a9be4d17c36', state: 'paused', startedAtMs: 1_800_000_000_000, finishedAtMs: null },
  ...{ problem: null, selected: { files: 1, bytes: 700 }, isOpened: true }
}
const GOLDEN =
  `{"v":4,"name":"os-image","version":"${VERSION}","ordinal":3,"files":2,"totalBytes":1000,` +
  '"destination":"/srv/os-image","purpose":"CHG-7","priority":"high","deadlineAtMs":5,' +
  '"only":[["*.img","!old/"],["a"]],' +
  '"id":"5f2c0a9be4d17c36","state":"paused","startedAtMs":1800000000000,"finishedAtMs":null,"problem":null,' +
  '"selected":{"files":1,"bytes":700},"isOpened":true}'

test('golden record, written and read', () => {
  assert.equal(fromUtf8(encodeRecord(RECORD)), GOLDEN)
  assert.deepEqual(decodeRecord(utf8(GOLDEN)), RECORD)
})

test('a record of before there were priorities and selections: normal, and all files', () => {
  assert.deepEqual(decodeRecord(utf8(OLD)), {
    ...RECORD,
    ...{
      state: 'fetching',
      priority: 'normal',
      deadlineAtMs: null,
      only: [],
      selected: null,
      isOpened: false
    }
  })
  const older = OLD.replace('"purpose":"CHG-7",', '')
  assert.equal(decodeRecord(utf8(older))?.purpose, null)
})

test('a record of before anything sealed was opened, and one of before there were deadlines', () => {
  const third = GOLDEN.replace('"v":4', '"v":3').replace(',"isOpened":true', '')
  assert.deepEqual(decodeRecord(utf8(third)), { ...RECORD, isOpened: false })
  const second = third.replace('"v":3', '"v":2').replace('"deadlineAtMs":5,', '')
  assert.deepEqual(decodeRecord(utf8(second)), { ...RECORD, deadlineAtMs: null, isOpened: false })
})

test('what is from a newer program, or damaged, is left alone', () => {
  assert.equal(decodeRecord(utf8(GOLDEN.replace('"v":4', '"v":5'))), undefined)
  assert.equal(decodeRecord(utf8(GOLDEN.replace(VERSION, 'xyz'))), undefined)
  assert.equal(decodeRecord(Uint8Array.of(0xff)), undefined)
})
