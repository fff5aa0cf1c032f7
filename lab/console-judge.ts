/** Judges pages of the console by axe: whether all can use them who see, hear or touch them. */

import assert from 'node:assert/strict'
import axe from 'axe-core'
import type { Page } from 'playwright-core'

/** A rule that something breaks, and what breaks it. */
type Finding = readonly [rule: string, elements: readonly string[]]

/**
 * Fails when something on a page as it is now is serious, by `rules` or by all of them. The judge stays in the page:
 * having it read is the dearest part of a short judgement.
 */
export async function judge(page: Page, where: string, rules: readonly string[] = []): Promise<void> {
  if (!(await page.evaluate<boolean>("typeof axe === 'object'"))) await page.evaluate(axe.source)
  const options = {
    resultTypes: ['violations'],
    ...(rules.length === 0 ? {} : { runOnly: { type: 'rule', values: rules } })
  }
  const found = await page.evaluate<Finding[]>(
    `axe.run(document, ${JSON.stringify(options)}).then(({ violations }) => violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]))`
  )
  assert.deepEqual(
    found.map(finding => [where, ...finding]),
    []
  )
}
