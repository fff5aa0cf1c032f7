/** What every Store must do when something is let go of. */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { pieceIndex } from '../base/ids.ts'
import { fetchAll, type Sample, untilState, variedSample } from './samples.conformance.ts'
import type { Holding, Store } from './store.ts'
import type { StoreHarness } from './store-harness.conformance.ts'

export function runRemovalConformance(name: string, open: () => Promise<StoreHarness>): void {
  describe(`${name} lets go of what it has`, () => {
    let harness: StoreHarness
    let store: Store
    beforeEach(async () => {
      harness = await open()
      store = harness.store
    })
    afterEach(() => harness.dispose())

    const create = ({ version, layers }: Sample): Promise<Holding> =>
      store.create({ version, destination: harness.place('dest'), layers })

    test('what is erased leaves nothing, whole or half-way, and a source only if it is asked for', async () => {
      const sample = variedSample()
      for (const pieces of [[pieceIndex(0)], undefined]) {
        const holding = await create(sample)
        await fetchAll(holding, sample, pieces)
        if (pieces === undefined) await untilState(store, holding, 'complete')
        const { root } = holding
        const erased = await store.erase(holding, { source: 'keep', missing: 'wait' })
        assert(erased.outcome === 'erased' && erased.bytes > 0)
        assert.deepEqual(store.holdings(), [])
        for (const { path } of sample.version.files)
          assert(harness.bytesAt([root, ...path].join('/')) === undefined)
      }
    })

    test('what two let go of at once goes once, and the second is told so', async () => {
      const sample = variedSample()
      for (const first of ['forget', 'erase'] as const) {
        const holding = await create(sample)
        await fetchAll(holding, sample, [pieceIndex(0)])
        const erasing = { source: 'keep', missing: 'wait' } as const
        const one = first === 'forget' ? store.forget(holding) : store.erase(holding, erasing)
        const [, erased] = await Promise.all([one, store.erase(holding, erasing), store.forget(holding)])
        assert.equal(erased.outcome, 'gone')
        assert.deepEqual(store.holdings(), [])
      }
    })

    test('what is forgotten half-way leaves no part of a file', async () => {
      const sample = variedSample()
      const holding = await create(sample)
      await fetchAll(holding, sample, [pieceIndex(0)])
      await store.forget(holding)
      const fresh = await create(sample)
      assert.notEqual(fresh.id, holding.id)
      assert.equal(fresh.have.size, 0)
      await fetchAll(fresh, sample)
      await untilState(store, fresh, 'complete')
    })
  })
}
