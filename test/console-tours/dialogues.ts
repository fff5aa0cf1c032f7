/** Dialogues that tours go through: what is dangerous takes the name of what it is done to. */

import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'

export interface Meant {
  readonly title: string
  /** What has to be written. */
  readonly name: string
  readonly verb: string
  readonly reason?: string
}

/** Does what a dialogue asks for: nothing by a wrong name, and by the right one it is in force. */
export async function mean(page: Page, { title, name, verb, reason }: Meant): Promise<void> {
  const dialogue = page.getByRole('dialog', { name: title })
  const confirm = dialogue.getByRole('button', { name: verb, exact: true })
  const field = dialogue.getByRole('textbox', { name: `Write ${name} to go on` })
  if (reason !== undefined) await dialogue.getByRole('textbox', { name: 'Reason' }).fill(reason)
  assert.equal(await confirm.isDisabled(), true)
  await field.fill(`${name}x`)
  assert.equal(await confirm.isDisabled(), true, `${title} takes no other name`)
  await field.fill(name)
  await confirm.click()
  await leave(page, title)
}

/** Closes a dialogue once what it did is in force. */
export async function leave(page: Page, title: string): Promise<void> {
  const dialogue = page.getByRole('dialog', { name: title })
  await dialogue.getByText('It is in force').first().waitFor()
  await dialogue.getByRole('button', { name: 'Close' }).last().click()
  await dialogue.waitFor({ state: 'detached' })
}
