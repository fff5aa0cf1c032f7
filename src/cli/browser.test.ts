import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { AppError } from '../base/errors.ts'
import { openAddress, openerOf } from './browser.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-browser-'))
after(() => rmSync(folder, { recursive: true }))

const ADDRESS = 'https://localhost:4780/#code=pgc_<">&'

describe('an address that a browser opens', () => {
  test('is not among what it is started with, but in a file that only its owner reads', async () => {
    const page = join(folder, 'page.html')
    writeFileSync(page, 'of an earlier time', { mode: 0o644 })
    const opened: string[] = []
    await openAddress(ADDRESS, { page, open: async path => void opened.push(path) })
    assert.deepEqual(opened, [page])
    assert.equal(statSync(page).mode & 0o777, 0o600)
    assert.match(
      readFileSync(page, 'utf8'),
      /content="0;url=https:\/\/localhost:4780\/#code=pgc_&lt;&quot;&gt;&amp;"/
    )
  })

  test('is left to the person when no browser can be started', async () => {
    const open = () => Promise.reject(new Error('spawn xdg-open ENOENT'))
    await assert.rejects(
      openAddress(ADDRESS, { page: join(folder, 'page.html'), open }),
      (thrown: unknown) =>
        thrown instanceof AppError && /xdg-open ENOENT; open the address/.test(thrown.message)
    )
  })
})

test('a machine without a desktop opens nothing', () => {
  assert.equal(openerOf({ platform: 'linux', env: {} }), undefined)
  for (const env of [{ DISPLAY: ':0' }, { WAYLAND_DISPLAY: 'wayland-0' }])
    assert.ok(openerOf({ platform: 'linux', env }))
})

test('a program that is not there is told of', { skip: process.platform !== 'linux' }, async () => {
  const path = process.env.PATH
  process.env.PATH = folder
  try {
    await assert.rejects(
      openerOf({ platform: 'linux', env: { DISPLAY: ':0' } })?.('/x') ?? assert.fail(),
      /ENOENT/
    )
  } finally {
    process.env.PATH = path
  }
})
