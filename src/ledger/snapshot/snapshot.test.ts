import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type ChainView, singleRoot } from '../chain/chain-view.ts'
import { RootChain } from '../chain/root-chain.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../encoding/cbor.ts'
import { type History, histories, isRoot, operationsOf } from '../fold/governance-history.conformance.ts'
import { foundOrg, keyNamed, sha256, TestDevice, verify } from '../fold/org-fixture.conformance.ts'
import type { State } from '../fold/state.ts'
import { Ledger } from '../ledger.ts'
import { stateDifference } from './difference.ts'
import { decodeSnapshot, encodeSnapshot, type LedgerSnapshot } from './snapshot.ts'

function play({ founding, events }: History): { ledger: Ledger; chain: RootChain } {
  const chain = new RootChain(founding, { verify, sha256 })
  for (const event of events) if (isRoot(event)) chain.add(event.record)
  const ledger = new Ledger(chain, { verify, sha256 })
  ledger.add(operationsOf(events).map(({ record }) => record))
  return { ledger, chain }
}

function snapshotOf(ledger: Ledger): LedgerSnapshot {
  const { digest } = ledger.hello()
  return { state: ledger.state(), operations: ledger.size, tips: ledger.tips(), digest }
}

function readBack(chunks: readonly Uint8Array[], chain: ChainView): LedgerSnapshot {
  const read = decodeSnapshot(chunks, chain)
  assert.ok(read.ok, read.ok ? '' : read.detail)
  return read.value
}

function differenceOf(a: State, b: State): string | undefined {
  const steps = stateDifference(a, b)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

test('what is read back is deeply what was folded, whatever the history', () => {
  const held = new Map<string, number>()
  fc.assert(
    fc.property(histories(80), history => {
      const { ledger, chain } = play(history)
      const snapshot = snapshotOf(ledger)
      const read = readBack([...encodeSnapshot(snapshot)], chain)
      assert.deepEqual(read, snapshot)
      assert.equal(differenceOf(read.state, snapshot.state), undefined)
      for (const [name, map] of Object.entries(snapshot.state))
        if (map instanceof Map) held.set(name, (held.get(name) ?? 0) + map.size)
    }),
    { numRuns: 150, seed: 7 }
  )
  for (const [name, count] of held) assert.ok(count > 0, `a history put something into ${name}`)
  assert.equal(held.size, 23)
})

test('a state of more than one chunk is read back, and each of its chunks is missed', () => {
  const root = foundOrg([keyNamed('admin')])
  const admin = new TestDevice(keyNamed('admin'), root)
  admin.enrol(admin.key)
  for (let index = 0; index < 600; index++) admin.publish(`name-${index % 300}`, `${index}`)
  const snapshot = snapshotOf(admin.ledger)
  const chain = singleRoot(root)
  const chunks = [...encodeSnapshot(snapshot)]
  assert.ok(chunks.length > 4)
  assert.deepEqual(readBack(chunks, chain), snapshot)
  for (const [at] of chunks.entries()) {
    const read = decodeSnapshot(chunks.toSpliced(at, 1), chain)
    const isFirst = at === 0
    assert.equal(read.ok, !isFirst)
    if (read.ok) assert.notDeepEqual(read.value, snapshot)
  }
})

test('what no ledger wrote is no snapshot', () => {
  const root = foundOrg([keyNamed('admin')])
  const admin = new TestDevice(keyNamed('admin'), root)
  admin.enrol(admin.key)
  admin.publish('name', 'one')
  const [first, tips, devices, datasets] = [...encodeSnapshot(snapshotOf(admin.ledger))] as Uint8Array[]
  assert.ok(first && tips && devices && datasets)
  const open = (chunk: Uint8Array): CborValue[] => {
    const decoded = decodeCbor(chunk, { bytesMax: 1e6, depthMax: 8 })
    assert.ok(decoded.ok)
    return [...(decoded.value as CborValue[])]
  }
  const changed = (chunk: Uint8Array, at: number, value: CborValue) => encodeCbor(open(chunk).with(at, value))
  const broken: Readonly<Record<string, readonly Uint8Array[]>> = {
    nothing: [],
    'another version': [changed(first, 0, 1), tips, devices, datasets],
    'a count below zero': [changed(first, 1, -1), tips, devices, datasets],
    'a chunk cut short': [first, tips, devices.slice(0, -1), datasets],
    'an unknown section': [first, tips, changed(devices, 0, 99)],
    'sections out of order': [first, devices, tips, datasets],
    'a section twice': [first, tips, devices, devices, datasets],
    'an id table that is no table': [first, tips, changed(devices, 1, new Uint8Array(33))],
    'an id that is not in the table': [first, tips, changed(devices, 1, new Uint8Array(0))],
    'an entry with a field too many': [first, changed(tips, 2, [[0, 'a', 1, 0, 5]])],
    'text for a number': [first, changed(tips, 2, [[0, 'a', 'b', 0]])],
    'entries that are no list': [first, changed(tips, 2, 1)]
  }
  for (const [what, chunks] of Object.entries(broken)) {
    const read = decodeSnapshot(chunks, singleRoot(root))
    assert.equal(read.ok ? 'read' : read.reason, 'malformed', what)
  }
})

test('states differ where the first of them says so', () => {
  const root = foundOrg([keyNamed('admin')])
  const admin = new TestDevice(keyNamed('admin'), root)
  admin.enrol(admin.key)
  const device = keyNamed('device')
  admin.enrol(device)
  const before = structuredClone(admin.ledger.state())
  assert.equal(differenceOf(admin.ledger.state(), before), undefined)
  const cutoffs = admin.ledger.cutoffsOf(device.id)
  admin.write({ type: 'device.suspend', device: device.id, cutoffs, reason: null })
  assert.equal(differenceOf(admin.ledger.state(), before), `devices ${device.id}`)
  admin.write({ type: 'note', about: null, text: 'hello' })
  assert.equal(differenceOf(before, { ...before, freeze: undefined, publishedAs: new Map() }), undefined)
  assert.match(differenceOf(before, { ...before, devices: new Map() }) ?? '', /^devices: 2 and 0$/)
})
