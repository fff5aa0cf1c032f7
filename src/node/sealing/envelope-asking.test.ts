import assert from 'node:assert/strict'
import { beforeEach, describe, test } from 'node:test'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { EnvelopeAsking } from './envelope-asking.ts'

const [PUBLISHER, ...OTHERS] = ['publisher', 'a', 'b', 'c', 'd'] as DeviceId[]
const [FIRST, SECOND] = ['first', 'second'] as VersionId[]

describe('asking for envelopes', () => {
  let nowMs: number
  let asked: DeviceId[]
  let looks: number[]
  let asking: EnvelopeAsking

  beforeEach(() => {
    nowMs = 1000
    asked = []
    looks = []
    asking = new EnvelopeAsking({
      peers: () => [...OTHERS, PUBLISHER as DeviceId],
      publishersOf: version => (version === FIRST ? [PUBLISHER as DeviceId] : []),
      ask: async device => void asked.push(device),
      lookAfter: ms => void looks.push(ms),
      nowMs: () => nowMs,
      random: () => 0.6
    })
  })

  const lacking = (...versions: (VersionId | undefined)[]) => new Set(versions as VersionId[])

  test('is of who published it first, and of a few others', () => {
    asking.look(lacking(FIRST))
    assert.deepEqual(asked, ['publisher', 'c', 'd'])
  })

  test('asks nobody when nothing is lacking', () => {
    asking.look(lacking())
    assert.deepEqual([asked, looks], [[], []])
  })

  test('comes ever more rarely for what nobody has, up to a minute', () => {
    asking.look(lacking(SECOND))
    for (let turn = 0; turn < 10; turn++) {
      nowMs += (looks.at(-1) ?? 0) - 1
      const before = asked.length
      asking.look(lacking(SECOND))
      assert.equal(asked.length, before, 'not before it is due')
      assert.equal(looks.at(-1), 1)
      nowMs += 1
      asking.look(lacking(SECOND))
      assert.equal(asked.length, before + 3)
    }
    assert.deepEqual(
      looks.filter(ms => ms !== 1),
      [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60].map(seconds => seconds * 1000)
    )
  })

  test('comes at once for what is lacking since now, and as rarely again from then on', () => {
    for (let turn = 0; turn < 6; turn++) {
      asking.look(lacking(SECOND))
      nowMs += 60_000
    }
    nowMs -= 59_999
    asked = []
    asking.look(lacking(SECOND, FIRST))
    assert.deepEqual(asked, ['publisher', 'c', 'd'])
    assert.equal(looks.at(-1), 1000)
  })
})
