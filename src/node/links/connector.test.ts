import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MINUTE_MS } from '../../base/units.ts'
import { enrolment, foundOrg, keyNamed, TestDevice } from '../../ledger/fold/org-fixture.conformance.ts'
import type { LedgerKeeper } from '../ledger/ledger-keeper.ts'
import type { PresenceBoard } from '../ledger/presence-board.ts'
import { SILENT_LOG } from '../log.ts'
import { scripted } from '../swarm/scripted.conformance.ts'
import type { DialTarget, Transport, TransportEvents } from '../transport/transport.ts'
import { Connector } from './connector.ts'

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
