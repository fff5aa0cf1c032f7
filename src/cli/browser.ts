/**
 * Opens an address in the browser of whoever sits at the machine, without showing it to others there: what a program
 * is started with can be read by every user of the machine, so the browser is given a file that only its owner can
 * read, and that leads to the address.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm, writeFile } from 'node:fs/promises'
import { AppError, messageOf } from '../base/errors.ts'
import { escaped } from '../base/html.ts'

const OWNER_ONLY = 0o600

export type OpenFile = (path: string) => Promise<void>

export interface Desktop {
  readonly platform: NodeJS.Platform
  readonly env: Readonly<Record<string, string | undefined>>
}

/** How the platform opens a file for a person; undefined where there is no desktop to open it on. */
export function openerOf({ platform, env }: Desktop): OpenFile | undefined {
  if (platform === 'win32') return path => start('explorer.exe', path)
  if (platform === 'darwin') return path => start('open', path)
  return env.DISPLAY || env.WAYLAND_DISPLAY ? path => start('xdg-open', path) : undefined
}

/** Writes the page that leads to `address`, and has it opened. */
export async function openAddress(
  address: string,
  { page, open }: { readonly page: string; readonly open: OpenFile }
): Promise<void> {
  try {
    // Made anew, so that a file that others can read is never written to.
    await rm(page, { force: true })
    await writeFile(page, leadingTo(address), { mode: OWNER_ONLY, flag: 'wx' })
    await open(page)
  } catch (cause) {
    throw new AppError(
      'SOURCE_MISSING',
      `can not open a browser: ${messageOf(cause)}; open the address yourself`,
      {
        cause
      }
    )
  }
}

function leadingTo(address: string): string {
  const quoted = escaped(address)
  return [
    '<!doctype html><meta charset="utf-8"><title>Peerage</title><meta name="referrer" content="no-referrer">',
    `<meta http-equiv="refresh" content="0;url=${quoted}"><a href="${quoted}">Go on to this node</a>`,
    ''
  ].join('\n')
}

async function start(program: string, path: string): Promise<void> {
  const child = spawn(program, [path], { detached: true, stdio: 'ignore' })
  await once(child, 'spawn')
  child.unref()
}
