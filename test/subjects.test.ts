/** Whom data is about, on real nodes: who knows it, what is found of a person, and how it ends. */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import type { VersionId } from '../src/base/ids.ts'

const JANE = 'jane-doe-0931@example.org'
const JOHN = 'john-roe-0931@example.org'
const org = new OrgInProcess()
let admin: Running
let privacy: Running
let clinic: Running

const at = (...path: string[]) => join(org.folder, ...path)
const idOf = ({ node }: Running) => node.identity.device
const tags = { subjects: [JANE], labels: [] }

/** Whether any file of a home has these words. */
function knows(running: Running, words: string): boolean {
  return readdirSync(running.node.home, { recursive: true, withFileTypes: true })
    .filter(each => each.isFile())
    .some(each => readFileSync(join(each.parentPath, each.name)).includes(words))
}

async function publish(by: Running, name: string, subjects: readonly string[]): Promise<VersionId> {
  const path = at(`${name}-source`)
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'finding.txt'), `${name} ${subjects.length}`.repeat(500))
  await by.service.subjects.prepare({ subjects, labels: [] })
  const task = { signal: new AbortController().signal, onProgress: () => undefined }
  const { version } = await by.service.publish({ path, name, dataClass: 'internal' }, task)
  await eventually('all know of it', () =>
    org.running.every(({ node }) => node.keeper.state().publishedAs.has(version))
  )
  await by.service.subjects.tag({ name, version, subjects, labels: [] })
  await eventually('all know that it is about somebody', () =>
    org.running.every(({ node }) => {
      const entry = node.keeper.state().datasets.get(name)
      return entry?.versions.some(each => each.version === version && each.subjects.size === subjects.length)
    })
  )
  return version
}

before(async () => {
  admin = await org.found('admin-1')
  privacy = await org.join(admin, 'privacy-2')
  clinic = await org.join(admin, 'clinic-3')
  await org.settled()
  await admin.service.governance.grantRole({ device: 'privacy-2', role: 'privacy', expiresInMs: null })
  await org.settled()
})

after(() => org.stop())

describe('whom data is about', { concurrency: false }, () => {
  let one: VersionId
  let two: VersionId

  test('is known to stewards alone, whoever publishes, and stands in no other home and in no ledger', async () => {
    one = await publish(clinic, 'findings', [JANE, JOHN])
    two = await publish(admin, 'letters', [JANE])
    assert.deepEqual([knows(admin, JANE), knows(privacy, JANE), knows(clinic, JANE)], [true, true, false])
    const state = clinic.node.keeper.state()
    const all = [...state.datasets.values()].flatMap(({ versions }) =>
      versions.flatMap(each => [...each.subjects])
    )
    assert.equal(new Set(all).size, 3, 'the same person is another in each version')
    assert.ok(!all.includes(createHash('sha256').update(JANE).digest('hex')))
    for (const refused of [
      clinic.service.subjects.subjects(),
      clinic.service.subjects.subject(JANE),
      clinic.service.subjects.forget({ id: JANE, force: false })
    ])
      await assert.rejects(refused, { code: 'NOT_AUTHORISED' })
    const list = await privacy.service.subjects.subjects()
    assert.deepEqual(
      list.map(({ id, versions, datasets }) => [id, versions, datasets]),
      [
        [JANE, 2, ['findings', 'letters']],
        [JOHN, 1, ['findings']]
      ]
    )
  })

  test('is not found out by asking about what others published', async () => {
    await assert.rejects(clinic.node.subjects.exchange.mark(JANE, two), { code: 'SUBJECTS_UNREACHABLE' })
    await assert.rejects(
      clinic.node.subjects.exchange.ask(idOf(admin), { kind: 'share', from: 0, entries: [], erased: [] })
    )
    await assert.rejects(clinic.node.subjects.exchange.ask(idOf(admin), { kind: 'where', versions: [two] }))
  })

  test('is shown with all that is known of it, and who did not say', async () => {
    const destination = at('copy')
    const { id } = await privacy.service.startTransfer({
      ...{ name: 'findings', version: null, destination, purpose: null, priority: null, only: [] }
    })
    await eventually('it is fetched', async () => (await privacy.service.transfer(id)).state === 'complete')
    await admin.service.custody.placeHold({ name: 'letters', reason: 'case 9' })
    await org.settled()
    const { versions, answered, silent } = await privacy.service.subjects.subject(JANE)
    assert.deepEqual([answered.length, silent.length], [3, 0])
    const [findings, letters] = versions
    assert.deepEqual(
      [findings?.name, findings?.version, findings?.state, findings?.publisher.name],
      ['findings', one, 'available', 'clinic-3']
    )
    assert.deepEqual(
      findings?.places.map(({ name, kind }) => [name, kind]),
      [
        ['clinic-3', 'source'],
        ['privacy-2', 'fetched']
      ]
    )
    assert.deepEqual(
      findings?.reads.map(({ name }) => name),
      ['privacy-2']
    )
    assert.deepEqual([letters?.version, letters?.holds.map(({ reason }) => reason)], [two, ['case 9']])
    await assert.rejects(privacy.service.subjects.subject('nobody'), { code: 'SUBJECT_UNKNOWN' })
    await clinic.node.stop()
    org.running.splice(org.running.indexOf(clinic), 1)
    await eventually('it is away', () => privacy.node.transport.peers().length === 1)
    const later = await privacy.service.subjects.subject(JANE)
    assert.deepEqual(
      later.silent.map(({ name }) => name),
      ['clinic-3']
    )
    clinic = await org.start(clinic.node.home)
    await org.settled()
  })

  test('is erased in one case, and can be forgotten only then', async () => {
    await assert.rejects(privacy.service.subjects.forget({ id: JANE, force: false }), {
      code: 'SUBJECT_IN_USE'
    })
    const request = { name: null, version: null, allVersions: false, reason: null, basis: 'art17' }
    await assert.rejects(clinic.service.erasures.erase({ ...request, subject: JANE, deleteSource: false }), {
      code: 'NOT_AUTHORISED'
    })
    const { case: id, operations } = await admin.service.erasures.erase({
      ...{ ...request, subject: JANE, deleteSource: true }
    })
    assert.deepEqual(operations.map(({ version }) => version).sort(), [one, two].sort())
    const { erasures } = admin.node.keeper.state()
    for (const { version, subject, case: of } of erasures.values()) {
      const [published] = [...admin.node.keeper.state().datasets.values()].flatMap(({ versions }) =>
        versions.filter(each => each.version === version)
      )
      assert.equal(of, id)
      assert.ok(subject !== null && published?.subjects.has(subject) === true)
    }
    await eventually('the copy is gone', () => !existsSync(at('copy', 'finding.txt')))
    await eventually('it is known', () => privacy.node.keeper.state().erasures.size === 2)
    await assert.rejects(
      privacy.service.subjects.forget({ id: JANE, force: false }),
      /letters@1/,
      'it is held, and so still there'
    )
    const [hold] = await admin.service.custody.holds()
    await admin.service.custody.liftHold(hold?.operation ?? '')
    await eventually('it is lifted', () => privacy.node.keeper.state().holds.size === 0)
    await eventually('the publisher has said that its source stays', async () => {
      const { versions } = await privacy.service.subjects.subject(JANE)
      return versions.every(({ unproved }) => unproved.every(({ state }) => state === 'source-kept'))
    })
    await assert.rejects(privacy.service.subjects.forget({ id: JANE, force: false }), {
      ...{ code: 'SUBJECT_UNPROVED', details: { devices: [idOf(clinic)] } }
    })
    await clinic.service.erasures.finish({ id, deleteSource: true, gone: false })
    await eventually('it is known that it went', async () =>
      (await privacy.service.subjects.subject(JANE)).versions.every(({ unproved }) => unproved.length === 0)
    )
    const forgotten = await privacy.service.subjects.forget({ id: JANE, force: false })
    assert.deepEqual(
      forgotten.stewards.map(({ name, forgotten: done }) => [name, done]),
      [
        ['admin-1', true],
        ['privacy-2', true]
      ]
    )
    for (const { service, node } of [admin, privacy]) {
      assert.deepEqual(
        (await service.subjects.subjects()).map(each => each.id),
        [JOHN]
      )
      assert.ok(!knows({ service, node }, JANE))
    }
  })

  test('is forgotten by who is a steward no more', async () => {
    assert.equal(knows(privacy, JOHN), true)
    await admin.service.governance.revokeRole({ device: 'privacy-2', role: 'privacy' })
    await eventually('it has forgotten', () => privacy.node.subjects.directory.ids().length === 0)
    assert.equal(knows(privacy, JOHN), false)
    await assert.rejects(privacy.service.subjects.subjects(), { code: 'NOT_AUTHORISED' })
    assert.deepEqual(await clinic.service.subjects.prepare(tags), undefined)
  })
})
