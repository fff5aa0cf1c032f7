import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { StreamInbox } from './stream-inbox.ts'

type Step =
  | { readonly do: 'push'; readonly sizes: readonly number[] }
  | { readonly do: 'pause' | 'resume' | 'listen' }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('push' as const), sizes: fc.array(fc.nat(3), { maxLength: 4 }) }),
  fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const, 'listen' as const) })
)

describe('stream inbox', () => {
  it('delivers every byte once and in order, nothing while paused, the end last', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(5), (steps, pauseEvery) => {
        const got: number[] = []
        const marks: string[] = []
        let flowing = false
        let paused = false
        let listening = false
        let next = 0
        const inbox = new StreamInbox(now => {
          assert.notEqual(now, flowing)
          flowing = now
        })
        const listen = (): void => {
          if (listening) return
          listening = true
          inbox.onData(chunk => {
            assert.equal(paused, false)
            assert.deepEqual(marks, [])
            got.push(...chunk)
            if (pauseEvery > 0 && got.length % pauseEvery === 0) {
              paused = true
              inbox.pause()
            }
          })
        }
        inbox.onEnd(() => marks.push('end'))
        inbox.onClose(({ kind }) => marks.push(kind))
        for (const one of steps) {
          if (one.do === 'push')
            inbox.push(one.sizes.map(size => Uint8Array.from({ length: size }, () => next++ % 251)))
          else if (one.do === 'listen') listen()
          else {
            paused = one.do === 'pause'
            inbox[one.do]()
          }
          assert.equal(flowing, listening && !paused)
          assert.equal(got.length + inbox.waitingBytes, next)
        }
        inbox.end()
        inbox.close({ kind: 'ended', detail: '' })
        listen()
        while (inbox.waitingBytes > 0) {
          paused = false
          inbox.resume()
        }
        assert.deepEqual(
          got,
          Array.from({ length: next }, (_, i) => i % 251)
        )
        assert.deepEqual(marks, ['end', 'ended'])
      })
    )
  })

  it('drops what waits when the stream was cut, and ends nothing', () => {
    const marks: string[] = []
    const inbox = new StreamInbox(() => undefined)
    inbox.push([Uint8Array.of(1)])
    inbox.onEnd(() => marks.push('end'))
    inbox.onClose(({ kind }) => marks.push(kind))
    inbox.close({ kind: 'reset', detail: '' })
    inbox.end()
    inbox.onData(() => marks.push('data'))
    inbox.push([Uint8Array.of(2)])
    assert.deepEqual(marks, ['reset'])
  })

  it('can still be aborted while the last bytes of a stream that ended well wait', () => {
    const marks: string[] = []
    const inbox = new StreamInbox(() => undefined)
    inbox.push([Uint8Array.of(1)])
    inbox.end()
    inbox.close({ kind: 'ended', detail: '' })
    inbox.onClose(({ kind }) => marks.push(kind))
    assert.deepEqual(marks, [])
    inbox.close({ kind: 'aborted', detail: '' })
    inbox.close({ kind: 'reset', detail: '' })
    assert.deepEqual(marks, ['aborted'])
  })
})
