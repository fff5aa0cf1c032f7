/** What an org has noted and set when its privacy officer and who runs its network are at work, for its pictures. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../src/base/units.ts'
import type { ClusterNode } from './cluster.ts'

const PERSON = 'jane.doe@example.org'
const COUNTRIES: Readonly<Record<string, string>> = { berlin: 'DE', paris: 'FR', lisbon: 'PT', oslo: 'NO' }

interface Office {
  /** An admin, on whose device the notes are. */
  readonly first: ClusterNode
  readonly reader: ClusterNode
  readonly sites: readonly string[]
  readonly folder: string
}

export async function furnish(office: Office): Promise<void> {
  const { first, sites } = office
  await publishAboutPersons(office)
  await noteRecords(first, sites)
  await openCases(first)
  await setPerformance(first)
}

async function publishAboutPersons({ first, reader, folder }: Office): Promise<void> {
  const content = join(folder, 'persons')
  mkdirSync(content)
  for (const name of ['payroll', 'applicants']) {
    const path = join(content, `${name}.csv`)
    writeFileSync(path, `${name} of ${PERSON}\n`.repeat(2_000))
    await first.done(
      ...['publish', path, '--name', name, '--class', 'confidential', '--label', 'staff'],
      ...['--subject', PERSON, '--subject', 'john.roe@example.org']
    )
    await first.done('access', 'grant', reader.name, name, '--purpose', 'salaries')
    await reader.done('get', name, join(folder, `read-${name}.csv`))
  }
  await first.done('hold', 'place', 'payroll', '--reason', 'case 17, until the court has ruled')
  await first.done('class', 'set', 'confidential', '--retention', '90d')
  await first.done('erase', 'applicants', '--basis', 'contract', '--reason', 'the post is taken')
}

async function noteRecords({ client }: ClusterNode, sites: readonly string[]): Promise<void> {
  await client.call('setPrivacyNote', { field: 'controller', value: 'Acme GmbH, Berlin' })
  await client.call('setPrivacyNote', { field: 'dpo', value: 'dpo@acme.example' })
  for (const site of new Set(sites)) {
    const country = COUNTRIES[site] ?? null
    await client.call('setPlace', { place: `site:${site}`, country, basis: null, reference: null })
  }
  await client.call('describeDataset', {
    ...{ name: 'payroll', purpose: 'paying salaries', legalBasis: 'Art. 6(1)(b)', persons: 'employees' },
    ...{ data: 'names, accounts, salaries', personal: true }
  })
  await client.call('describeDataset', { name: 'os-image', personal: false })
}

async function openCases({ client }: ClusterNode): Promise<void> {
  const nowMs = Date.now()
  for (const [kind, days] of [
    ['access', 24],
    ['erasure', 3],
    ['rectification', 40]
  ] as const)
    await client.call('openRequest', { subject: PERSON, kind, receivedAtMs: nowMs - days * DAY_MS })
  const { id } = await client.call('openBreach', {
    summary: 'A laptop with a copy of the payroll was lost in a train',
    ...{ datasets: ['payroll'], fromMs: nowMs - 3 * DAY_MS, toMs: null, awareAtMs: nowMs - 50 * HOUR_MS }
  })
  await client.call('changeBreach', { id, said: { nature: 'loss of confidentiality', cause: 'loss' } })
}

async function setPerformance({ client }: ClusterNode): Promise<void> {
  const level = { dataset: null, site: null, windowMs: 30 * DAY_MS } as const
  for (const [name, measure, limitMs, targetShare] of [
    ['on every device in ten minutes', 'distribute', 10 * MINUTE_MS, 0.95],
    ['begins at once', 'first-byte', 2_000, 0.95],
    ['can be had', 'availability', null, 0.999],
    ['known in a second', 'revocation', 1_000, 0.99],
    ['repaired in an hour', 'repair', HOUR_MS, 0.9]
  ] as const)
    await client.call('setLevel', { ...level, name, measure, limitMs, targetShare })
  for (const [site, perGb] of [
    [null, 0.08],
    ['oslo', 1.2]
  ] as const)
    await client.call('setPrice', { site, price: { currency: 'EUR', perGb } })
}
