import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { requireApart } from './home-guard.ts'

let top: string
let home: string

before(() => {
  top = mkdtempSync(join(tmpdir(), 'peerage-guard-'))
  home = join(top, 'a', 'home')
  mkdirSync(home, { recursive: true })
  mkdirSync(join(top, 'data'))
  writeFileSync(join(home, 'device.key'), 'x')
  symlinkSync(home, join(top, 'data', 'link'))
  symlinkSync(top, join(top, 'data', 'up'))
  symlinkSync(join(home, 'sign-in.json'), join(top, 'data', 'early'))
  symlinkSync('early', join(top, 'data', 'earlier'))
  symlinkSync(join('..', 'a', 'home', 'new', 'file'), join(top, 'data', 'near'))
  symlinkSync(join(top, 'data', 'nothing'), join(top, 'data', 'apart'))
})
after(() => rmSync(top, { recursive: true }))

describe('a path that a caller names', () => {
  it('is neither the home of the node, nor in it, nor around it', async () => {
    for (const path of [
      home,
      join(home, 'device.key'),
      join(home, 'new', 'file'),
      join(home, '..'),
      top,
      '/'
    ])
      await assert.rejects(requireApart(home, path), { code: 'NOT_AUTHORISED' }, path)
  })

  it('does not lead there by a link, or by dots', async () => {
    const data = join(top, 'data')
    for (const path of [`${data}/link`, `${data}/link/device.key`, `${data}/link/new`, `${data}/up`])
      await assert.rejects(requireApart(home, path), { code: 'NOT_AUTHORISED' }, path)
    await assert.rejects(requireApart(home, `${data}/../a/home/x`), { code: 'NOT_AUTHORISED' })
  })

  it('does not lead there by a link to what is not there yet', async () => {
    for (const name of ['early', 'earlier', 'near', 'early/file'])
      await assert.rejects(requireApart(home, join(top, 'data', name)), { code: 'NOT_AUTHORISED' }, name)
  })

  it('is anything else', async () => {
    for (const path of [
      `${home}2`,
      join(top, 'data'),
      join(top, 'data', 'not', 'there'),
      join(top, 'data', 'apart'),
      join(top, 'a', 'b')
    ])
      await requireApart(home, path)
  })

  it('is found by the home’s own place, also when that is named by a link', async () => {
    await assert.rejects(requireApart(join(top, 'data', 'link'), join(home, 'x')), { code: 'NOT_AUTHORISED' })
  })
})
