import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Root, type RootTerms, rootBytes } from '../../ledger/chain/root.ts'
import { termsAfter, voteFor } from '../../ledger/chain/root-fixture.conformance.ts'
import {
  foundOrg,
  keyNamed,
  START_MS,
  sha256,
  TestDevice,
  type TestKey
} from '../../ledger/fold/org-fixture.conformance.ts'
import type { Operation } from '../../ledger/operation/operation.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SILENT_LOG } from '../log.ts'
import { saveRoots } from './kept-records.ts'
import { LedgerKeeper } from './ledger-keeper.ts'
import { RootAssembler } from './root-assembler.ts'

const ADMINS = ['a', 'b', 'c'].map(keyNamed) as [TestKey, TestKey, TestKey]
const [a, b, c] = ADMINS

interface Watched {
  readonly keeper: LedgerKeeper
  readonly assembler: RootAssembler
  readonly records: MemoryRecords
}

function watching(founding: Root, records = new MemoryRecords()): Watched {
  saveRoots(records, [founding])
  const keeper = new LedgerKeeper({ records, key: DeviceKey.generate(), log: SILENT_LOG })
  return { keeper, records, assembler: new RootAssembler({ keeper, log: SILENT_LOG }) }
}

const hashOf = (terms: RootTerms) => sha256(rootBytes(terms))

function propose(device: TestDevice, terms: RootTerms): Operation {
  return device.write({ type: 'root.propose', hash: hashOf(terms), bytes: rootBytes(terms) })
}

function vote(device: TestDevice, terms: RootTerms, key = device.key): Operation {
  return device.write({ type: 'root.vote', hash: hashOf(terms), ...voteFor(terms, key) })
}

const take = ({ keeper }: Watched, ...operations: Operation[]) =>
  keeper.take(operations.map(operation => operation.record))

describe('the next root', () => {
  it('comes into force with the vote that was missing, whoever brought it, and is durable', () => {
    const founding = foundOrg(ADMINS)
    const watched = watching(founding)
    const device = new TestDevice(a, founding)
    const terms = termsAfter(founding, { orgName: 'Renamed' })
    take(watched, propose(device, terms), vote(device, terms))
    assert.equal(watched.keeper.chain.head.version, 1)
    assert.deepEqual(watched.assembler.candidates().candidates[0]?.ownAdmins.missing, [b.id, c.id].sort())
    take(watched, vote(device, terms, b))
    assert.equal(watched.keeper.chain.head.orgName, 'Renamed')
    assert.deepEqual(watched.assembler.candidates().candidates, [])
    const again = new LedgerKeeper({ records: watched.records, key: DeviceKey.generate(), log: SILENT_LOG })
    assert.equal(again.chain.head.orgName, 'Renamed')
  })

  it('is made at the start of votes that came before it', () => {
    const founding = foundOrg(ADMINS)
    const records = new MemoryRecords()
    saveRoots(records, [founding])
    const device = new TestDevice(a, founding)
    const terms = termsAfter(founding, { orgName: 'Renamed' })
    const said = [propose(device, terms), vote(device, terms), vote(device, terms, c)]
    new LedgerKeeper({ records, key: DeviceKey.generate(), log: SILENT_LOG }).take(
      said.map(each => each.record)
    )
    assert.equal(watching(founding, records).keeper.chain.head.orgName, 'Renamed')
  })

  it('can follow a root that has expired', () => {
    const founding = foundOrg(ADMINS, { expiresMs: START_MS + 1 })
    const watched = watching(founding)
    const device = new TestDevice(a, founding)
    const terms = termsAfter(founding, { expiresMs: null })
    const proposed = propose(device, terms)
    assert.equal(device.ledger.state().inert.get(proposed.id)?.reason, 'expired-root')
    take(watched, proposed, vote(device, terms), vote(device, terms, b))
    assert.equal(watched.keeper.chain.head.version, 2)
  })

  it('is contested in the open when enough keys signed two', () => {
    const founding = foundOrg(ADMINS)
    const watched = watching(founding)
    const device = new TestDevice(a, founding)
    const both = ['red', 'blue'].map(orgName => termsAfter(founding, { orgName })) as [RootTerms, RootTerms]
    // They are known together before either is complete.
    const said = both.flatMap(terms => [propose(device, terms), vote(device, terms)])
    const last = both.map(terms => vote(device, terms, b))
    take(watched, ...said, ...last)
    assert.equal(watched.keeper.chain.head.version, 1)
    assert.deepEqual(watched.keeper.chain.freeze?.equivocators, [a.id, b.id].sort())
  })

  it('is not to be signed by a key that signed another of its version', () => {
    const founding = foundOrg(ADMINS)
    const watched = watching(founding)
    const device = new TestDevice(a, founding)
    const [red, blue] = ['red', 'blue'].map(orgName => termsAfter(founding, { orgName })) as [
      RootTerms,
      RootTerms
    ]
    take(watched, propose(device, red), propose(device, blue), vote(device, red))
    assert.deepEqual(watched.assembler.signedBefore(a.id, hashOf(blue)), hashOf(red))
    assert.equal(watched.assembler.signedBefore(a.id, hashOf(red)), undefined)
    assert.equal(watched.assembler.signedBefore(b.id, hashOf(blue)), undefined)
  })
})
