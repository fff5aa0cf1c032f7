import assert from 'node:assert/strict'
import { test } from 'node:test'
import { going, type Look, leftMs, lookedAgain, paces } from './pace.ts'

type Known = Parameters<typeof lookedAgain>[1]

/** What the node answered at a time: pieces that each device has, of eight. */
const known = (atMs: number, pieces: Record<string, number>, version = 'v1') =>
  ({
    ...{ version, atMs, totalPieces: 8 },
    holders: Object.entries(pieces).map(([device, havePieces]) => ({
      ...{ device, havePieces, isWhole: havePieces === 8, isMember: true, by: 'stream' }
    }))
  }) as unknown as Known
const looks = (...answers: readonly Known[]) => answers.reduce<readonly Look[]>(lookedAgain, [])

test('nothing is said of the pace before some seconds were looked at', () => {
  assert.equal(paces(looks()), undefined)
  assert.equal(going(looks(known(0, { a: 1 }), known(3_000, { a: 7 })), 1_000), undefined)
})

test('who gets more is told with what comes and how long it takes', () => {
  const seen = looks(known(0, { a: 2, b: 4, c: 8, d: 5 }), known(8_000, { a: 6, b: 5, c: 8, d: 5 }))
  assert.deepEqual(going(seen, 1_024), {
    bytesPerSecond: 80,
    moving: 2,
    still: 0,
    unheard: 0,
    leftMs: 24_000
  })
  assert.deepEqual([leftMs(0.75, paces(seen)?.get('a')), leftMs(0.5, 0), leftMs(1, 0)], [4_000, null, 0])
})

test('who gets nothing stands still only after a while: a piece takes its time', () => {
  const first = known(0, { a: 2, b: 4, c: 8 })
  const at = (atMs: number) => going(looks(first, known(atMs, { a: 3, b: 4, c: 8 })), 1_024)
  assert.deepEqual([at(16_000)?.still, at(24_000)?.still], [0, 1])
  assert.equal(at(24_000)?.moving, 1)
})

test('who went away is no part of what comes, and the last of those that are heard is the last', () => {
  const gone = (answer: Known, device: string) => ({
    ...answer,
    holders: answer.holders.map(holder => ({
      ...holder,
      ...((holder.device as string) === device && { by: 'past stream' as const })
    }))
  })
  const seen = looks(known(0, { a: 2, b: 1 }), gone(known(8_000, { a: 6, b: 2 }), 'b'))
  assert.deepEqual(going(seen, 1_024), {
    ...{ bytesPerSecond: 64, moving: 1, still: 0, unheard: 1, leftMs: 4_000 }
  })
  assert.equal(paces(seen)?.has('b'), false)
})

test('who is no member any more is not looked at', () => {
  const { holders, ...rest } = known(0, { a: 2, b: 1 })
  const [seen] = looks({ ...rest, holders: holders.map((each, at) => ({ ...each, isMember: at === 0 })) })
  assert.deepEqual([...(seen?.shares.keys() ?? [])], ['a'])
})

test('who began while it was looked at counts from nothing, and who lost something does not go backwards', () => {
  const long = looks(known(0, { a: 7 }), known(25_600, { a: 5, b: 4 }))
  assert.deepEqual(
    [...(paces(long) ?? [])],
    [
      ['a', 0],
      ['b', 0.5 / 25.6]
    ]
  )
})

test('looks are of one version, in their order, and no older than a while', () => {
  const first = looks(known(0, { a: 1 }))
  assert.equal(lookedAgain(first, known(0, { a: 7 })), first)
  const times = (seen: readonly Look[]) => seen.map(({ atMs }) => atMs)
  assert.deepEqual(times(looks(known(0, {}), known(15_000, {}), known(40_000, {}))), [15_000, 40_000])
  assert.deepEqual(times(looks(known(0, {}), known(15_000, {}), known(99_000, {}))), [15_000, 99_000])
  assert.deepEqual(times(looks(known(0, {}), known(1_000, {}, 'v2'))), [1_000])
})
