/** Persons on the command line: published about, found, exported, erased and forgotten, and what is refused. */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Cluster, type ClusterNode, until } from '../lab/cluster.ts'
import type { SubjectRecord } from '../src/api/subject.ts'

const JANE = 'jane.doe@example.org'
const folder = mkdtempSync(join(tmpdir(), 'peerage-subject-cli-'))
const at = (...path: string[]) => join(folder, ...path)
const cluster = new Cluster(folder)
let node: ClusterNode

before(async () => {
  node = await cluster.found('build-1', 'berlin')
  mkdirSync(at('source'))
  writeFileSync(at('source', 'finding.txt'), 'all is <b>well</b>')
})

after(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function run(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await node.run(...args)
  assert.equal(exitCode, 0, stderr)
  return stdout
}

test('a person is published about, shown and exported', async () => {
  assert.match(await run('subject'), /no data is said to be about anybody/)
  assert.match(
    await run('publish', at('source'), '--name', 'scans/2031', '--subject', JANE, '--label', 'health'),
    /about +1 person\n.*labels +health/
  )
  assert.match(await run('subject', 'list'), /jane\.doe@example\.org +1 +1 +scans\/2031/)
  const shown = await node.json<SubjectRecord>('subject', 'show', JANE)
  assert.deepEqual(
    shown.versions.map(({ name, labels, places }) => [name, labels, places.map(({ kind }) => kind)]),
    [['scans/2031', ['health'], ['source']]]
  )
  assert.match(await run('subject', 'show', JANE), /scans\/2031@1 {2}available[\s\S]*1 device answered\n$/)
  assert.match(
    await run('subject', 'export', JANE, at('answer'), '--timeout', '20s'),
    /1 of 1 version are in it|1 of 1 version/
  )
  assert.equal(readFileSync(at('answer', 'files', 'scans/2031/1/finding.txt'), 'utf8'), 'all is <b>well</b>')
  const exported = JSON.parse(readFileSync(at('answer', 'subject.json'), 'utf8'))
  assert.deepEqual([exported.format, exported.v, exported.id], ['peerage-subject', 1, JANE])
  assert.deepEqual(exported.exported, [
    { name: 'scans/2031', ordinal: 1, folder: 'files/scans/2031/1', why: null }
  ])
  const page = readFileSync(at('answer', 'subject.html'), 'utf8')
  assert.ok(page.includes(JANE) && page.includes('files/scans/2031/1') && !/<script|src=|href=/.test(page))
  assert.match(await run('subject', 'add', 'scans/2031', '--subject', JANE), /1 person was there already/)
  // Given again it goes on, and nothing else is written over.
  await run('subject', 'export', JANE, at('answer'), '--timeout', '20s')
  const busy = await node.run('subject', 'export', JANE, at('source'))
  assert.match(busy.stderr, /is not empty/)
})

test('what makes no sense is refused before anything is done', async () => {
  const refused = async (code: string, ...args: string[]) =>
    assert.match((await node.run(...args)).stderr, new RegExp(code), args.join(' '))
  await refused('SUBJECT_UNKNOWN', 'subject', 'show', 'nobody')
  await refused('SUBJECT_UNKNOWN', 'erase', 'start', '--subject', 'nobody', '--basis', 'art17')
  await refused('USAGE', 'erase', 'start', '--basis', 'art17')
  await refused('USAGE', 'erase', 'scans/2031@1', '--subject', JANE, '--basis', 'art17')
  await refused('USAGE', 'subject', 'add', 'scans/2031')
  await refused('USAGE', 'publish', at('source'), '--name', 'other', '--subject', 'a\nb')
  await refused('SUBJECT_IN_USE', 'subject', 'forget', JANE)
  assert.doesNotMatch(await run('datasets'), /other/)
})

test('all about a person is erased in one case, the export too, and then it is forgotten', async () => {
  await run('hold', 'place', 'scans/2031', '--reason', 'case 17')
  const asked = await run('erase', '--subject', JANE, '--basis', 'art17')
  assert.match(
    asked,
    /nothing is deleted yet: scans\/2031 is held by build-1 since \S+: case 17\n {2}an admin lifts it/
  )
  assert.ok(asked.includes(`a source stays: ${at('source')}, on build-1`), asked)
  const [, hold = ''] = /peerage hold lift ([0-9a-f]+)/.exec(asked) ?? []
  const [, finish = ''] = /peerage (erase finish [0-9a-f]+ --delete-source)/.exec(asked) ?? []
  const [, id = ''] = /peerage erase status ([0-9a-f]+)/.exec(asked) ?? []
  await run('hold', 'lift', hold)
  await until('the source is all that is left', 30_000, async () =>
    /a source stays with its owner on build-1/.test(await run('subject', 'show', JANE))
  )
  const refused = await node.run('subject', 'forget', JANE)
  assert.equal(refused.exitCode, 75)
  assert.match(refused.stderr, /build-1 keeps a source\..*SUBJECT_UNPROVED/)
  await run(...finish.split(' '))
  await until('it is gone', 30_000, async () =>
    /1 of 1 device confirmed/.test(await run('erase', 'status', id))
  )
  assert.ok(!existsSync(at('answer', 'files/scans/2031/1/finding.txt')) && !existsSync(at('source')))
  assert.match(await run('subject', 'forget', JANE), /1 key destroyed on build-1/)
  assert.match(await run('subject'), /no data is said to be about anybody/)
})
