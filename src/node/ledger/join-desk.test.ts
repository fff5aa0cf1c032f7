import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceId } from '../../base/ids.ts'
import { HOUR_MS } from '../../base/units.ts'
import { createRootRecord, decodeRoot, foundingTerms, orgIdOf } from '../../ledger/chain/root.ts'
import { commitName, proveRedemption } from '../../ledger/fold/invite.ts'
import { isMember } from '../../ledger/fold/state.ts'
import { decodeJoinAnswer, encodeJoinRequest, JOIN_ROOTS_MAX } from '../../ledger/join/join.ts'
import type { Ticket } from '../../ledger/join/ticket.ts'
import { MemoryRecords } from '../../store/memory-records.ts'
import { sha256 } from '../../store/sha256.ts'
import { DeviceKey } from '../keys/device-key.ts'
import { SharedNames } from '../keys/shared-names.ts'
import { SILENT_LOG } from '../log.ts'
import { FramedStream } from '../transport/framed-stream.ts'
import { MemoryNetwork, type MemoryTransport } from '../transport/memory-transport.ts'
import { nextMessage } from '../transport/next-message.ts'
import { inviteKeyOf, JOIN_PROTOCOL, openJoinDesk, redeemTicket } from './join-desk.ts'
import { saveRoots } from './kept-records.ts'
import { LedgerKeeper, verify } from './ledger-keeper.ts'

const SALT = new Uint8Array(16)
const soon = () => AbortSignal.timeout(10_000)

/** An inviter whose desk is open, on a network of its own. */
async function desk(t: { after: (stop: () => Promise<void>) => void }, uses: number) {
  const key = DeviceKey.generate()
  const signer = { key: key.id, sign: (message: Uint8Array) => key.sign(message) }
  const terms = foundingTerms({ orgName: 'Acme', admin: key.id, timeMs: Date.now() })
  const root = decodeRoot(createRootRecord(terms, { signers: [signer], sha256 }), { verify, sha256 })
  assert.ok(root.ok)
  const records = new MemoryRecords()
  saveRoots(records, [root.value])
  const keeper = new LedgerKeeper({ records, key, log: SILENT_LOG })
  t.after(() => keeper.close())
  const network = new MemoryNetwork()
  const join = (self: DeviceId, isMemberHere: (device: DeviceId) => boolean): MemoryTransport => {
    const transport = network.create(self)
    transport.setGate(device => (isMemberHere(device) ? 'member' : { refuse: 'not enrolled' }))
    return transport
  }
  const inviter = join(key.id, device => isMember(keeper.state(), device, Date.now()))
  const names = new SharedNames()
  names.set(key.id, 'build-1')
  openJoinDesk({ transport: inviter, keeper, names, log: SILENT_LOG, onEnrolled: () => inviter.recheck() })
  await inviter.start()
  t.after(() => inviter.stop())
  const seed = sha256(Buffer.from('seed'))
  const inviteKey = Buffer.from(inviteKeyOf(seed).id, 'hex')
  const expiresMs = Date.now() + HOUR_MS
  keeper.append({ type: 'invite.create', inviteKey, uses, expiresMs })
  const ticket: Ticket = {
    ...{ org: orgIdOf(root.value), orgName: 'Acme', inviter: key.id, inviteSeed: seed, expiresMs },
    addresses: inviter.addresses()
  }
  /** Has this admin sign that many further roots, one after another. */
  const succeed = (count: number): void => {
    for (let made = 0; made < count; made++) {
      const { head } = keeper.chain
      const ends = keeper.ledger
        .frontierOf(head.admins)
        .map(({ operation, ...end }) => ({ ...end, id: operation }))
      const changes = { version: head.version + 1, prev: head.hash, timeMs: head.timeMs + 1, frontier: ends }
      keeper.takeRoots([createRootRecord({ ...head, ...changes }, { signers: [signer], sha256 })])
    }
    assert.equal(keeper.chain.head.version, count + 1)
  }
  const newcomer = async (): Promise<{ key: DeviceKey; transport: MemoryTransport }> => {
    const own = DeviceKey.generate()
    const transport = join(own.id, device => device === key.id)
    await transport.start()
    t.after(() => transport.stop())
    return { key: own, transport }
  }
  const members = () =>
    [...keeper.state().devices.keys()].filter(device => isMember(keeper.state(), device, Date.now()))
  return { keeper, ticket, newcomer, members, succeed }
}

test('of many who redeem one ticket at once as many are enrolled as it says', async t => {
  const { ticket, newcomer, members } = await desk(t, 2)
  const crowd = await Promise.all(Array.from({ length: 6 }, newcomer))
  const before = members().length
  const outcomes = await Promise.allSettled(
    crowd.map(({ key, transport }, at) =>
      redeemTicket(transport, {
        ticket,
        newcomer: { key, name: `laptop-${at}`, nameSalt: SALT, kind: 'laptop' },
        signal: soon()
      })
    )
  )
  const refused = outcomes.filter(outcome => outcome.status === 'rejected')
  assert.equal(refused.length, 4)
  for (const { reason } of refused) assert.match(String(reason), /used up/)
  assert.equal(members().length, before + 2)
})

test('a name that a member has is refused, and the ticket is not used up by it', async t => {
  const { ticket, newcomer, members, keeper } = await desk(t, 2)
  const join = async ({ key, transport }: Awaited<ReturnType<typeof newcomer>>, name: string) =>
    await redeemTicket(transport, {
      ...{ ticket, newcomer: { key, name, nameSalt: SALT, kind: 'laptop' }, signal: soon() }
    })
  const [first, second, third] = [await newcomer(), await newcomer(), await newcomer()]
  const before = members().length
  await assert.rejects(() => join(third, 'Build-1'), { code: 'DEVICE_NAME_TAKEN' })
  await join(first, 'laptop')
  // Not by itself, which asks again; but by another, before this one has been heard as a member.
  await join(first, 'laptop')
  await assert.rejects(() => join(second, 'laptop'), /"laptop" already: choose another name with --device/)
  assert.equal(members().length, before + 1)
  keeper.append({ type: 'device.suspend', device: first.key.id, cutoffs: [], reason: 'lost' })
  await join(second, 'laptop')
})

test('a redemption that was overheard is refused over the link of another device, and spends nothing', async t => {
  const { ticket, newcomer, members } = await desk(t, 1)
  const [victim, thief] = [await newcomer(), await newcomer()]
  const nameCommitment = commitName('laptop', SALT, sha256)
  const redemption = { org: ticket.org, device: victim.key.id, nameCommitment }
  const invite = inviteKeyOf(ticket.inviteSeed)
  const request = encodeJoinRequest({
    ...redemption,
    kind: 'laptop',
    inviteKey: Buffer.from(invite.id, 'hex'),
    proof: proveRedemption(redemption, message => invite.sign(message)),
    called: undefined
  })
  const send = async ({ transport }: typeof thief) => {
    await transport.dial({ device: ticket.inviter, addresses: ticket.addresses, asStranger: true }, soon())
    const framed = new FramedStream(await transport.open(ticket.inviter, JOIN_PROTOCOL, soon()), {
      messageBytesMax: 1 << 20
    })
    await framed.write(request)
    const answer = decodeJoinAnswer((await nextMessage(framed, { timeoutMs: 5000 })) ?? new Uint8Array())
    assert.ok(answer.ok)
    return answer.value
  }
  const before = members().length
  assert.deepEqual(await send(thief), { kind: 'refused', reason: 'bad-proof' })
  assert.equal(members().length, before)
  assert.equal((await send(victim)).kind, 'joined')
})

test('an org whose chain is longer than an answer can be joined', async t => {
  const { ticket, newcomer, succeed } = await desk(t, 1)
  succeed(JOIN_ROOTS_MAX + 6)
  const { key, transport } = await newcomer()
  const { roots, enrolment } = await redeemTicket(transport, {
    ticket,
    newcomer: { key, name: 'laptop', nameSalt: SALT, kind: 'laptop' },
    signal: soon()
  })
  assert.equal(roots.length, JOIN_ROOTS_MAX)
  assert.equal(enrolment.author, ticket.inviter)
})

test('a device that redeems its ticket again and again adds nothing to the ledger', async t => {
  const { keeper, ticket, newcomer } = await desk(t, 3)
  const { key, transport } = await newcomer()
  const redeem = async (name: string) => {
    await transport.hangUp(ticket.inviter, 'to come again')
    const own = { key, name, nameSalt: SALT, kind: 'laptop' } as const
    return await redeemTicket(transport, { ticket, newcomer: own, signal: soon() })
  }
  const first = await redeem('laptop')
  const { size } = keeper.ledger
  assert.equal((await redeem('laptop')).enrolment.id, first.enrolment.id)
  await assert.rejects(redeem('another name'), /used up/)
  assert.equal(keeper.ledger.size, size)
})
