/** Verdicts on whole versions, by a clamd on loopback that finds a marker, knows limits, and changes or ends midway. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { utf8 } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import { ClamdClient } from './clamd-client.ts'
import { FAKE_VERSION, FakeClamd, type Incoming } from './fake-clamd.conformance.ts'
import {
  LISTED_MAX,
  type ScannedVersion,
  type ScanProgress,
  scanVersion,
  type VersionScan
} from './version-scan.ts'

const TIMEOUTS = { connectMs: 20_000, idleMs: 20_000, totalMs: 20_000, lastWordsMs: 20 }
const NEXT_VERSION = FAKE_VERSION.replace('/7/', '/8/')
const TOO_DEEP = 'stream: Heuristics.Limits.Exceeded.MaxRecursion FOUND\0'

let fake: FakeClamd
let client: ClamdClient
/** What a stream with such a text in it is answered with; nothing is `OK`. */
let says: (text: string, incoming: Incoming) => string | undefined

beforeEach(async () => {
  fake = new FakeClamd()
  says = text => (text.includes('evil') ? `stream: Evil-${text} FOUND\0` : undefined)
  fake.script.onStream = (content, incoming) => {
    const isProbe = content[0] === 0x1f && content[1] === 0x8b
    const answer = isProbe ? TOO_DEEP : says(Buffer.from(content).toString('latin1'), incoming)
    incoming.socket.end(answer ?? 'stream: OK\0')
  }
  client = new ClamdClient(await fake.listen(undefined), TIMEOUTS)
})

afterEach(() => fake.close())

/** A version of files whose content is their name. */
function versionOf(...names: readonly string[]): ScannedVersion {
  return {
    files: names.length,
    bytes: names.reduce((sum, name) => sum + name.length, 0),
    async *read() {
      for (const name of names)
        yield {
          path: name,
          bytes: name.length,
          async *stream() {
            yield utf8(name)
          }
        }
    }
  }
}

function scan(version: ScannedVersion, until: 'first-finding' | 'end' = 'end'): Promise<VersionScan> {
  return scanVersion(client, version, { until, signal: new AbortController().signal, filesAtOnce: 3 })
}

/** What came, in order, but for what clamd is put to the proof with. */
function scanned(): string[] {
  const streams = fake.streams.filter(stream => stream[0] !== 0x1f)
  return streams.map(stream => Buffer.from(stream).toString()).sort()
}

const NAMES = ['a', 'bb', 'ccc', 'dddd', 'eeeee', 'ffffff', 'ggggggg']

function hasCode(code: string): (thrown: unknown) => boolean {
  return thrown => thrown instanceof AppError && thrown.code === code
}

test('a version is clean when all of it is, with what it was held against', async () => {
  const progress: ScanProgress[] = []
  const result = await scanVersion(client, versionOf(...NAMES), {
    until: 'end',
    signal: new AbortController().signal,
    filesAtOnce: 3,
    onProgress: step => progress.push(step)
  })
  const { startedMs, endedMs, ...rest } = result
  assert.deepEqual(rest, {
    ...{ verdict: 'clean', engine: '1.4.6', database: 7, databaseTimeMs: Date.UTC(2026, 0, 1) },
    ...{ findings: [], unscanned: [], fault: null },
    ...{ scannedFiles: 7, scannedBytes: 28, infectedFiles: 0, unscannedFiles: 0 }
  })
  assert.ok(startedMs <= endedMs)
  assert.deepEqual(progress.at(-1), { round: 1, files: 7, bytes: 28, findings: 0 })
  assert.deepEqual(scanned(), NAMES)
})

test('so many files are scanned at a time, and no more', async () => {
  const waiting: Incoming[] = []
  let waitingMax = 0
  const answer = fake.script.onStream
  fake.script.onStream = (content, incoming) => {
    if (content[0] === 0x1f) return answer(content, incoming)
    waiting.push(incoming)
    waitingMax = Math.max(waitingMax, waiting.length)
    // What is beyond the three would come here while they wait.
    if (waiting.length >= 3)
      setTimeout(() => {
        for (const { socket } of waiting.splice(0)) socket.end('stream: OK\0')
      }, 5)
  }
  await scan(versionOf(...Array.from({ length: 30 }, (_, i) => `file ${i}`)))
  assert.equal(waitingMax, 3)
})

test('all infected files are found, in the order of their paths', async () => {
  const result = await scan(versionOf('z evil', ...NAMES, 'a evil', 'm evil'))
  assert.equal(result.verdict, 'infected')
  assert.deepEqual(
    result.findings,
    ['a evil', 'm evil', 'z evil'].map(path => ({ path, signature: `Evil-${path}` }))
  )
  assert.equal(result.scannedFiles, 10)
})

test('or it ends with the first', async () => {
  const names = Array.from({ length: 50 }, (_, i) => `evil ${i}`)
  const result = await scan(versionOf(...names), 'first-finding')
  assert.equal(result.verdict, 'infected')
  assert.equal(result.fault, null)
  assert.ok(result.infectedFiles >= 1 && result.infectedFiles <= 3, `${result.infectedFiles}`)
  assert.ok(fake.streams.length < 10, `${fake.streams.length}`)
})

test('findings beyond what is listed are counted', async () => {
  const names = Array.from({ length: LISTED_MAX + 3 }, (_, i) => `evil ${i}`)
  const result = await scan(versionOf(...names))
  assert.equal(result.findings.length, LISTED_MAX)
  assert.equal(result.infectedFiles, LISTED_MAX + 3)
})

test('a file that could not be looked at makes a version unscanned, and one that is infected makes it infected', async () => {
  const finds = says
  says = (text, incoming) =>
    text === 'ccc' ? 'stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND\0' : finds(text, incoming)
  const unscanned = [{ path: 'ccc', reason: 'too-large', detail: 'Heuristics.Limits.Exceeded.MaxFileSize' }]
  const result = await scan(versionOf(...NAMES))
  assert.deepEqual([result.verdict, result.unscanned, result.findings], ['unscanned', unscanned, []])
  assert.equal(result.scannedFiles, 6)
  const both = await scan(versionOf(...NAMES, 'evil'))
  assert.deepEqual([both.verdict, both.unscanned, both.infectedFiles], ['infected', unscanned, 1])
})

test('a reader that gives less than the version has makes it incomplete', async () => {
  const version = versionOf(...NAMES)
  for (const more of [{ files: 8 }, { bytes: 29 }, { files: 6 }]) {
    const result = await scan({ ...version, ...more })
    assert.deepEqual([result.verdict, result.fault?.reason], ['unscanned', 'incomplete'])
  }
  const nothing = await scan({ ...version, async *read() {} })
  assert.deepEqual([nothing.verdict, nothing.fault?.reason], ['unscanned', 'incomplete'])
})

test('when the database changes meanwhile all is scanned again', async () => {
  fake.script.versions = [FAKE_VERSION, NEXT_VERSION]
  const result = await scan(versionOf('a', 'b'))
  assert.deepEqual([result.verdict, result.database, result.fault], ['clean', 8, null])
  assert.deepEqual(scanned(), ['a', 'a', 'b', 'b'])
})

test('when it changes each time that is what is said', async () => {
  fake.script.versions = [7, 8, 9, 10, 11].map(version => FAKE_VERSION.replace('/7/', `/${version}/`))
  const result = await scan(versionOf('a', 'b'))
  assert.deepEqual([result.verdict, result.database], ['unscanned', 9])
  assert.deepEqual(result.fault, {
    reason: 'database-changed',
    detail: 'it was 1.4.6/9, and is 1.4.6/10 since'
  })
})

test('what was found stays found when it changes', async () => {
  fake.script.versions = [FAKE_VERSION, NEXT_VERSION]
  const result = await scan(versionOf('a', 'evil'))
  assert.deepEqual([result.verdict, result.infectedFiles, result.database], ['infected', 1, 7])
  assert.equal(result.fault?.reason, 'database-changed')
})

test('a change of the program, or of the time of the database alone, is one too', async () => {
  for (const next of [FAKE_VERSION.replace('1.4.6', '1.4.7'), FAKE_VERSION.replace('00:00:00', '00:00:01')]) {
    fake.streams.length = 0
    fake.script.versions = [FAKE_VERSION, next]
    await scan(versionOf('a'))
    assert.deepEqual(scanned(), ['a', 'a'], next)
  }
})

test('when clamd goes away meanwhile it is lost, and nothing more is tried', async () => {
  const names = Array.from({ length: 50 }, (_, i) => `file ${i}`)
  says = (text, { socket }) => {
    if (text !== 'file 5') return undefined
    fake.close()
    socket.destroy()
    return undefined
  }
  const result = await scan(versionOf(...names))
  assert.deepEqual([result.verdict, result.fault?.reason], ['unscanned', 'scanner-lost'])
  assert.ok(result.unscannedFiles >= 1 && result.unscannedFiles <= 6, `${result.unscannedFiles}`)
  await assert.rejects(scan(versionOf('a')), hasCode('SCANNER_DOWN'))
})

test('when only the last question is not answered it is not clean either', async () => {
  fake.script.versions = [FAKE_VERSION, 'UNKNOWN COMMAND']
  const result = await scan(versionOf('a'))
  assert.deepEqual([result.verdict, result.fault?.reason], ['unscanned', 'scanner-lost'])
})

test('nothing is scanned by a clamd that does not tell when it did not look at everything', async () => {
  fake.script.onStream = (content, { socket }) => {
    assert.notEqual(gunzipSync(content).length, 0)
    socket.end('stream: OK\0')
  }
  await assert.rejects(scan(versionOf('a')), hasCode('SCANNER_UNFIT'))
  assert.equal(fake.streams.length, 1)
})

test('what it calls clean does not count when it is set up otherwise meanwhile', async () => {
  const answer = fake.script.onStream
  fake.script.onStream = (content, incoming) => {
    const isLastProbe = content[0] === 0x1f && fake.streams.length > 1
    if (isLastProbe) incoming.socket.end('stream: OK\0')
    else answer(content, incoming)
  }
  const result = await scan(versionOf('a'))
  assert.deepEqual([result.verdict, result.fault?.reason], ['unscanned', 'limits-not-told'])
})

test('nor by one whose database has no version', async () => {
  fake.script.versions = ['ClamAV 1.4.6']
  await assert.rejects(scan(versionOf('a')), hasCode('SCANNER_UNFIT'))
  assert.equal(fake.streams.length, 1)
})

test('what a reader throws is thrown, and no scan goes on', async () => {
  const failing: ScannedVersion = {
    ...versionOf('a', 'b'),
    async *read() {
      yield* versionOf('a').read(new AbortController().signal)
      throw new AppError('CONTENT_CHANGED', 'it was changed')
    }
  }
  await assert.rejects(scan(failing), hasCode('CONTENT_CHANGED'))
})

test('it is called off with the reason of the signal', async () => {
  const reason = new Error('no longer wanted')
  const abort = new AbortController()
  says = () => {
    abort.abort(reason)
    return undefined
  }
  const options = { until: 'end', signal: abort.signal } as const
  await assert.rejects(scanVersion(client, versionOf(...NAMES), options), reason)
})
