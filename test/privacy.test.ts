/** The registers and cases of privacy, on real nodes: what they say, whom they say it to, and what is forgotten. */

import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { OrgInProcess, type Running } from '../lab/org-in-process.ts'
import { processingRecord } from '../src/api/privacy.ts'
import type { VersionId } from '../src/base/ids.ts'
import { processingPage, processingTable } from '../src/cli/processing-page.ts'

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

before(async () => {
  admin = await org.found('admin-1')
  privacy = await org.join(admin, 'privacy-2', { site: 'lyon' })
  clinic = await org.join(admin, 'clinic-3', { site: 'boston' })
  await org.settled()
  const { governance, storage } = admin.service
  await governance.grantRole({ device: 'privacy-2', role: 'privacy', expiresInMs: null })
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
