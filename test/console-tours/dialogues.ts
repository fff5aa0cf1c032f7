/** Dialogues that tours go through: what is dangerous takes the name of what it is done to. */

import assert from 'node:assert/strict'
import type { Locator, Page } from 'playwright-core'
import type { ConsoleOrg } from '../../lab/console-org.ts'

export interface Meant {
  readonly title: string
  /** What has to be written. */
  readonly name: string
  readonly verb: string
  readonly reason?: string
  /** What comes of it; by default it is in force. */
  readonly outcome?: Outcome
}

type Outcome = 'It is in force' | 'It waits'

/** Does what a dialogue asks for: nothing by a wrong name, and by the right one what is meant. */
export async function mean(page: Page, meant: Meant): Promise<void> {
  await confirm(page, meant)
  await leave(page, meant.title, meant.outcome)
}

/** Writes the name and goes on; what comes of it is not looked at. */
export async function confirm(page: Page, { title, name, verb, reason }: Meant): Promise<void> {
  const dialogue = page.getByRole('dialog', { name: title })
  const button = dialogue.getByRole('button', { name: verb, exact: true })
  const field = dialogue.getByRole('textbox', { name: `Write ${name} to go on` })
  if (reason !== undefined) await dialogue.getByRole('textbox', { name: 'Reason' }).fill(reason)
  assert.equal(await button.isDisabled(), true)
  await field.fill(`${name}x`)
  assert.equal(await button.isDisabled(), true, `${title} takes no other name`)
  await field.fill(name)
  await button.click()
}

/** Makes a choice of a list. */
export async function choose(page: Page, label: string, option: string | RegExp): Promise<void> {
  await page.getByRole('combobox', { name: label }).click()
  await page.getByRole('option', { name: option }).click()
}

/** Presses a button, of the page or of the dialogue that is open. */
export async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click()
}

/** Closes a dialogue once it has shown what came of it. */
export async function leave(page: Page, title: string, outcome: Outcome = 'It is in force'): Promise<void> {
  const dialogue = page.getByRole('dialog', { name: title })
  await dialogue.getByText(outcome).first().waitFor()
  await dialogue.getByRole('button', { name: 'Close' }).last().click()
  await dialogue.waitFor({ state: 'detached' })
}

/** Asks in the settings for a token with one scope; answers with the dialogue, which tells what came of it. */
export async function askForToken(
  { org, page }: { readonly org: ConsoleOrg; readonly page: Page },
  { name, scope }: { readonly name: string; readonly scope: string }
): Promise<Locator> {
  await org.goTo(page, '/console/settings')
  await press(page, 'Make a token')
  const making = page.getByRole('dialog', { name: 'Make a token' })
  await making.getByRole('textbox', { name: 'Name' }).fill(name)
  await making.getByRole('checkbox', { name: scope, exact: true }).check()
  await making.getByRole('button', { name: 'Make it' }).click()
  return making
}
