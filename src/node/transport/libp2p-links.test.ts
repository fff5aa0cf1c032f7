import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MessageStream } from '@libp2p/interface'
import { DeviceKey } from '../keys/device-key.ts'
import { scripted } from '../swarm/scripted.conformance.ts'
import { LinkTable } from './libp2p-links.ts'
import type { TlsChannel } from './libp2p-tls.ts'
import { STRANGER_LIMITS } from './transport.ts'

/** A link that was just secured, and the reasons for which its channel was cut. */
function secured(table: LinkTable): { readonly timeline: object; readonly cuts: string[] } {
  const timeline = { open: 0 }
  const cuts: string[] = []
  const channel = scripted<TlsChannel>({
    addEventListener: () => undefined,
    abort: (error: Error) => void cuts.push(error.message)
  })
  table.secured(scripted<MessageStream>({ timeline }), channel)
  return { timeline, cuts }
}

const unheard = {
  onConnect: () => undefined,
  onDisconnect: () => undefined,
  onNewest: () => undefined,
  onStrangerGone: () => undefined
}

test('a stranger is cut when its time is up, a member is not', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const member = DeviceKey.generate().id
  const table = new LinkTable(device => (device === member ? 'member' : { refuse: 'not enrolled' }), unheard)
  const [stranger, known] = [secured(table), secured(table)]
  assert.equal(table.admit(stranger.timeline, DeviceKey.generate().id), true)
  assert.equal(table.admit(known.timeline, member), true)
  t.mock.timers.tick(STRANGER_LIMITS.linkLifeMs - 1)
  assert.deepEqual(stranger.cuts, [])
  t.mock.timers.tick(1)
  assert.deepEqual(stranger.cuts, ['a stranger stayed too long'])
  assert.deepEqual(known.cuts, [])
})

test('who proved no device key is let in by no means', () => {
  const table = new LinkTable(() => 'member', unheard)
  assert.equal(table.admit(secured(table).timeline, undefined), false)
})
