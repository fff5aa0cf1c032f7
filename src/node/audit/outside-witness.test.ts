/** A witness outside the org: what it stands for, what it finds, and what its answers prove inside. */

import assert from 'node:assert/strict'
import { copyFileSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { idBytes } from '../../base/ids.ts'
import { WitnessState } from '../../store/witness-state.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { MemoryNetwork } from '../transport/memory-transport.ts'
import {
  check,
  copyOf,
  fill,
  findings,
  link,
  newHome,
  type Party,
  party,
  START_MS,
  tampering
} from './audit-party.conformance.ts'
import { OutsideDesk } from './outside-desk.ts'
import { OutsideWitness } from './outside-witness.ts'

const NAME = 'auditor.example'

function outside(key = DeviceKey.generate()) {
  const path = join(newHome(), 'state.db')
  const trusted = [{ name: NAME, publicKey: idBytes(key.id) }]
  /** As one run of the command: it remembers only what is on disk. */
  const answer = (folder: string): string[] => {
    const state = new WitnessState(path)
    const witness = new OutsideWitness({ key, name: NAME, state, nowMs: () => START_MS })
    try {
      return readdirSync(folder)
        .filter(file => file.endsWith('.add-checkpoint'))
        .sort()
        .map(file => {
          const { result, note } = witness.answer(new Uint8Array(readFileSync(join(folder, file))), null)
          if (note !== undefined)
            writeFileSync(join(folder, file.replace(/add-checkpoint$/, 'cosigned')), note)
          return result.verdict
        })
    } finally {
      state.close()
    }
  }
  return { trusted, answer }
}

const deskOf = ({ audit, exchange }: Party) => new OutsideDesk({ audit, exchange })

async function askFor(desk: Party, folder: string, ...of: Party[]): Promise<number[]> {
  const logs = []
  for (const { audit } of of) {
    const checkpoint = (await audit.checkpoint()) ?? assert.fail('it has signed something')
    logs.push({ ...audit.id, checkpoint })
  }
  return deskOf(desk)
    .ask(folder, NAME, logs)
    .map(({ oldSize }) => oldSize)
}

const outsideSizes = (at: Party, of: Party) =>
  at.exchange.sightings
    .known(of.audit.id)
    .filter(({ outsiders }) => outsiders.some(({ name }) => name === NAME))
    .map(({ size }) => size)
    .sort((a, b) => a - b)

async function verified(auditor: Party, of: Party): Promise<[string, string][]> {
  const { findings: found } = await check(auditor, copyOf(auditor, of))
  return found.map(({ kind, device }) => [kind, device])
}

test('an outside witness cosigns one chain, from what it cosigned before, of own and of collected logs', async () => {
  const { trusted, answer } = outside()
  const network = new MemoryNetwork()
  const [admin, other] = [await party(network, { witnesses: trusted }), await party(network)]
  await link(admin, other)
  const folder = newHome()
  for (const [round, count] of [5, 8].entries()) {
    await fill(admin, count)
    await fill(other, 2 * count)
    await other.audit.checkpoint()
    await admin.exchange.collect(other.key.id)
    const from = await askFor(admin, folder, admin, other)
    assert.deepEqual(from, round === 0 ? [0, 0] : [5, 10], 'from where it was')
    assert.deepEqual(answer(folder), ['cosigned', 'cosigned'])
    for (const taken of await deskOf(admin).accept(folder)) assert.ok('checkpoint' in taken)
  }
  assert.deepEqual(outsideSizes(admin, admin), [5, 13])
  assert.deepEqual(outsideSizes(admin, other), [10, 26])
  assert.deepEqual(findings(admin), [])
})

test('an answer that was lost on the way is made up for: the next says where the witness is', async () => {
  const { trusted, answer } = outside()
  const network = new MemoryNetwork()
  const admin = await party(network, { witnesses: trusted })
  const folder = newHome()
  await fill(admin, 3)
  await askFor(admin, folder, admin)
  assert.deepEqual(answer(folder), ['cosigned'])
  await fill(admin, 3)
  assert.deepEqual(await askFor(admin, folder, admin), [0])
  assert.deepEqual(answer(folder), ['conflict'])
  await deskOf(admin).accept(folder)
  assert.deepEqual(await askFor(admin, folder, admin), [3])
  assert.deepEqual(answer(folder), ['cosigned'])
})

test('where all members collude, the memory of the outside witness shows the fork, and convicts inside', async () => {
  const { trusted, answer } = outside()
  const network = new MemoryNetwork()
  const key = DeviceKey.generate()
  const honest = await party(network, { key, witnesses: trusted })
  const peers = await Promise.all(Array.from({ length: 3 }, () => party(network, { witnesses: trusted })))
  for (const peer of peers) await link(honest, peer)
  await fill(honest, 6)
  assert.equal((await honest.exchange.witness.round())?.cosignatures.length, 3)
  const folder = newHome()
  await askFor(honest, folder, honest)
  assert.deepEqual(answer(folder), ['cosigned'])
  await honest.stop()

  // The device rewrites its log, and every member forgets what it cosigned and cosigns that.
  const others = new MemoryNetwork()
  const forked = tampering(await party(others, { key, witnesses: trusted }))
  const liars = await Promise.all(peers.map(peer => party(others, { key: peer.key, witnesses: trusted })))
  for (const liar of liars) await link(forked, liar)
  await fill(forked, 8, 'rewritten')
  const checkpoint = await forked.exchange.witness.round()
  assert.equal(checkpoint?.cosignatures.length, 3)
  for (const member of [forked, ...liars]) assert.deepEqual(findings(member), [], 'nobody inside says a word')

  const copy = newHome()
  await askFor(forked, copy, forked)
  assert.deepEqual(answer(copy), ['conflict'], 'it is told what it cosigned, and who signed that')
  const question = join(copy, readdirSync(copy).find(file => file.endsWith('.add-checkpoint')) ?? '')
  // Whatever the org claims to have been cosigned before, there is no proof from there.
  const text = readFileSync(question, 'utf8')
  for (const old of ['old 6\n', `old 6\n${Buffer.alloc(32, 1).toString('base64')}\n`]) {
    writeFileSync(question, text.replace(/^old 0\n/, old))
    assert.deepEqual(answer(copy), ['inconsistent'])
  }
  // An honest auditor who takes the answer has both histories, signed by the device.
  const auditor = await party(others, { witnesses: trusted })
  await link(auditor, forked)
  await auditor.exchange.collect(key.id)
  assert.deepEqual(await verified(auditor, forked), [])
  await deskOf(auditor).accept(copy)
  assert.deepEqual(await verified(auditor, forked), [['forked', key.id]])
})

test('answers by keys that nobody trusts, or that are no notes, are refused by file', async () => {
  const { trusted, answer } = outside()
  const stranger = outside()
  const network = new MemoryNetwork()
  const admin = await party(network, { witnesses: trusted })
  const folder = newHome()
  await fill(admin, 3)
  await askFor(admin, folder, admin)
  stranger.answer(folder)
  const reasons = async () =>
    (await deskOf(admin).accept(folder)).map(each => ('reason' in each ? each.reason : 'ok'))
  assert.deepEqual(await reasons(), ['no witness that this node trusts has cosigned it'])
  answer(folder)
  assert.deepEqual(await reasons(), ['ok'])
  writeFileSync(join(folder, 'zz.cosigned'), 'no note')
  assert.match((await reasons())[1] ?? '', /^malformed/)
  assert.throws(() => deskOf(admin).ask(folder, 'somebody.else', []), { code: 'USAGE' })
  assert.deepEqual(outsideSizes(admin, admin), [3])
})

test('what is no question is told, and nothing is cosigned', async () => {
  const { answer } = outside()
  const folder = newHome()
  writeFileSync(join(folder, 'a.add-checkpoint'), 'old 0\n\nnonsense')
  writeFileSync(join(folder, 'b.add-checkpoint'), '')
  assert.deepEqual(answer(folder), ['unreadable', 'unreadable'])
  assert.deepEqual(readdirSync(folder).length, 2)
})

test('a device that began a new log is followed, and its earlier log is remembered', async () => {
  const { trusted, answer } = outside()
  const key = DeviceKey.generate()
  const folder = newHome()
  const before = await party(new MemoryNetwork(), { key, witnesses: trusted })
  await fill(before, 4)
  await askFor(before, folder, before)
  assert.deepEqual(answer(folder), ['cosigned'])
  const earlier = readdirSync(folder).find(file => file.endsWith('.add-checkpoint')) ?? ''
  const kept = join(newHome(), 'earlier')
  copyFileSync(join(folder, earlier), kept)
  const after = await party(new MemoryNetwork(), { key, witnesses: trusted, nowMs: START_MS + 1 })
  await fill(after, 2)
  const next = newHome()
  await askFor(after, next, after)
  assert.deepEqual(answer(next), ['cosigned'])
  renameSync(kept, join(next, earlier))
  assert.deepEqual(answer(next), ['ended', 'conflict'], 'only the newest grows')
})
