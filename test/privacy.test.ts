/** The registers and cases of privacy, on real nodes: what they say, whom they say it to, and what is forgotten. */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import { breachReport } from '../src/api/breach.ts'
import { processingRecord, transferRegister } from '../src/api/privacy.ts'
import type { VersionId } from '../src/base/ids.ts'
import { DAY_MS, HOUR_MS } from '../src/base/units.ts'
import type { CliContext } from '../src/cli/context.ts'
import { run } from '../src/cli/program.ts'
import { type AdminServer, createAdminServer } from '../src/gateway/http/admin-server.ts'
import { TokenBook } from '../src/gateway/http/token-book.ts'
import { monthsAfter } from '../src/node/privacy/case-clock.ts'
import { LocalRequestService } from '../src/node/privacy/request-service.ts'
import { breachPage } from '../src/report/breach-page.ts'
import { processingPage, processingTable } from '../src/report/processing-page.ts'
import { transferPage, transferTable } from '../src/report/transfer-page.ts'
import { PrivacyStore } from '../src/store/privacy-store.ts'

const JANE = 'jane-doe-4417@example.org'
const JOHN = 'john-roe-4417@example.org'
const org = new OrgInProcess()
let admin: Running
let privacy: Running
let clinic: Running

const at = (...path: string[]) => join(org.folder, ...path)

async function publish(
  by: Running,
  name: string,
  { subjects, labels = [] }: { readonly subjects: readonly string[]; readonly labels?: readonly string[] }
): Promise<VersionId> {
  const path = at(`${name}-source`)
  mkdirSync(path, { recursive: true })
  writeFileSync(join(path, 'content.txt'), `${name} `.repeat(5000))
  const task = { signal: new AbortController().signal, onProgress: () => undefined }
  const { version } = await by.service.publish({ path, name, dataClass: 'internal' }, task)
  await org.settled()
  await by.service.subjects.tag({ name, version, subjects, labels })
  await org.settled()
  return version
}

async function fetched(by: Running, name: string, purpose: string | null): Promise<void> {
  const destination = at(`${by.node.identity.name}-${name}`)
  const order = { name, version: null, destination, purpose, priority: null, only: [] }
  const { id } = await by.service.startTransfer(order)
  await eventually('it is fetched', async () => (await by.service.transfer(id)).state === 'complete')
}

before(async () => {
  admin = await org.found('admin-1')
  privacy = await org.join(admin, 'privacy-2', { site: 'lyon' })
  clinic = await org.join(admin, 'clinic-3', { site: 'boston' })
  await org.settled()
  const { governance, storage } = admin.service
  await governance.grantRole({ device: 'privacy-2', role: 'privacy', expiresInMs: null })
  await governance.grantRole({ device: 'privacy-2', role: 'auditor', expiresInMs: null })
  await governance.grantRole({ device: 'clinic-3', role: 'publisher', expiresInMs: null })
  await storage.setRegion({ site: 'boston', region: 'us' })
  await storage.setRegion({ site: 'lyon', region: 'eu' })
  await org.settled()
  await publish(clinic, 'findings', { subjects: [JANE, JOHN], labels: ['health'] })
  await publish(admin, 'manuals', { subjects: [] })
  await governance.grantAccess({
    ...{ who: 'privacy-2', scope: { kind: 'name', name: 'findings' }, purpose: 'care of patients' },
    expiresInMs: null
  })
  await org.settled()
})

after(() => org.stop())

describe('the record of processing', { concurrency: false }, () => {
  test('has what the ledger says and what is noted, and names what neither says', async () => {
    const { privacy: service } = privacy.service
    const empty = await service.processing()
    const before = empty.activities.find(({ name }) => name === 'findings')
    assert.deepEqual(before?.toFillIn, ['legal basis', 'categories of persons', 'categories of data'])
    assert.deepEqual(empty.activities.find(({ name }) => name === 'manuals')?.toFillIn[0], 'purpose')
    assert.deepEqual(empty.toFillIn.length, 6)
    await service.setNote({ field: 'controller', value: 'Acme <GmbH>' })
    await service.setNote({ field: 'territory', value: 'ch, eea' })
    await service.setPlace({ place: 'site:berlin', country: 'de', basis: null, reference: null })
    await service.setPlace({ place: 'region:eu', country: 'FR', basis: null, reference: null })
    await service.setPlace({ place: 'site:boston', country: 'US', basis: 'clauses', reference: 'SCC 17' })
    await service.describeDataset({ name: 'findings', persons: 'patients', legalBasis: 'Art. 9(2)(h)' })
    await service.describeDataset({ name: 'manuals', personal: false })
    const record = await service.processing()
    assert.deepEqual(
      [record.territory, record.controller.controller, record.without],
      ['EEA,CH', 'Acme <GmbH>', ['manuals']]
    )
    assert.deepEqual(
      record.activities.map(({ name }) => name),
      ['findings']
    )
    const [activity] = record.activities
    assert.ok(activity !== undefined)
    assert.deepEqual(activity.purposes, [{ purpose: 'care of patients', from: 'grant' }])
    assert.deepEqual([activity.personsKnown, activity.pseudonyms, activity.personal], [2, 2, true])
    assert.deepEqual([activity.labels, activity.toFillIn], [['health'], ['categories of data']])
    assert.deepEqual(
      activity.recipients.places
        .map(({ site, country, inside, basis }) => [site, country, inside, basis])
        .sort(),
      [
        ['berlin', 'DE', true, null],
        ['boston', 'US', false, 'clauses'],
        ['lyon', 'FR', true, null]
      ]
    )
    assert.deepEqual(
      activity.keepers.places.map(({ site, devices }) => [site, devices]),
      [['boston', 1]]
    )
    const states = new Map(record.measures.map(({ title, state }) => [title.split(' ')[0], state]))
    assert.deepEqual([states.get('Content'), states.get('Who')], ['off', 'off'], 'nothing sealed, one admin')
    const page = processingPage(processingRecord.parse(record))
    assert.ok(page.includes('Acme &lt;GmbH&gt;') && !page.includes('<GmbH>') && !page.includes('<script'))
    assert.ok(page.includes('standard contractual clauses (Art. 46(2)(c)): SCC 17'))
    assert.match(processingTable(processingRecord.parse(record)), /^dataset,.*\r\nfindings,Acme <GmbH>,/)
  })

  test('is for stewards, and takes no note that says nothing or means nothing', async () => {
    await assert.rejects(clinic.service.privacy.processing(), { code: 'NOT_AUTHORISED' })
    await assert.rejects(clinic.service.privacy.notes(), { code: 'NOT_AUTHORISED' })
    const { privacy: service } = privacy.service
    const none = { country: null, basis: null, reference: null }
    for (const refused of [
      service.setNote({ field: 'territory', value: 'EEA,XX' }),
      service.setNote({ field: 'dpo', value: 'two\nlines' }),
      service.setPlace({ place: 'site:atlantis', ...none }),
      service.setPlace({ place: 'site:lyon', ...none, country: 'ZZ' }),
      service.setPlace({ place: 'lyon', ...none })
    ])
      await assert.rejects(refused, { code: 'USAGE' })
    await assert.rejects(service.describeDataset({ name: 'nothing', personal: true }), {
      code: 'DATASET_UNKNOWN'
    })
    await service.setPlace({ place: 'region:eu', ...none })
    assert.deepEqual(
      (await service.notes()).places.map(({ place }) => place),
      ['site:berlin', 'site:boston']
    )
  })
})

describe('a breach', { concurrency: false }, () => {
  let beforeMs: number

  test('says who read what in its time, with the evidence of both sides, and whom it concerns', async () => {
    beforeMs = Date.now()
    await fetched(privacy, 'findings', 'case 12')
    const { breaches } = privacy.service
    const opened = await breaches.openBreach({
      ...{ summary: 'wrong <group>', datasets: ['findings', 'manuals'], fromMs: beforeMs, toMs: null },
      awareAtMs: null
    })
    assert.deepEqual([opened.state, opened.dueAtMs - opened.awareAtMs], ['running', 72 * HOUR_MS])
    await eventually('both sides have said so', async () => {
      const [read] = (await breaches.breach(opened.id)).datasets.flatMap(({ reads }) => reads)
      return read?.receipt === 'present' && read.readerEntry === 'present'
    })
    const report = breachReport.parse(await breaches.breach(opened.id.slice(0, 5)))
    const [concerned, manuals] = report.datasets
    assert.deepEqual(
      concerned?.reads.map(each => [each.reader.name, each.server.name, each.purpose, each.serverEntry]),
      [['privacy-2', 'clinic-3', 'case 12', 'present']]
    )
    assert.deepEqual([concerned?.labels, concerned?.personsKnown, manuals?.personsKnown], [['health'], 2, 0])
    assert.deepEqual([report.personsKnown, report.missing, manuals?.reads], [2, [], []])
    assert.ok(report.logs.length >= 3)
    assert.deepEqual(report.toFillIn, ['nature', 'consequences', 'measures', 'dpo', 'authority'])
    const page = breachPage(report)
    assert.ok(page.includes('wrong &lt;group&gt;') && page.includes('[to be filled in]'))
    assert.ok(!page.includes(JANE), 'persons are counted, and not named')
    await breaches.changeBreach({ id: opened.id, fromMs: beforeMs - 2000, toMs: beforeMs - 1000 })
    const earlier = await breaches.breach(opened.id)
    assert.deepEqual(earlier.datasets[0]?.reads, [], 'it was read later than that')
  })

  test('has a clock that the status of the node tells of, and is not closed or deleted before its time', async () => {
    const { breaches } = privacy.service
    const late = await breaches.openBreach({
      ...{ summary: 'letter to the wrong person', datasets: [], fromMs: null, toMs: null },
      awareAtMs: Date.now() - 73 * HOUR_MS
    })
    assert.equal(late.state, 'overdue')
    const { problems } = await privacy.service.status()
    const told = problems.filter(({ code }) => code === 'CASE_OVERDUE')
    assert.deepEqual(told.length, 1)
    assert.ok(told[0]?.message.includes(late.id) && !told[0].message.includes('letter'))
    const { id } = late
    await assert.rejects(breaches.deleteBreach(id), { code: 'CASE_OPEN' })
    const unsaid = breaches.closeBreach({ id, outcome: 'notified', reason: 'done' })
    await assert.rejects(unsaid, { code: 'USAGE' })
    const said = { consequences: 'few', measures: 'asked back', nature: 'confidentiality' }
    const noted = await breaches.changeBreach({ id, notifiedAtMs: Date.now() - HOUR_MS / 2, said })
    assert.deepEqual([noted.state, noted.said.measures, noted.said.cause], ['late', 'asked back', null])
    const toFillIn = (await breaches.breach(id)).toFillIn
    assert.deepEqual(toFillIn, ['delay', 'datasets', 'dpo', 'authority'])
    const closed = await breaches.closeBreach({ id, outcome: 'notified', reason: 'done' })
    assert.deepEqual([closed.state, closed.closed?.outcome], ['late', 'notified'])
    await assert.rejects(breaches.closeBreach({ id, outcome: 'no-risk', reason: 'no' }), {
      code: 'NO_CHANGE'
    })
    await breaches.deleteBreach(id)
    await assert.rejects(breaches.breach(id), { code: 'CASE_UNKNOWN' })
    const opening = { summary: 'x', datasets: [], fromMs: null, toMs: null, awareAtMs: null }
    for (const wrong of [
      { ...opening, awareAtMs: Date.now() + HOUR_MS },
      { ...opening, fromMs: 2000, toMs: 1000 },
      { ...opening, summary: 'two\nlines' }
    ])
      await assert.rejects(breaches.openBreach(wrong), { code: 'USAGE' })
    await assert.rejects(breaches.openBreach({ ...opening, datasets: ['nothing'] }), {
      code: 'DATASET_UNKNOWN'
    })
    await assert.rejects(clinic.service.breaches.breaches(), { code: 'NOT_AUTHORISED' })
  })
})

describe('the register of transfers', { concurrency: false }, () => {
  test('has what is published, held, readable and read outside the territory, and what policy forbids', async () => {
    await publish(admin, 'letters', { subjects: [JANE] })
    await admin.service.storage.setStoragePolicy({ name: 'letters', policy: 'copies=1,region=eu' })
    await fetched(clinic, 'letters', null)
    const service = privacy.service.privacy
    await service.setPlace({ place: 'site:lyon', country: null, basis: 'other', reference: null })
    await eventually('the reader has said so', async () =>
      (await service.transfers()).transfers.some(({ kind }) => kind === 'held')
    )
    const register = transferRegister.parse(await service.transfers())
    assert.deepEqual(
      register.transfers.map(each => [each.name, each.kind, each.place.site, each.devices[0]?.name]).sort(),
      [
        ['findings', 'published', 'boston', 'clinic-3'],
        ['letters', 'held', 'boston', 'clinic-3'],
        ['letters', 'may-read', 'boston', 'clinic-3'],
        ['letters', 'was-read', 'boston', 'clinic-3']
      ]
    )
    assert.ok(
      register.transfers.every(({ place, basisAtMs }) => place.basis === 'clauses' && basisAtMs !== null)
    )
    assert.ok(
      register.unplaced.some(
        ({ name, kind, place }) => `${name} ${kind} ${place.site}` === 'letters may-read lyon'
      )
    )
    assert.deepEqual(register.toFillIn, ['country of site lyon (region eu)'])
    const rule = register.rules.find(({ name }) => name === 'letters')
    assert.deepEqual([rule?.regions, rule?.closedSites, rule?.outsideMay], [['eu'], ['boston'], 1])
    assert.equal(
      register.rules.some(({ name }) => name === 'manuals'),
      false,
      'noted to have no data about persons'
    )
    assert.ok(transferPage(register).includes('standard contractual clauses (Art. 46(2)(c)): SCC 17'))
    assert.equal(
      transferTable(register).split('\r\n').length,
      2 + register.transfers.length + register.unplaced.length
    )
    await assert.rejects(clinic.service.privacy.transfers(), { code: 'NOT_AUTHORISED' })
  })
})

describe('on the command line', { concurrency: false }, () => {
  let server: AdminServer

  before(async () => {
    const { node, service } = privacy
    const tokens = new TokenBook(node.home)
    server = createAdminServer({ service, tokens, log: { error: () => undefined }, checkAnswers: true })
    await server.listen(node.home)
  })
  after(() => server.close())

  async function peerage(...argv: string[]): Promise<string> {
    const written: string[] = []
    const write = (data: unknown) => void written.push(String(data))
    const terminal = { write, isTty: false, columns: undefined }
    const { home } = privacy.node
    const context: CliContext = {
      ...{ platform: process.platform, env: { PEERAGE_HOME: home }, userFolder: home, workingFolder: home },
      ...{ hostName: 'lab-7', stdout: terminal, stderr: terminal, readStandardInput: async () => '' },
      ...{ readHiddenLine: undefined, openScreen: undefined, openFile: undefined },
      loadDaemon: () => assert.fail('no command of this test needs a node of its own'),
      catchInterrupt: () => new AbortController().signal,
      ...{ nowMs: Date.now, monotonicMs: () => 0 }
    }
    const exitCode = await run(argv, context)
    return `${exitCode} ${written.join('')}`
  }

  const idIn = (text: string): string => /(?:breach|request) ([0-9a-f]{12})/.exec(text)?.[1] ?? 'none'

  test('registers are written, and notes shown', async () => {
    for (const [register, format] of [
      ['processing', 'csv'],
      ['processing', 'html'],
      ['transfers', 'json']
    ] as const) {
      const file = at(`${register}.${format}`)
      assert.match(await peerage('report', register, '--format', format, '--out', file), /^0 wrote \d+ /)
      assert.match(await peerage('report', register, '--format', format, '--out', file), /^73 .*DEST_EXISTS/s)
    }
    const { format, v, transfers } = JSON.parse(readFileSync(at('transfers.json'), 'utf8'))
    assert.deepEqual([format, v, transfers.length], ['peerage-transfers', 1, 4])
    assert.match(
      await peerage('privacy'),
      /^0 controller +Acme <GmbH>\n.*site:boston: US, basis clauses \(SCC 17\)/s
    )
    assert.match(await peerage('privacy', 'set', 'dpo', 'none'), /^0 .*\ndpo +-\n/s)
    assert.match(await peerage('privacy', 'place', 'site:lyon', '--country', 'FRA'), /^64 .*two letters/)
    assert.match(await peerage('privacy', 'describe', 'findings'), /^64 .*at least one of the options/)
    assert.match(await peerage('privacy', 'describe', 'findings', '--data', 'none'), /^0 .*data -; /s)
  })

  test('a breach is opened, shown with its reads, drafted and closed', async () => {
    const opened = await peerage(
      'breach',
      'open',
      '--summary',
      'lost',
      '--dataset',
      'findings',
      '--aware',
      '80h'
    )
    const id = idIn(opened)
    assert.match(opened, /^0 .*notified: not yet, it was due 8 h 0 min ago/s)
    assert.match(
      await peerage('breach', 'show', id),
      /^0 .*persons known to be concerned: 2\n.*privacy-2 .*case 12/s
    )
    assert.match(await peerage('breach', 'persons', id), new RegExp(`^0 ${JANE}\n${JOHN}\n$`))
    assert.match(
      await peerage('breach', 'note', id, '--measures', 'wiped', '--notified', '1h'),
      /^0 .*late, on/s
    )
    const file = at('notice.json')
    assert.match(await peerage('breach', 'report', id, '--format', 'json', '--out', file), /^0 wrote/)
    const { fields } = JSON.parse(readFileSync(file, 'utf8')) as {
      fields: { article: string; text: string }[]
    }
    assert.equal(fields.find(({ article }) => article === '33(3)(d)')?.text, 'wiped')
    assert.equal(fields.find(({ article }) => article === '33(3)(c)')?.text, null)
    assert.match(await peerage('breach', 'close', id, '--outcome', 'notified', '--reason', 'done'), /^0 /)
    assert.match(await peerage('breach'), new RegExp(`^0 BREACH .*\n${id} +closed `, 's'))
    assert.match(await peerage('breach', 'delete', id), /^0 .* is deleted\n$/)
  })

  test('a request is opened, shown with what answers it, and closed; lookups are listed', async () => {
    const opened = await peerage(
      'request',
      'open',
      '--subject',
      JOHN,
      '--kind',
      'erasure',
      '--received',
      '40d'
    )
    const id = idIn(opened)
    assert.match(opened, /^0 .*peerage erase start --subject john-roe/s)
    assert.match(await peerage('request'), new RegExp(`^0 REQUEST .*\n${id} +erasure +overdue `, 's'))
    assert.match(
      await peerage('request', 'show', id),
      /^0 .*about the person: 1 version, 1 of them available, in findings/s
    )
    assert.match(await peerage('request', 'extend', id, '--reason', 'much'), /^64 .*has to be told by/)
    assert.match(await peerage('request', 'close', id, '--outcome', 'refused'), /^64 .*has to say why/)
    assert.match(await peerage('request', 'close', id, '--outcome', 'fulfilled'), /^0 .*closed late/s)
    assert.match(await peerage('request', 'delete', id), /^0 .* is deleted\n$/)
    assert.match(await peerage('subject', 'lookups', JOHN), /^0 AT .*privacy-2 +request +1\n/s)
    assert.match(await peerage('audit', '--action', 'looked-up'), /^0 .*looked-up .*what request/s)
  })
})

describe('a request of a person', { concurrency: false }, () => {
  test('has a month, is extended once and in time, and is told of by the status of the node when it is over', async () => {
    const { requests } = privacy.service
    const receivedAtMs = Date.now() - 40 * DAY_MS
    const opened = await requests.openRequest({ subject: JANE, kind: 'access', receivedAtMs })
    assert.deepEqual([opened.state, opened.dueAtMs], ['overdue', monthsAfter(receivedAtMs, 1)])
    const { id } = opened
    const told = async () =>
      (await privacy.service.status()).problems.filter(({ code }) => code === 'CASE_OVERDUE')
    assert.ok((await told())[0]?.message.includes(id) && !(await told())[0]?.message.includes(JANE))
    const late = requests.extendRequest({ id, reason: 'many archives', toldAtMs: null })
    await assert.rejects(late, { code: 'USAGE' })
    const inTime = { id, reason: 'many archives', toldAtMs: receivedAtMs + 20 * DAY_MS }
    const extended = await requests.extendRequest(inTime)
    assert.deepEqual([extended.state, extended.dueAtMs], ['open', monthsAfter(receivedAtMs, 3)])
    await assert.rejects(requests.extendRequest(inTime), { code: 'NO_CHANGE' })
    assert.deepEqual(await told(), [])
    const { about, erasures } = await requests.request(id)
    assert.deepEqual([about?.versions, about?.available, erasures], [2, 2, []])
    await assert.rejects(requests.closeRequest({ id, outcome: 'refused', reason: null }), { code: 'USAGE' })
    await assert.rejects(requests.deleteRequest(id), { code: 'CASE_OPEN' })
    const closed = await requests.closeRequest({ id, outcome: 'fulfilled', reason: null })
    assert.equal(closed.state, 'closed')
    await requests.deleteRequest(id)
    assert.deepEqual(await requests.requests(), [])
    await assert.rejects(clinic.service.requests.requests(), { code: 'NOT_AUTHORISED' })
  })

  test('leaves in the audit log that somebody looked, and not whom for, once the person is forgotten', async () => {
    const { subjects } = privacy.service
    await subjects.subject(JANE)
    await subjects.subject(JOHN)
    await assert.rejects(subjects.subject('nobody-9916'), { code: 'SUBJECT_UNKNOWN' })
    const of = async (id: string) => (await subjects.lookups(id)).lookups.map(({ what }) => what)
    assert.deepEqual((await of(JOHN)).filter(what => what === 'person').length, 1)
    assert.deepEqual((await of(JANE)).filter(what => what === 'person').length, 1)
    const entries = async () =>
      (
        await admin.service.audit({
          ...{ device: 'privacy-2', dataset: null, action: 'looked-up', sinceMs: null, limit: 1000 }
        })
      ).entries
    const marks = (await entries()).map(({ event }) => event.subject)
    assert.ok(marks.includes(null), 'of nobody who is known')
    const some = marks.filter(each => each !== null)
    assert.equal(new Set(some).size, some.length, 'no two entries tell that they are of one person')
    assert.ok(!JSON.stringify(await entries()).includes(JOHN))
  })

  test('shows the erasures that answer it, and does not say any more whose it was once that is forgotten', async () => {
    const file = join(privacy.node.home, 'privacy.db')
    const store = new PrivacyStore(file)
    const requests = new LocalRequestService(privacy.node, { store, erasures: { openOn: () => new Map() } })
    const { id } = await requests.openRequest({ subject: JANE, kind: 'erasure', receivedAtMs: null })
    const other = await requests.openRequest({ subject: JOHN, kind: 'objection', receivedAtMs: null })
    const { case: erasure } = await admin.service.erasures.erase({
      ...{ name: null, version: null, allVersions: false, subject: JANE, reason: null, basis: 'art17' },
      deleteSource: false
    })
    await org.settled()
    const { erasures } = await requests.request(id)
    assert.deepEqual(
      erasures.map(each => [each.case, each.basis, each.versions]),
      [[erasure, 'art17', 2]]
    )
    assert.ok(holds(JANE))
    await admin.service.subjects.forget({ id: JANE, force: true })
    await eventually(
      'the other steward has forgotten it too',
      () => !privacy.node.subjects.directory.ids().includes(JANE)
    )
    assert.deepEqual([holds(JANE), holds(JOHN)], [false, true])
    const { request, about } = await requests.request(id)
    assert.deepEqual([request.subject, request.kind, about], [null, 'erasure', null])
    assert.equal((await requests.request(other.id)).request.subject, JOHN)
    store.close()

    function holds(words: string): boolean {
      return [file, `${file}-wal`].some(path => existsSync(path) && readFileSync(path).includes(words))
    }
  })

  test('and all notes are forgotten by who is a steward no more; a log that is not had is told', async () => {
    await admin.service.governance.revokeRole({ device: 'privacy-2', role: 'privacy' })
    await org.settled()
    await assert.rejects(privacy.service.privacy.notes(), { code: 'NOT_AUTHORISED' })
    await admin.service.governance.grantRole({ device: 'privacy-2', role: 'privacy', expiresInMs: null })
    await org.settled()
    const { controller, places } = await privacy.service.privacy.notes()
    assert.deepEqual([controller.controller, places], [null, []])
    assert.deepEqual(await privacy.service.breaches.breaches(), [])
    await clinic.node.stop()
    org.running.splice(org.running.indexOf(clinic), 1)
    const { missing } = await privacy.service.privacy.transfers()
    assert.deepEqual(
      missing.map(({ device, reason }) => [device.name, reason]),
      [['clinic-3', 'not connected']]
    )
  })
})
