/** Events for who watches from outside: as OCSF has them, and all of them, over receivers that fail and restarts. */

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createServer, type TLSSocket } from 'node:tls'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import type { AuditEvent } from '../src/audit/entry.ts'
import { ORG } from '../src/audit/log-fixture.conformance.ts'
import { type JsonObject, toOcsf } from '../src/audit/ocsf.ts'
import { SAMPLE_EVENTS, server as sample } from '../src/audit/samples.conformance.ts'
import { ownCertificate } from '../src/gateway/http/web-certificate.ts'
import { CHANGE_KINDS, type KeptFinding } from '../src/node/detection/detection-file.ts'
import { Courier } from '../src/node/siem/courier.ts'
import { findingEvent } from '../src/node/siem/finding-event.ts'
import { firstOf, SiemFixture, upTo } from '../src/node/siem/siem-fixture.conformance.ts'
import { parseTarget } from '../src/node/siem/sink-target.ts'
import { SyslogSink } from '../src/node/siem/syslog-sink.ts'

const SCHEMA = new URL('./vectors/ocsf/cloudevent-ocsf-1.2.0-subset.json', import.meta.url)
const task = { signal: new AbortController().signal, onProgress: () => undefined }
const folder = mkdtempSync(join(tmpdir(), 'peerage-siem-test-'))
const caFile = join(folder, 'ca.pem')
let certificate: { readonly cert: string; readonly key: string }

before(async () => {
  certificate = await ownCertificate(folder, { names: ['localhost'], nowMs: Date.now() })
  writeFileSync(caFile, certificate.cert)
})
after(() => rmSync(folder, { recursive: true, force: true }))

const ajv = new Ajv({ strict: false, allErrors: true })
addFormats.default(ajv)
const isValid = ajv.compile(JSON.parse(readFileSync(SCHEMA, 'utf8')))
const faults = (event: unknown): string =>
  isValid(event) ? '' : ajv.errorsText(isValid.errors, { separator: '\n' })

/** Takes syslog over TLS (RFC 5425); `misbehaves` may end a connection before it is read. */
class SyslogReceiver {
  readonly messages: string[] = []
  connections = 0
  readonly #server
  readonly #sockets = new Set<TLSSocket>()

  constructor(misbehaves: (socket: TLSSocket, times: number) => boolean = () => false) {
    const { cert, key } = certificate
    this.#server = createServer({ cert, key }, socket => {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      if (misbehaves(socket, ++this.connections)) return
      const parts: Buffer[] = []
      socket.on('data', part => parts.push(part))
      // A server of Node ends its side when it has read to the end of the other.
      socket.on('end', () => this.messages.push(...unframed(Buffer.concat(parts))))
    })
  }

  async listen(): Promise<number> {
    await new Promise<void>(resolve => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as AddressInfo).port
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }
}

/** Octet counting: MSG-LEN SP MSG. */
function unframed(bytes: Buffer): string[] {
  const messages: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(' ', at)
    const length = Number(bytes.toString('latin1', at, space))
    assert.ok(Number.isSafeInteger(length) && length > 0, 'a length comes before each message')
    assert.ok(space + 1 + length <= bytes.length, 'no message is cut off')
    messages.push(bytes.toString('utf8', space + 1, space + 1 + length))
    at = space + 1 + length
  }
  return messages
}

const WORD = '[\\x21-\\x7e]'
const TIME = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{1,6}Z'
/** PRI, version, timestamp, host, application, process, kind of message, no structured data, message. */
const RFC_5424 = new RegExp(
  `^<(\\d{1,3})>1 (${TIME}) (${WORD}{1,255}) (${WORD}{1,48}) (${WORD}{1,128}) (${WORD}{1,32}) - ([\\x20-\\x7e]*)$`
)

function eventOf(message: string): JsonObject {
  const [, priority, time, host, app, , kind, body] = RFC_5424.exec(message) ?? []
  assert.ok(body !== undefined, `${message.slice(0, 200)} is as RFC 5424 has it`)
  const event = JSON.parse(body) as JsonObject
  assert.equal(time, event.time)
  assert.match(host ?? '', /^[0-9a-f]{64}$/)
  assert.deepEqual([Math.floor(Number(priority) / 8), app], [13, 'peerage'])
  assert.ok(String(event.type).startsWith(kind ?? '?'))
  return event
}

test('every event is one of OCSF 1.2 in a CloudEvent', () => {
  const calls = ['beginSession', 'endSession'].map((route): AuditEvent => {
    return {
      action: 'called',
      by: 'address ::1',
      route,
      outcome: 'refused',
      count: 1,
      kind: null,
      object: null
    }
  })
  const entries = [...SAMPLE_EVENTS, ...calls].map((event, seq) =>
    toOcsf(
      { device: sample.id, incarnation: 1_800_000_000_000, seq, timeMs: 1_800_000_000_000, event },
      { org: ORG, productVersion: '0.1.0' }
    )
  )
  const finding: KeptFinding = {
    ...{ id: 3, rule: 'spread', subject: 'payroll', severity: 'high', title: 'spreads', explanation: 'é' },
    ...{ devices: [sample.id], datasets: ['payroll'], count: 2, threshold: 2, firstAtMs: 1, lastAtMs: 2 },
    ...{ evidence: [{ device: sample.id, incarnation: 1, seq: 2 }], raisedAtMs: 3 },
    acknowledged: { atMs: 4, by: 'Jane Doe', note: 'Jane asked John' }
  }
  const findings = CHANGE_KINDS.map((kind, seq) =>
    findingEvent({ seq, kind, atMs: 5, finding }, { org: ORG, self: sample.id, productVersion: '0.1.0' })
  )
  for (const event of [...entries, ...findings]) assert.equal(faults(event), '', String(event.type))
  assert.doesNotMatch(JSON.stringify(findings), /Jane|John/)
  const [first] = entries
  const data = first?.data as JsonObject
  for (const wrong of [
    { ...first, specversion: '0.3' },
    { ...first, data: { ...data, activity_id: 77 } },
    { ...first, data: { ...data, time: 'now' } },
    { ...first, data: { ...data, password: 'x' } },
    { ...first, data: { ...data, src_endpoint: {} } }
  ])
    assert.notEqual(faults(wrong), '')
})

test('syslog over TLS: nothing is lost or out of order when connections break, and after a restart', async () => {
  const fixture = new SiemFixture()
  const receiver = new SyslogReceiver((socket, times) => {
    // It ends before it has read, or after some of it, without reading on.
    if (times % 3 === 1) socket.destroy()
    else if (times % 3 === 2) socket.once('data', () => socket.destroy())
    return times % 3 !== 0
  })
  const port = await receiver.listen()
  await fixture.grow(600)
  const kept = fixture.file.add(
    {
      ...{ target: parseTarget(`syslog+tls://localhost:${port}`), logs: 'own', tokenFile: null, caFile },
      ...{ rotateBytes: 1e6, keep: 1 }
    },
    new Map()
  )
  const start = () => {
    const sink = new SyslogSink({ host: 'localhost', port, caFile, device: fixture.key.id })
    const { feed, file } = fixture
    const timing = { pollMs: 5, retryMinMs: 1 }
    const courier = new Courier({ kept, sink, feed, file, onFailure: () => undefined, timing })
    courier.start()
    return courier
  }
  let courier = start()
  await eventually('some have arrived', () => receiver.messages.length > 0)
  await courier.close()
  fixture.reopenFile()
  await fixture.grow(50)
  courier = start()
  await eventually('all have arrived', () => fixture.feed.backlog(fixture.file.cursor(kept.id), 'own') === 0)
  await courier.close()
  const events = receiver.messages.map(eventOf)
  for (const event of events) assert.equal(faults(event), '')
  assert.deepEqual(firstOf(events), upTo(650))
  await receiver.close()
  await fixture.close()
})

test('a receiver whose certificate nobody vouches for gets nothing', async () => {
  const receiver = new SyslogReceiver()
  const port = await receiver.listen()
  const send = (host: string, ca: string | null) =>
    new SyslogSink({ host, port, caFile: ca, device: 'd' }).send(
      [{ type: 'x', time: 't', data: {} }],
      AbortSignal.timeout(5000)
    )
  await assert.rejects(send('localhost', null), /self-signed certificate/)
  await assert.rejects(send('localhost', join(folder, 'none.pem')), /ENOENT/)
  assert.deepEqual(receiver.messages, [])
  await send('localhost', caFile)
  assert.equal(receiver.messages.length, 1)
  await receiver.close()
})

describe('a node with sinks', { concurrency: false }, () => {
  const org = new OrgInProcess()
  let running: Running
  before(async () => {
    running = await org.found('server')
  })
  after(async () => await org.stop())

  const publish = async (name: string) => {
    const path = join(org.folder, name)
    mkdirSync(path)
    writeFileSync(join(path, 'data'), name)
    const { log } = running.node.audit
    const before = log.size
    await running.service.publish({ path, name, dataClass: 'internal', origin: null }, task)
    // That it was signed, and that it is held: neither is waited for by who publishes.
    await eventually('the audit log says so', () => log.size >= before + 2)
  }
  const options = { logs: 'own', tokenFile: null, caFile: null, rotateBytes: 1e8, keep: 2 } as const
  const eventsIn = (path: string) =>
    readFileSync(path, 'utf8')
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as JsonObject)

  test('sends what was, what is and, after a restart, what comes; and the same to who asks', async () => {
    const path = join(org.folder, 'events.jsonl')
    await publish('first')
    const sink = await running.service.siem.setSink({ ...options, target: `file:${path}`, fromStart: true })
    assert.equal(sink.kind, 'file')
    running.node.detection.file.keep(
      {
        ...{ rule: 'bad-blocks', subject: 'd', severity: 'medium', title: 'bad blocks', explanation: 'x' },
        ...{ devices: [], datasets: [], evidence: [], count: 3, threshold: 3, firstAtMs: 1, lastAtMs: 2 }
      },
      Date.now()
    )
    const isCaughtUp = async () => (await running.service.siem.sinks())[0]?.backlog === 0
    await eventually('the sink has all', isCaughtUp)
    const { home } = running.node
    await running.node.stop()
    org.running.splice(0, 1)
    running = await org.start(home)
    await publish('second')
    await eventually('the sink has all again', isCaughtUp)
    const events = eventsIn(path)
    for (const event of events) assert.equal(faults(event), '')
    const ofLog = events.filter(({ type }) => String(type).startsWith('peerage.audit.'))
    assert.deepEqual(firstOf(ofLog), upTo(running.node.audit.log.size))
    assert.deepEqual(
      events.filter(event => !ofLog.includes(event)).map(({ type }) => type),
      ['peerage.detection.raised']
    )
    const asked = await running.service.siem.events({ cursor: '', limit: 1000, waitMs: 0 })
    const keyOf = ({ source, id }: JsonObject) => `${source} ${id}`
    assert.deepEqual(new Set(asked.events.map(keyOf)), new Set(events.map(keyOf)))
    const waiting = running.service.siem.events({ cursor: asked.cursor, limit: 10, waitMs: 10_000 })
    await publish('third')
    assert.ok((await waiting).events.length > 0)
  })

  test('says what can not be, and forgets a sink that is removed', async () => {
    const set = (of: object) =>
      running.service.siem.setSink({ ...options, target: 'file:/nowhere', fromStart: false, ...of })
    await assert.rejects(set({ target: 'http://siem.example/' }), { code: 'USAGE' })
    await assert.rejects(set({ tokenFile: '/etc/token' }), { code: 'USAGE' })
    await assert.rejects(set({ caFile: '/etc/ca' }), { code: 'USAGE' })
    const tokens = `file:${running.node.home}/tokens.json`
    await assert.rejects(set({ target: tokens }), { code: 'NOT_AUTHORISED' })
    await assert.rejects(running.service.siem.events({ cursor: 'x', limit: 1, waitMs: 0 }), { code: 'USAGE' })
    const [sink] = await running.service.siem.sinks()
    await running.service.siem.removeSink(sink?.id ?? 0)
    assert.deepEqual(await running.service.siem.sinks(), [])
    await assert.rejects(running.service.siem.removeSink(sink?.id ?? 0), { code: 'SINK_UNKNOWN' })
  })
})
