/** Reports of the whole register: OSCAL against NIST's schema, and the page against what it must not have. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { type RiskRegister, riskRegister } from '../src/api/risk.ts'
import { levelOf } from '../src/base/risk-level.ts'
import { oscalResults } from '../src/cli/risk-oscal.ts'
import { riskPage } from '../src/cli/risk-page.ts'
import { RISKS } from '../src/risk/register.ts'
import { assess } from '../src/risk/residual.ts'
import type { Reading } from '../src/risk/risk.ts'

const SCHEMA = new URL('./vectors/oscal/oscal_assessment-results_schema-1.1.3.json', import.meta.url)
const NOW_MS = 1_800_000_000_000
const DEVICE = 'cd'.repeat(32)
const HOSTILE = `<script>alert("x")</script> & 'y'`

/** Every risk, with indicators of each grade, an owner, and an acceptance. */
function register(): RiskRegister {
  const readings = new Map<string, Reading>(
    RISKS.flatMap(({ indicators }) => indicators).map(({ id, target, limit }, index) => {
      const value = [target, (target + limit) / 2, limit, null][index % 4] ?? null
      const unknown = value === null ? 'nobody measured it' : null
      return [id, { value, unknown, detail: HOSTILE, devices: [DEVICE], atMs: NOW_MS }]
    })
  )
  const name = { device: DEVICE, name: HOSTILE, site: 'berlin' }
  const risks = RISKS.map((spec, index) => {
    const { likelihood, impact, score, level, indicators, controls, inherentScore } = assess(
      spec,
      readings,
      NOW_MS
    )
    const { id, title, description, category, threatEvents, mapping } = spec
    return {
      ...{ id, title, description, category, threatEvents, mapping, controls },
      inherent: { ...spec.inherent, score: inherentScore, level: levelOf(inherentScore) },
      residual: { likelihood: likelihood.residual, impact: impact.residual, score, level },
      steps: { likelihood: likelihood.steps, impact: impact.steps },
      indicators: indicators.map(each => ({ ...each, devices: [name] })),
      owner: index % 2 === 0 ? HOSTILE : null,
      treatment: 'accept',
      acceptances: [
        {
          ...{
            operation: index.toString(16).padStart(64, '0'),
            by: name,
            score,
            reason: HOSTILE,
            acceptedAtMs: NOW_MS
          },
          ...{ untilMs: NOW_MS + 1000, state: index % 3 === 0 ? 'in-force' : 'ended' }
        }
      ],
      trend: [{ dayAtMs: NOW_MS, likelihood: 1, impact: 5, score: 5 }]
    }
  })
  return riskRegister.parse({
    org: { id: 'ab'.repeat(32), name: HOSTILE },
    device: { id: DEVICE, name: HOSTILE, site: 'berlin', kind: 'server', admin: true },
    ...{ software: 'peerage/1', atMs: NOW_MS, risks }
  })
}

describe('the report of the register as OSCAL', () => {
  const ajv = new Ajv({ strict: false, allErrors: true })
  addFormats.default(ajv)
  const valid = ajv.compile(JSON.parse(readFileSync(SCHEMA, 'utf8')))
  const results = (): unknown => JSON.parse(JSON.stringify(oscalResults(register())))

  test('is valid by the schema of NIST for assessment results', () => {
    assert.ok(valid(results()), JSON.stringify(valid.errors?.slice(0, 5), undefined, 1))
  })

  test('would not be with a field too many or one too few: the schema does hold it', () => {
    const { 'assessment-results': of } = results() as { 'assessment-results': Record<string, unknown> }
    assert.ok(!valid({ 'assessment-results': { ...of, extra: 1 } }))
    const { uuid: _, ...rest } = of
    assert.ok(!valid({ 'assessment-results': rest }))
  })

  test('has every risk and indicator, each under an id of its own, and the same ids each time', () => {
    const text = JSON.stringify(results())
    const ids = [...text.matchAll(/"uuid":"([^"]+)"/g)].map(match => match[1])
    assert.equal(new Set(ids).size, ids.length)
    assert.equal(text, JSON.stringify(results()))
    for (const { title } of RISKS) assert.ok(text.includes(`"title":"${title}"`), title)
    const indicators = RISKS.reduce((sum, each) => sum + each.indicators.length, 0)
    assert.equal(text.match(/"methods":\["TEST"\]/g)?.length, indicators)
  })
})

describe('the report of the register as a page', () => {
  const page = riskPage(register())
  test('escapes what people typed, runs nothing and asks nobody', () => {
    assert.ok(page.includes('&lt;script&gt;'))
    for (const never of ['<script', 'http:', 'https:', 'url(', 'src=', '@import', 'onload'])
      assert.ok(!page.includes(never), never)
    assert.match(page, /default-src 'none'/)
  })

  test('has a section for each risk that the table leads to, and says the heat map in words', () => {
    for (const { id } of RISKS) {
      assert.ok(page.includes(`<section id="${id}">`), id)
      assert.ok(page.includes(`href="#${id}"`), id)
    }
    const [, said = ''] = /<desc[^>]*>([^<]*)</.exec(page) ?? []
    const told = [...said.matchAll(/(\d+) at likelihood/g)].reduce((sum, match) => sum + Number(match[1]), 0)
    assert.equal(told, RISKS.length)
    assert.match(page, /<html lang="en">/)
  })
})
