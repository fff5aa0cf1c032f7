import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { LEVELS, levelOf } from '../base/risk-level.ts'
import { MEASURES } from './register/measures.ts'
import { RISKS } from './register.ts'
import { registerTables, TABLE_BEGIN, TABLE_END } from './register-table.conformance.ts'
import { DEGREES, scoreOf } from './scale.ts'

const PAGE = new URL('../../docs/RISK.md', import.meta.url)

/** How many subcategories each category of NIST CSF 2.0 has, and which numbers were left out of it. */
const CSF: Readonly<Record<string, readonly number[]>> = {
  'GV.OC': [1, 2, 3, 4, 5],
  'GV.RM': [1, 2, 3, 4, 5, 6, 7],
  'GV.RR': [1, 2, 3, 4],
  'GV.PO': [1, 2],
  'GV.OV': [1, 2, 3],
  'GV.SC': [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  'ID.AM': [1, 2, 3, 4, 5, 7, 8],
  'ID.RA': [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  'ID.IM': [1, 2, 3, 4],
  'PR.AA': [1, 2, 3, 4, 5, 6],
  'PR.AT': [1, 2],
  'PR.DS': [1, 2, 10, 11],
  'PR.PS': [1, 2, 3, 4, 5, 6],
  'PR.IR': [1, 2, 3, 4],
  'DE.CM': [1, 2, 3, 6, 9],
  'DE.AE': [2, 3, 4, 6, 7, 8],
  'RS.MA': [1, 2, 3, 4, 5],
  'RS.AN': [3, 6, 7, 8],
  'RS.CO': [2, 3],
  'RS.MI': [1, 2],
  'RC.RP': [1, 2, 3, 4, 5, 6],
  'RC.CO': [3, 4]
}
/** Controls of each clause of ISO/IEC 27001:2022 Annex A. */
const ANNEX_A = { 5: 37, 6: 8, 7: 14, 8: 34 } as const
const GDPR_ARTICLES = 99

test('a score is the product, and each level has a place in the matrix', () => {
  const scores = DEGREES.flatMap(likelihood => DEGREES.map(impact => scoreOf({ likelihood, impact })))
  assert.deepEqual([Math.min(...scores), Math.max(...scores)], [1, 25])
  assert.deepEqual(new Set(scores.map(levelOf)), new Set(LEVELS))
  const sorted = scores.toSorted((a, b) => a - b).map(score => LEVELS.indexOf(levelOf(score)))
  assert.deepEqual(
    sorted,
    sorted.toSorted((a, b) => a - b)
  )
  assert.deepEqual([3, 4, 6, 8, 10, 12, 15, 16].map(levelOf), [
    ...['very low', 'low', 'low', 'moderate', 'moderate', 'high', 'high', 'very high']
  ])
})

describe('the register', () => {
  test('has each risk once, each control once in its risk, and uses every measure', () => {
    assert.equal(new Set(RISKS.map(({ id }) => id)).size, RISKS.length)
    for (const { id, controls } of RISKS)
      assert.equal(new Set(controls.map(each => each.id)).size, controls.length, id)
    const used = new Set(RISKS.flatMap(({ indicators }) => indicators.map(({ id }) => id)))
    assert.deepEqual([...used].sort(), Object.keys(MEASURES).sort())
  })

  test('has controls that rest on indicators of their factor, or say that they are judged', () => {
    for (const { id, indicators, controls } of RISKS) {
      for (const control of controls) {
        assert.ok(control.indicators.length > 0 || control.basis === 'judged', `${id} ${control.id}`)
        for (const rests of control.indicators) {
          const indicator = indicators.find(each => each.id === rests)
          assert.equal(indicator?.factor, control.factor, `${id} ${control.id} ${rests}`)
        }
      }
      for (const indicator of indicators)
        assert.ok(
          controls.some(each => each.indicators.includes(indicator.id)),
          `${id} ${indicator.id}`
        )
    }
  })

  test('has a limit that is worse than the target', () => {
    for (const { id, indicators } of RISKS)
      for (const { id: named, better, target, limit } of indicators)
        assert.ok(better === 'lower' ? limit > target : limit < target, `${id} ${named}`)
  })

  test('names subcategories, controls and articles that there are', () => {
    for (const { id, mapping, threatEvents } of RISKS) {
      assert.ok(threatEvents.length > 0, id)
      for (const ids of Object.values(mapping)) assert.ok(ids.length > 0, id)
      for (const csf of mapping.csf) {
        const [, category = '', number = ''] = /^([A-Z]{2}\.[A-Z]{2})-(\d\d)$/.exec(csf) ?? []
        assert.ok(CSF[category]?.includes(Number(number)), `${id} ${csf}`)
      }
      for (const iso of mapping.iso) {
        const [, clause, number] = /^A\.([5-8])\.(\d+)$/.exec(iso) ?? []
        const count = ANNEX_A[Number(clause) as keyof typeof ANNEX_A] ?? 0
        assert.ok(Number(number) >= 1 && Number(number) <= count, `${id} ${iso}`)
      }
      for (const gdpr of mapping.gdpr) {
        const [, article] = /^Art\. (\d+)(?:\(\d+\))?(?:\([a-z]\))?$/.exec(gdpr) ?? []
        assert.ok(Number(article) >= 1 && Number(article) <= GDPR_ARTICLES, `${id} ${gdpr}`)
      }
    }
  })

  test('stands in docs/RISK.md as it is', () => {
    const page = readFileSync(PAGE, 'utf8')
    const found = page.slice(page.indexOf(TABLE_BEGIN), page.indexOf(TABLE_END) + TABLE_END.length)
    assert.equal(found, registerTables())
  })
})
