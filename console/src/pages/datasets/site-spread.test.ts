import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Holder } from '../../components/spread.ts'
import { siteSpreads } from './site-spread.ts'

type Member = Parameters<typeof siteSpreads>[0][number]

const member = (name: string, site: string | null, standing = 'member') =>
  ({ device: `id-${name}`, name, site, standing }) as unknown as Member
const holder = (name: string, site: string | null, havePieces: number) =>
  ({
    ...{ device: `id-${name}`, name, site, havePieces, isWhole: havePieces === 4, isMember: true }
  }) as unknown as Holder

test('every member is at its site, the largest first, with what it is known to have', () => {
  const members = [member('a10', 'oslo'), member('a9', 'oslo'), member('b', 'paris'), member('c', 'lyon')]
  const spreads = siteSpreads(members, [holder('a10', 'oslo', 4), holder('c', 'lyon', 1)], 4)
  assert.deepEqual(
    spreads.map(({ site, whole, share, cells }) => [site, whole, share, cells.map(({ name }) => name)]),
    [
      ['oslo', 1, 0.5, ['a9', 'a10']],
      ['lyon', 0, 0.25, ['c']],
      ['paris', 0, 0, ['b']]
    ]
  )
})

test('who is no member any more is nowhere, and a holder that is not listed yet at its site', () => {
  const members = [member('gone', 'oslo', 'revoked'), member('left', 'oslo', 'revoked')]
  const left = { ...holder('left', 'oslo', 2), isMember: false }
  const spreads = siteSpreads([...members, member('b', 'paris')], [left, holder('new', null, 4)], 4)
  assert.deepEqual(
    spreads.map(({ site, cells }) => [site, cells.map(({ name, share }) => [name, share])]),
    [
      [null, [['new', 1]]],
      ['paris', [['b', 0]]]
    ]
  )
})
