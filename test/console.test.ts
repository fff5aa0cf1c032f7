/**
 * The console in a real Chromium, on a real node: what a person does with it, and what it must never do. The parts are
 * in console-tours/, on one org for all.
 */

import assert from 'node:assert/strict'
import { env } from 'node:process'
import { after, before, describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { chromiumPath } from '../lab/console-browser.ts'
import { ConsoleOrg, type ConsoleTour } from '../lab/console-org.ts'
import { auditTour } from './console-tours/audit.ts'
import { datasetsTour } from './console-tours/datasets.ts'
import { governanceTour } from './console-tours/governance.ts'
import { keepingTour } from './console-tours/keeping.ts'
import { ledgerTour } from './console-tours/ledger.ts'
import { membersTour } from './console-tours/members.ts'
import { performanceTour } from './console-tours/performance.ts'
import { privacyTour } from './console-tours/privacy.ts'
import { providerTour } from './console-tours/provider.ts'
import { revocationTour } from './console-tours/revocation.ts'
import { riskTour } from './console-tours/risk.ts'
import { settingsTour } from './console-tours/settings.ts'
import { signInTour } from './console-tours/sign-in.ts'
import { steeringTour } from './console-tours/steering.ts'
import { transfersTour } from './console-tours/transfers.ts'
import { wallTour } from './console-tours/wall.ts'

/** In this order; the last leaves less of the org than there was. */
const TOURS: readonly ConsoleTour[] = [
  signInTour,
  datasetsTour,
  transfersTour,
  ledgerTour,
  riskTour,
  privacyTour,
  performanceTour,
  steeringTour,
  settingsTour,
  auditTour,
  wallTour,
  keepingTour,
  membersTour,
  governanceTour,
  providerTour,
  revocationTour
]
/** Pages that are judged beside each other: each keeps a processor busy. */
const AT_ONCE = 2
const executable = chromiumPath()
const isMissing = executable === undefined && env.CI !== 'true' ? 'no Chromium is installed here' : false

describe('the console', { skip: isMissing }, () => {
  let org: ConsoleOrg

  before(async () => {
    assert.ok(executable !== undefined, 'CI has a Chromium')
    org = await ConsoleOrg.start(executable)
    for (const { prepare } of TOURS) await prepare?.(org)
  })
  after(async () => await org?.stop())

  test('every page is read by everybody: light, dark and on a phone', async () => {
    const left = TOURS.flatMap(({ paths }) => paths(org).map((path, at) => ({ path, alsoInDark: at === 0 })))
    const judgeWhatIsLeft = async (page: Page): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) await org.isReadable(page, next)
    }
    const all = await Promise.allSettled(Array.from({ length: AT_ONCE }, () => org.atDesk(judgeWhatIsLeft)))
    for (const each of all) if (each.status === 'rejected') throw each.reason
  })

  for (const { stops } of TOURS)
    for (const { what, visit } of stops) test(what, () => org.atDesk(page => visit(org, page)))

  test('no page failed, broke its policy, or called anybody but the node', () => {
    assert.deepEqual(org.faults, [])
  })
})
