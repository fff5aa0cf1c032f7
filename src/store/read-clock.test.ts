import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { pieceIndex } from '../base/ids.ts'
import { FilesystemStore } from './filesystem.ts'
import { hashTree } from './publish.ts'
import { addReads, ReadClock, SharedReads } from './read-clock.ts'

/** Whose event loop has been idle for so long. */
function clockAt() {
  const loop = { idleMs: 1000 }
  return { loop, clock: new ReadClock(() => loop.idleMs) }
}

describe('the time that reading takes', () => {
  it('is that in which a read is under way and the loop is idle', () => {
    const { loop, clock } = clockAt()
    loop.idleMs += 50
    clock.begin()
    loop.idleMs += 7
    clock.end(16)
    loop.idleMs += 50
    assert.deepEqual(clock.sums(), { bytes: 16, ms: 7 })
  })

  it('counts once for reads that are under way together', () => {
    const { loop, clock } = clockAt()
    clock.begin()
    loop.idleMs += 2
    clock.begin()
    loop.idleMs += 3
    clock.end(10)
    loop.idleMs += 4
    clock.end(20)
    assert.deepEqual(clock.sums(), { bytes: 30, ms: 9 })
  })

  it('counts of a read that is not over what has passed, and nothing twice', () => {
    const { loop, clock } = clockAt()
    clock.begin()
    loop.idleMs += 5
    assert.deepEqual(clock.sums(), { bytes: 0, ms: 5 })
    loop.idleMs += 5
    assert.deepEqual(clock.sums(), { bytes: 0, ms: 10 })
    clock.end(0)
    assert.deepEqual(clock.sums(), { bytes: 0, ms: 10 })
  })

  it('is summed up over threads', () => {
    const here = new SharedReads()
    const there = new SharedReads(here.memory)
    there.add(100, 3)
    there.add(50, 1.5)
    assert.deepEqual(addReads([here.sums(), { bytes: 1, ms: 1 }]), { bytes: 151, ms: 5.5 })
  })
})

it('what a store reads to give and to verify is counted, whichever thread reads it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'peerage-read-clock-'))
  const source = join(folder, 'source')
  writeFileSync(source, new Uint8Array(200_000))
  const store = await FilesystemStore.open({ home: join(folder, 'home') })
  try {
    const holding = await store.adopt(await hashTree(source, { pool: store.pool }))
    const hashed = store.stats().timedReads
    assert.equal(hashed.bytes, 200_000)
    assert.ok(hashed.ms > 0)
    await holding.read({ piece: pieceIndex(0), begin: 0, length: 1000 })
    assert.equal(store.stats().timedReads.bytes, 201_000)
    await holding.verify()
    assert.equal(store.stats().timedReads.bytes, 401_000)
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
})
