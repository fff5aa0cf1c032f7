import assert from 'node:assert/strict'
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
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
  mkdirSync(join(top, 'a', 'beside'))
  mkdirSync(join(top, 'other', 'deep'), { recursive: true })
  symlinkSync(join(top, 'a', 'beside'), join(top, 'data', 'beside'))
  symlinkSync(join(top, 'other', 'deep'), join(top, 'data', 'far'))
  symlinkSync(join(top, 'other', 'deep'), join(top, 'a', 'away'))
  symlinkSync('beside/../home/new', join(top, 'data', 'through'))
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

  it('does not lead there by dots behind a link, as the system reads them or as text has them', async () => {
    // The system goes up from where the link leads: to the folder of the home, and from there into it.
    for (const path of [
      `${top}/data/beside/../home/x`,
      `${top}/data/beside/../home`,
      `${top}/data/beside/..`
    ])
      await assert.rejects(requireApart(home, path), { code: 'NOT_AUTHORISED' }, path)
    // As text, it is gone up from the link.
    await assert.rejects(requireApart(home, `${top}/a/away/../home/x`), { code: 'NOT_AUTHORISED' })
    await assert.rejects(requireApart(home, `${top}/data/through`), { code: 'NOT_AUTHORISED' })
    await requireApart(home, `${top}/data/far/../x`)
  })

  it('is no other name of a file there', async () => {
    const [key, note] = [join(top, 'data', 'key'), join(top, 'data', 'note')]
    linkSync(join(home, 'device.key'), key)
    writeFileSync(note, 'n')
    linkSync(note, join(top, 'data', 'note2'))
    await assert.rejects(requireApart(home, key), { code: 'NOT_AUTHORISED' })
    await requireApart(home, note)
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
