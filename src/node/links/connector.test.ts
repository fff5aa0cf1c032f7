import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import { enrolment, foundOrg, keyNamed, TestDevice } from '../../ledger/fold/org-fixture.conformance.ts'
import type { Presence } from '../../ledger/sync/presence.ts'
import { BRINGERS_PER_SITE, NEIGHBOURS_MAX } from '../../swarm/neighbours.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { PresenceBoard } from '../ledger/presence-board.ts'
import { SILENT_LOG } from '../log.ts'
import { scripted } from '../swarm/scripted.conformance.ts'
import { MemoryNetwork, type MemoryTransport } from '../transport/memory-transport.ts'
import type { DialTarget, Transport, TransportEvents } from '../transport/transport.ts'
import { Connector } from './connector.ts'
import type { Fetching } from './source-search.ts'

const TICKET = ['/ip4/10.0.0.1/tcp/4747']
const MADE_UP = ['/ip4/10.6.6.6/tcp/1']

test('what somebody says on the local network does not replace the addresses of the ticket', async t => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: Date.now() })
  const [admin, self] = [keyNamed('admin'), keyNamed('self')]
  const founder = new TestDevice(admin, foundOrg([admin]))
  founder.write(enrolment(founder.ledger.org, admin))
  const dialled: DialTarget[] = []
  const events: Partial<TransportEvents>[] = []
  const transport = scripted<Transport>({
    self: self.id,
    on: heard => void events.push(heard),
    peers: () => [],
    dial: async target => {
      dialled.push(target)
      return { kind: 'unreachable', detail: 'nobody listens' }
    }
  })
  const connector = new Connector({
    transport,
    keeper: scripted<LedgerKeeper>({ state: () => founder.ledger.state() }),
    board: scripted<PresenceBoard>({
      find: () => undefined,
      onStatement: () => undefined,
      statements: () => []
    }),
    site: 'here',
    fetching: () => [],
    used: () => new Set(),
    contacts: [{ device: admin.id, addresses: TICKET }],
    log: SILENT_LOG
  })
  t.after(() => connector.close())
  for (const { onDiscovered } of events) onDiscovered?.(admin.id, MADE_UP)
  connector.start()
  t.mock.timers.tick(MINUTE_MS)
  assert.deepEqual(dialled[0], { device: admin.id, addresses: [...TICKET, ...MADE_UP] })
})

test('made-up devices on the local network keep no member from being found', async t => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: Date.now() })
  const [admin, self, member] = [keyNamed('admin'), keyNamed('self'), keyNamed('member')]
  const founder = new TestDevice(admin, foundOrg([admin]))
  founder.write(enrolment(founder.ledger.org, admin))
  founder.write(enrolment(founder.ledger.org, member))
  const { connector, dialled, discover } = lonely(self.id, founder)
  t.after(() => connector.close())
  for (let index = 0; index < 10_000; index++)
    discover(index.toString(16).padStart(64, '0') as DeviceId, MADE_UP)
  discover(member.id, TICKET)
  connector.start()
  t.mock.timers.tick(SECOND_MS)
  assert.deepEqual(dialled, [{ device: member.id, addresses: TICKET }])
})

/** A connector whose dials nobody answers. */
function lonely(self: DeviceId, founder: TestDevice) {
  const dialled: DialTarget[] = []
  const events: Partial<TransportEvents>[] = []
  const connector = new Connector({
    transport: scripted<Transport>({
      self,
      on: heard => void events.push(heard),
      peers: () => [],
      dial: async target => {
        dialled.push(target)
        return { kind: 'unreachable', detail: 'nobody listens' }
      }
    }),
    keeper: scripted<LedgerKeeper>({ state: () => founder.ledger.state() }),
    board: scripted<PresenceBoard>({
      find: () => undefined,
      onStatement: () => undefined,
      statements: () => []
    }),
    ...{ site: 'here', fetching: () => [], used: () => new Set<DeviceId>(), contacts: [], log: SILENT_LOG }
  })
  const discover = (device: DeviceId, addresses: readonly string[]): void => {
    for (const { onDiscovered } of events) onDiscovered?.(device, addresses)
  }
  return { connector, dialled, discover }
}

interface Running {
  readonly device: DeviceId
  readonly site: string
  readonly transport: MemoryTransport
  readonly connector: Connector
  fetching: Fetching[]
}

/** Connectors of many devices on one network; each knows the presence of all. */
class ManyConnectors {
  readonly running: Running[] = []
  readonly #network = new MemoryNetwork()
  readonly #listeners: ((presence: Presence) => void)[] = []
  readonly #gone = new Set<DeviceId>()

  constructor(t: TestContext, count: number, sites: number, linksMax?: number) {
    t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: Date.now() })
    const admin = keyNamed('admin')
    const founder = new TestDevice(admin, foundOrg([admin]))
    const keys = Array.from({ length: count }, (_, index) => keyNamed(`device ${index}`))
    for (const key of keys) founder.write(enrolment(founder.ledger.org, key))
    const state = founder.ledger.state()
    for (const [index, { id }] of keys.entries()) {
      const transport = this.#network.create(id, [], linksMax)
      transport.setGate(() => 'member')
      const site = `site ${index % sites}`
      const board = scripted<PresenceBoard>({
        find: device => this.#presence(device),
        statements: () => this.running.flatMap(({ device }) => this.#presence(device) ?? []),
        onStatement: listener => void this.#listeners.push(listener)
      })
      const one: Running = {
        ...{ device: id, site, transport, fetching: [] },
        connector: new Connector({
          ...{ transport, site, board, contacts: [], log: SILENT_LOG },
          keeper: scripted<LedgerKeeper>({ state: () => state }),
          fetching: () => one.fetching,
          used: () => new Set()
        })
      }
      this.running.push(one)
      t.after(() => one.connector.close())
    }
  }

  #presence(device: DeviceId): Presence | undefined {
    const found = this.running.find(each => each.device === device)
    if (found === undefined) return undefined
    const expiresMs = Date.now() + HOUR_MS
    return scripted<Presence>({ device, site: found.site, addresses: this.#addressOf(found), expiresMs })
  }

  /** What it stated before it went is what others go by. */
  #addressOf({ device, transport }: Running): readonly string[] {
    return this.#gone.has(device) ? ['/memory/gone'] : transport.addresses()
  }

  async start(): Promise<void> {
    for (const { transport } of this.running) await transport.start()
    for (const { connector } of this.running) connector.start()
  }

  async seconds(t: TestContext, count: number): Promise<void> {
    for (let second = 0; second < count; second++) {
      t.mock.timers.tick(SECOND_MS)
      for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
    }
  }

  async die(one: Running): Promise<void> {
    this.#gone.add(one.device)
    one.connector.close()
    await one.transport.stop()
  }

  /** The network of one is gone; the links of the others stay. */
  cutOff(one: Running): void {
    for (const each of this.living) this.#network.leave(addressOf(each))
    for (const device of this.linksOf(one)) void one.transport.hangUp(device, 'the network is gone')
  }

  mend(): void {
    for (const each of this.living) this.#network.join(each.transport, addressOf(each))
  }

  get living(): Running[] {
    return this.running.filter(({ device }) => !this.#gone.has(device))
  }

  linksOf({ transport }: Running): DeviceId[] {
    return transport.peers().map(({ device }) => device)
  }

  reached(): number {
    const seen = new Set(this.living.slice(0, 1))
    for (const one of seen) {
      const linked = new Set(this.linksOf(one))
      for (const other of this.living) if (linked.has(other.device)) seen.add(other)
    }
    return seen.size
  }
}

function addressOf({ transport }: Running): string {
  return transport.addresses()[0] ?? assert.fail('it listens')
}

test('who was cut off itself does not take the others for dead once it is back, and brings no more than is its part', async t => {
  const many = new ManyConnectors(t, 50, 2)
  for (const { transport } of many.running) await transport.start()
  const [one, ...others] = many.running
  assert.ok(one !== undefined)
  for (const { connector } of others) connector.start()
  await many.seconds(t, 15)
  const bringers = others.find(({ site }) => site === one.site)?.connector.bringers()
  assert.ok(bringers !== undefined && !bringers.has(one.device))
  many.cutOff(one)
  one.connector.start()
  await many.seconds(t, 60)
  assert.deepEqual([...(one.connector.bringers() ?? [])], [one.device], 'as it looks while nobody answers')
  many.mend()
  for (let second = 0; many.linksOf(one).length === 0 && second < 180; second++) await many.seconds(t, 1)
  assert.ok(many.linksOf(one).length > 0)
  await many.seconds(t, 1)
  assert.deepEqual(one.connector.bringers(), bringers)
})

test('eighty devices in three sites: each keeps few links, all hold together, and the dead are replaced', async t => {
  const many = new ManyConnectors(t, 80, 3)
  await many.start()
  await many.seconds(t, 15)
  assert.equal(many.reached(), 80)
  const counts = many.running.map(one => many.linksOf(one).length)
  assert.ok(Math.max(...counts) <= NEIGHBOURS_MAX && Math.max(...counts) < 60, `${Math.max(...counts)} links`)
  const before = many.running.map(({ connector }) => connector.bringers())
  assert.equal(new Set(before.map(each => [...(each ?? [])].toSorted().join(' '))).size, 3)
  const [one] = many.running
  const bringers = one?.connector.bringers()
  assert.equal(bringers?.size, BRINGERS_PER_SITE)
  assert.equal(one?.connector.bringers(), bringers, 'the same set while it is the same')
  const dying = many.running
    .filter(({ device }) => bringers?.has(device) && device !== one?.device)
    .slice(0, 2)
  for (const each of [...dying, ...many.running.slice(-15)]) await many.die(each)
  await many.seconds(t, 30)
  assert.equal(many.reached(), many.living.length)
  for (const each of many.living) assert.ok(many.linksOf(each).length >= 8)
  const gone = new Set(dying.map(({ device }) => device))
  const isBringer = (each: Running): boolean => each.connector.bringers()?.has(each.device) === true
  const acting = many.living.filter(each => each.site === one?.site && isBringer(each))
  assert.ok(acting.length >= BRINGERS_PER_SITE, 'others bring in the place of the two')
  assert.ok(acting.every(({ device }) => !gone.has(device)))
})

test('a publisher far away is linked while its version is fetched, and let go after', async t => {
  const many = new ManyConnectors(t, 80, 2)
  await many.start()
  await many.seconds(t, 15)
  const [reader] = many.running
  assert.ok(reader !== undefined)
  const linked = new Set(many.linksOf(reader))
  const far = many.running.find(({ site, device }) => site !== reader.site && !linked.has(device))
  assert.ok(far !== undefined)
  const version = 'ab'.repeat(32) as VersionId
  const peers = new Set<DeviceId>()
  let isComing = false
  const received = { get: () => (isComing ? Date.now() : 0) }
  const fetching = { version, publishers: [far.device], peers, receivedBytes: 0 }
  reader.fetching = [Object.defineProperty(fetching, 'receivedBytes', received)]
  await many.seconds(t, 5)
  assert.ok(many.linksOf(reader).includes(far.device))
  peers.add(far.device)
  isComing = true
  await many.seconds(t, 90)
  assert.ok(many.linksOf(reader).includes(far.device))
  reader.fetching = []
  await many.seconds(t, 90)
  assert.ok(!many.linksOf(reader).includes(far.device))
})

test('devices that take few links are left alone by the others, who link with the next', async t => {
  const many = new ManyConnectors(t, 60, 1, 10)
  await many.start()
  await many.seconds(t, 30)
  assert.equal(many.reached(), 60)
})
