/**
 * The command line against the admin API of a node that follows a script: what people and programs see, what reaches
 * the node, what the process does at signals. Nothing here transfers bytes; other tests do that.
 */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'
import { after, afterEach, before, beforeEach, describe, it } from 'node:test'
import { runHere } from '../lab/command-here.ts'
import { mainProgram } from '../lab/program.ts'
import { AppError } from '../src/base/errors.ts'
import { parseDeviceId, parseOrgId, parseVersionId } from '../src/base/ids.ts'
import { type AdminServer, createAdminServer } from '../src/gateway/http/admin-server.ts'
import { TokenBook } from '../src/gateway/http/token-book.ts'
import type { Activity } from '../src/node/activity-terms.ts'
import type {
  AuditAccepted,
  AuditAsked,
  AuditCheckpoints,
  AuditExported,
  AuditReport,
  AuditVerification,
  AuditWho
} from '../src/node/audit/audit-report.ts'
import type {
  Dataset,
  NodeService,
  NodeStatus,
  Published,
  Transfer,
  TransferRequest,
  VerifyResult
} from '../src/node/service.ts'
import { scripted } from '../src/node/swarm/scripted.conformance.ts'

const MAIN = mainProgram()
const VERSION = parseVersionId('ab'.repeat(32))
const OLD_VERSION = parseVersionId('12'.repeat(32))
const DEVICE = parseDeviceId('cd'.repeat(32))
const ORG = parseOrgId('ef'.repeat(32))
assert.ok(VERSION !== undefined && OLD_VERSION !== undefined && DEVICE !== undefined && ORG !== undefined)

const MAGNET = `magnet:?xt=urn:btmh:1220${VERSION}&dn=os-image`
const PUBLISHER = { device: DEVICE, name: 'build-1', site: 'berlin' }

const STATUS: NodeStatus = {
  software: 'peerage/0.1.0',
  pid: 1,
  home: '/h',
  org: { id: ORG, name: 'acme' },
  device: { id: DEVICE, name: 'lab-7\u001b[2J', site: 'paris', kind: 'server', admin: false },
  addresses: ['/ip4/10.0.0.1/tcp/4701'],
  startedAtMs: 1,
  peersConnected: 1,
  peersKnown: 2,
  datasets: 1,
  transfersActive: 0,
  transfersLate: 0,
  receivedBytes: 5,
  sentBytes: 6,
  wastedBytes: 0,
  receiveBytesPerSecond: 0,
  sendBytesPerSecond: 0,
  freshness: {
    enforced: true,
    asOfAtMs: 1_800_000_000_000,
    ageMs: 2_580_000,
    expiresAtMs: 1_800_000_900_000,
    signersHeard: 2,
    signersTotal: 3,
    quorum: 2,
    signersUncovered: 1,
    signersRegressed: [DEVICE],
    clock: 'behind',
    clockOffsetMs: 900_000,
    classes: [
      { dataClass: 'public', limitMs: null, allowed: true, reason: null, override: null },
      { dataClass: 'internal', limitMs: 1, allowed: true, reason: null, override: 'ab'.repeat(32) },
      { dataClass: 'confidential', limitMs: 1, allowed: false, reason: 'it is 43 min old', override: null }
    ],
    overrides: [
      {
        id: 'ab'.repeat(32),
        classes: ['internal'],
        reason: 'signers down\u001b[2J',
        signers: [DEVICE],
        devices: null,
        expiresAtMs: 1
      }
    ]
  },
  misbehaved: [],
  restraints: [],
  problems: [{ code: 'CONTENT_CHANGED', message: '/srv/x was changed', path: '/srv/x' }]
}

const ACTIVITY: Activity = {
  ...{ atMs: 1, startedAtMs: 1, org: STATUS.org, device: STATUS.device, peersConnected: 1, peersKnown: 2 },
  ...{ receivedBytes: 5_000_000, sentBytes: 0, receiveBytesPerSecond: 1_000_000, sendBytesPerSecond: 0 },
  ...{ wastedBytes: 0, operations: 9, peers: [], links: [], problems: [] },
  transfers: [
    {
      ...{ id: 't-1', name: 'os-image', ordinal: 2, version: VERSION, state: 'fetching', destination: '/d' },
      ...{ totalBytes: 1000, haveBytes: 400, receiveBytesPerSecond: 100, sendBytesPerSecond: 0, etaMs: 6000 },
      ...{
        peers: 1,
        inFlightBytes: 0,
        outlook: null,
        originBytes: 0,
        wanBytes: 0,
        restraints: [],
        problem: null
      }
    }
  ],
  misbehaved: [
    {
      ...{ device: DEVICE, name: 'evil\u001b[2J', site: 'rome', reason: 'bad-block', detail: 'piece 3' },
      ...{ count: 3, firstAtMs: 1, lastAtMs: 1, bannedUntilMs: null }
    }
  ]
}

const PUBLISHED: Published = {
  name: 'os-image',
  version: VERSION,
  ordinal: 2,
  dataClass: 'internal',
  path: '/srv/x',
  ...{ sealed: false, again: false },
  files: 1,
  bytes: 1000,
  pieceBytes: 16384,
  magnet: MAGNET,
  newBytes: null,
  durationMs: 12
}

const DATASET: Dataset = {
  name: 'os-image',
  versions: [VERSION, OLD_VERSION].map((version, index) => ({
    version,
    ordinal: 2 - index,
    dataClass: 'internal',
    publisher: PUBLISHER,
    publishedAtMs: 1,
    ...{ retired: index === 0, closed: null },
    sealed: false,
    files: 1,
    bytes: 1000,
    pieceBytes: 16384,
    magnet: MAGNET.replace(VERSION, version),
    origin: null,
    local: [],
    holders: [{ ...PUBLISHER, complete: true }]
  }))
}

const STARTED: Transfer = {
  id: 't-1',
  name: 'os-image',
  version: VERSION,
  ordinal: 2,
  destination: '/d',
  purpose: null,
  priority: 'normal',
  deadlineAtMs: null,
  outlook: null,
  lateByMs: null,
  origin: null,
  only: [],
  ofVersion: null,
  state: 'fetching',
  startedAtMs: 1,
  finishedAtMs: null,
  files: 1,
  totalBytes: 1000,
  haveBytes: 400,
  resumedBytes: 100,
  reusedBytes: 0,
  receivedBytes: 300,
  wastedBytes: 0,
  bytesPerSecond: 100,
  etaMs: 6000,
  sourcesConnected: 1,
  sources: [{ ...PUBLISHER, connected: true, publisher: true, receivedBytes: 300, bytesPerSecond: 100 }],
  restraints: [],
  problem: null
}

/** A node whose only transfer is set by the test. */
class ScriptedNode implements NodeService {
  readonly governance = scripted<NodeService['governance']>({})
  readonly custody = scripted<NodeService['custody']>({})
  readonly storage = scripted<NodeService['storage']>({})
  readonly boosts = scripted<NodeService['boosts']>({})
  readonly erasures = scripted<NodeService['erasures']>({})
  readonly sealing = scripted<NodeService['sealing']>({})
  readonly ledger = scripted<NodeService['ledger']>({})
  readonly authority = scripted<NodeService['authority']>({})
  readonly overrides = scripted<NodeService['overrides']>({})
  readonly follows = scripted<NodeService['follows']>({})
  readonly limits = scripted<NodeService['limits']>({})
  readonly scans = scripted<NodeService['scans']>({})
  readonly subjects = scripted<NodeService['subjects']>({})
  readonly retention = scripted<NodeService['retention']>({})
  readonly privacy = scripted<NodeService['privacy']>({})
  readonly breaches = scripted<NodeService['breaches']>({})
  readonly requests = scripted<NodeService['requests']>({})
  readonly checkups = scripted<NodeService['checkups']>({})
  measures = scripted<NodeService>({}).measures
  holders = scripted<NodeService>({}).holders
  readonly risks = scripted<NodeService['risks']>({})
  readonly history = scripted<NodeService['history']>({})
  readonly performance = scripted<NodeService['performance']>({})
  readonly detection = scripted<NodeService['detection']>({})
  readonly siem = scripted<NodeService['siem']>({})
  readonly contents = scripted<NodeService['contents']>({})
  transferNow: Transfer = STARTED
  verified: readonly VerifyResult[] = []
  readonly asked: unknown[] = []
  readonly #listeners = new Set<() => void>()

  become(change: Partial<Transfer>): Transfer {
    this.transferNow = { ...this.transferNow, ...change }
    for (const listener of this.#listeners) listener()
    return this.transferNow
  }

  async status() {
    return STATUS
  }

  async peers() {
    return []
  }

  async activity() {
    return { ...ACTIVITY, atMs: Date.now() }
  }

  async invite(request: { uses: number; expiresInMs: number }) {
    this.asked.push(request)
    return { ticket: 'peerage1abc', uses: request.uses, expiresAtMs: 1, addresses: [] }
  }

  async publish(request: unknown, task: Parameters<NodeService['publish']>[1]) {
    this.asked.push(request)
    const known = { filesDone: 0, filesTotal: 1, bytesDone: 10, bytesTotal: 1000 }
    task.onProgress({ phase: 'hashing', ...known })
    await new Promise(resolve => setTimeout(resolve, 30))
    return PUBLISHED
  }

  async retire({ name }: { name: string }) {
    return { name, versions: DATASET.versions.map(({ version }) => version) }
  }

  async datasets() {
    const [newest] = DATASET.versions
    assert.ok(newest !== undefined)
    return [{ ...newest, name: DATASET.name, versions: 1, local: 'none' as const }]
  }

  async dataset(name: string): Promise<Dataset> {
    if (name === DATASET.name) return DATASET
    throw new AppError('DATASET_UNKNOWN', `there is no dataset ${name}`, { details: { name } })
  }

  async verify() {
    return this.verified
  }

  async torrent() {
    return Uint8Array.of(0x64, 0xff, 0x00, 0x65)
  }

  async startTransfer(request: TransferRequest) {
    this.asked.push(request)
    return this.transferNow
  }

  async transfers() {
    return [this.transferNow]
  }

  async transfer(id: string) {
    assert.equal(id, STARTED.id)
    return this.transferNow
  }

  async transferFiles(id: string, limit: number) {
    this.asked.push({ files: id, limit })
    const file = { path: 'bin/app\u001b[2J', bytes: 1000, haveBytes: 250, chosen: true }
    return { id, known: true, sealed: false, total: 3, whole: 1, files: [file] }
  }

  async stopTransfer(id: string, options: { discard: boolean }) {
    this.asked.push({ stop: id, ...options })
    return this.become({ state: 'stopped', finishedAtMs: 2, problem: null })
  }

  async pauseTransfer(id: string) {
    this.asked.push({ pause: id })
    return this.become({ state: 'paused' })
  }

  async resumeTransfer(id: string) {
    this.asked.push({ resume: id })
    return this.become({ state: 'fetching' })
  }

  async setTransferDeadline(id: string, deadlineAtMs: number | null) {
    this.asked.push({ deadline: id, deadlineAtMs })
    return this.become({ deadlineAtMs })
  }

  async prioritiseTransfer(id: string, priority: Transfer['priority']) {
    this.asked.push({ prioritise: id, priority })
    return this.become({ priority })
  }

  readonly audited: AuditReport = {
    entries: [
      {
        device: PUBLISHER,
        incarnation: 1_800_000_000_000,
        seq: 4,
        atMs: 1_800_000_000_000,
        action: 'served',
        peer: { device: PUBLISHER.device, name: null, site: null },
        dataset: 'os/image',
        version: DATASET.versions[0]?.version ?? null,
        event: { action: 'served', bytes: 2048, done: true }
      }
    ],
    logs: [
      {
        ...{ device: PUBLISHER, incarnation: 1_800_000_000_000, ended: false, entries: 5, signedEntries: 5 },
        ...{ cosigned: [{ witnesses: 1, entries: 4 }], outside: [{ name: 'auditor.example', entries: 3 }] },
        ...{ droppedEntries: 2, droppedBeforeMs: 1_700_000_000_000, droppedAtMs: 1_800_000_000_000 }
      }
    ],
    ...{ missing: [], findings: [], leftOut: 3 }
  }

  async audit(request: unknown) {
    this.asked.push(request)
    return this.audited
  }

  async auditWho(name: string): Promise<AuditWho> {
    return {
      ...{ name, holders: [], logs: [], findings: [] },
      missing: [{ device: PUBLISHER, lostEntries: 0, reason: 'not connected' }],
      reads: [
        {
          ...{
            server: PUBLISHER,
            reader: PUBLISHER,
            firstAtMs: 1,
            lastAtMs: 2,
            purpose: null,
            granted: null
          },
          version: PUBLISHED.version,
          ...{ servedBytes: 2048, receivedBytes: null, receiptBytes: null },
          ...{ serverEntry: 'present', readerEntry: 'unavailable', receipt: 'missing' }
        }
      ]
    }
  }

  async auditCheckpoints(request: unknown): Promise<AuditCheckpoints> {
    this.asked.push(request)
    return {
      checkpoints: [
        {
          ...{ device: PUBLISHER, incarnation: 1_800_000_000_000, ended: false, size: 5 },
          ...{
            note: 'origin\n5\nroot\n\n\u2014 name key\n',
            witnesses: [PUBLISHER],
            outside: ['auditor.example']
          }
        }
      ],
      ...{ logs: [], missing: [], findings: [] }
    }
  }

  async auditAsk(request: { path: string; witness: string }): Promise<AuditAsked> {
    this.asked.push(request)
    return { ...request, asked: [], missing: [] }
  }

  async auditAccept(request: unknown): Promise<AuditAccepted> {
    this.asked.push(request)
    return { accepted: [], refused: [{ file: 'a.cosigned', reason: 'malformed' }], findings: [] }
  }

  async auditVerify(task: Parameters<NodeService['auditVerify']>[0]): Promise<AuditVerification> {
    task.onProgress({ entriesDone: 5 })
    const detail = 'log of abc: it ends after 4 entries'
    const finding = {
      kind: 'truncated' as const,
      device: PUBLISHER,
      incarnation: 1_800_000_000_000,
      position: 4,
      witnesses: [PUBLISHER],
      detail
    }
    return {
      ...{ org: STATUS.org.id, readsComplete: 1, readsIncomplete: 0, readsExpired: 0, readsUnavailable: 0 },
      ...{ logs: [], missing: [], findings: [finding] }
    }
  }

  async auditExport(request: Parameters<NodeService['auditExport']>[0]): Promise<AuditExported> {
    this.asked.push(request)
    return { ...request, logs: 1, entries: 5, missing: [] }
  }

  onTransferChange(_id: string, listener: () => void) {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

interface Ended {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

let folder: string
let home: string
let node: ScriptedNode
let server: AdminServer
const children = new Set<ChildProcess>()

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'peerage-cli-'))
})

after(() => rmSync(folder, { recursive: true }))

beforeEach(async () => {
  home = mkdtempSync(join(folder, 'home-'))
  node = new ScriptedNode()
  server = createAdminServer({
    service: node,
    tokens: new TokenBook(home),
    log: { error: () => {} },
    checkAnswers: true
  })
  await server.listen(home)
})

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  await server.close()
})

/** A process of its own, for what is of the process: signals, streams, exit code. */
function start(argv: readonly string[]) {
  const child = spawn(process.execPath, [MAIN, ...argv], {
    cwd: folder,
    env: { ...process.env, PEERAGE_HOME: home, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  children.add(child)
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]).then(
    ([stdout, stderr, [exitCode]]): Ended => {
      children.delete(child)
      return { exitCode, stdout, stderr }
    }
  )
  return { child, ended }
}

async function peerage(...argv: string[]): Promise<Ended> {
  return await runHere(argv, { cwd: folder, env: { PEERAGE_HOME: home } })
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 10))
}

function jsonLines(output: string): Record<string, unknown>[] {
  return output
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
}

describe('commands that print one object', () => {
  it('give programs exactly what the node said', async () => {
    const expected: [string[], unknown][] = [
      [['status'], STATUS],
      [['peers'], { peers: [] }],
      [['show', 'os-image'], DATASET],
      [['show', 'os-image@12121212'], { ...DATASET, versions: DATASET.versions.slice(1) }],
      [['transfers'], { transfers: [STARTED] }],
      [['transfers', 'files', 'os-image'], await node.transferFiles(STARTED.id, 1000)],
      [['retire', 'os-image'], { name: 'os-image', versions: [VERSION, OLD_VERSION] }]
    ]
    for (const [argv, value] of expected) {
      const { exitCode, stdout, stderr } = await peerage(...argv, '--json')
      assert.equal(stderr, '')
      assert.equal(exitCode, 0)
      assert.deepEqual(jsonLines(stdout), [JSON.parse(JSON.stringify(value))])
    }
  })

  it('give people text that no other machine can bend', async () => {
    const { stdout } = await peerage('status')
    assert.match(stdout, /lab-7\ufffd\[2J/)
    assert.match(stdout, /1 problem\n {2}CONTENT_CHANGED: \/srv\/x was changed/)
    assert.ok(!stdout.includes('\u001b'))
    assert.match(
      stdout,
      /freshness +as of 2027-01-15T08:00:00.000Z, 43 min 0 s old; 2 of 3 signers heard, 2 needed/
    )
    assert.match(stdout, /clock +behind by about 15 min 0 s\n/)
    assert.match(stdout, /internal +allowed only by override abababababab\n/)
    assert.match(stdout, /confidential +would be denied: it is 43 min old\n/)
    assert.match(stdout, /override +abababababab opens internal, ends .* ago: signers down\ufffd\[2J/)
    assert.match(
      (await peerage('show', 'os-image')).stdout,
      /os-image@2 retired\n[\s\S]*magnet:[\s\S]*build-1 \(berlin\)/
    )
    assert.match((await peerage('datasets')).stdout, /^NAME .*\nos-image +2 +1\.00 kB /)
  })

  it('print a ticket alone, so that it can be piped', async () => {
    const { stdout, stderr } = await peerage('invite', '--uses', '3', '--expires', '2h')
    assert.equal(stdout, 'peerage1abc\n')
    assert.match(stderr, /3 machines/)
    assert.deepEqual(node.asked, [{ uses: 3, expiresInMs: 7_200_000 }])
  })

  it('pass on what the node refuses', async () => {
    const { exitCode, stdout, stderr } = await start(['show', 'nothing']).ended
    assert.equal(exitCode, 66)
    assert.equal(stdout, '')
    assert.equal(stderr, 'peerage: there is no dataset nothing (DATASET_UNKNOWN)\n')
  })
})

describe('peerage publish', () => {
  it('sends an absolute path and streams progress and result', async () => {
    const { exitCode, stdout, stderr } = await peerage('publish', 'x', '--name', 'os-image', '--json')
    assert.equal(exitCode, 0)
    assert.equal(stderr, '')
    const lines = jsonLines(stdout)
    assert.equal(lines[0]?.type, 'progress')
    assert.deepEqual(lines.at(-1), { type: 'result', result: PUBLISHED })
    await peerage('publish', 'x', '--name', 'os-image', '--sealed')
    assert.equal((node.asked.pop() as { sealed: boolean }).sealed, true)
    assert.deepEqual(node.asked, [
      { path: join(folder, 'x'), name: 'os-image', dataClass: 'internal', origin: null, sealed: false }
    ])
  })
})

describe('peerage transfers deadline', () => {
  it('sends an instant, or none, and refuses one that is over', async () => {
    const before = Date.now()
    assert.equal((await peerage('transfers', 'deadline', STARTED.id, '2h')).exitCode, 0)
    assert.equal((await peerage('transfers', 'deadline', STARTED.id, 'none')).exitCode, 0)
    const [set, none] = node.asked as { deadlineAtMs: number | null }[]
    const inMs = (set?.deadlineAtMs ?? 0) - before
    assert.ok(inMs >= 7_200_000 && inMs < 7_260_000)
    assert.equal(none?.deadlineAtMs, null)
    const { exitCode, stderr } = await peerage('transfers', 'deadline', STARTED.id, '2020-01-01T00:00:00Z')
    assert.equal(exitCode, 64)
    assert.match(stderr, /2020-01-01T00:00:00.000Z is over/)
    assert.equal(node.asked.length, 2)
  })
})

describe('peerage get', () => {
  it('ends with 0 when the node says complete, and tells who gave what', async () => {
    const ended = peerage('get', 'os-image@2', 'd/', '--purpose', 'CHG-7')
    await until(() => node.asked.length > 0)
    node.become({ state: 'complete', haveBytes: 1000, receivedBytes: 900, etaMs: null, finishedAtMs: 5 })
    const { exitCode, stdout } = await ended
    assert.equal(exitCode, 0)
    assert.match(stdout, /^os-image@2 is complete in \/d\n.*every byte verified and on disk\n/)
    assert.match(stdout, /300 B from build-1, the publisher\n$/)
    const destination = `${join(folder, 'd')}/`
    const order = { name: 'os-image', version: '2', destination, purpose: 'CHG-7' }
    assert.deepEqual(node.asked, [{ ...order, priority: null, deadlineAtMs: null, only: [] }])
  })

  it('sends priority and globs, and says when only a part was asked for', async () => {
    const globs = ['--only', '**/*.img', '--only', '!old/']
    const ended = peerage('get', 'os-image', '/d', ...globs, '--priority', 'high')
    await until(() => node.asked.length > 0)
    const ofVersion = { files: 9, bytes: 9000 }
    node.become({ state: 'complete', haveBytes: 1000, finishedAtMs: 5, ofVersion })
    const { exitCode, stdout } = await ended
    assert.equal(exitCode, 0)
    assert.match(
      stdout,
      /^os-image@2 is there in part, as was asked for, in \/d\n {2}1 file, 1\.00 kB, of 9 files, 9\.00 kB,/
    )
    const order = { name: 'os-image', version: null, destination: '/d', purpose: null }
    assert.deepEqual(node.asked, [
      { ...order, priority: 'high', deadlineAtMs: null, only: ['**/*.img', '!old/'] }
    ])
  })

  it('says that the transfer is paused, and waits on', async () => {
    const run = start(['get', 'os-image', '/d'])
    let stderr = ''
    run.child.stderr.on('data', chunk => {
      stderr += String(chunk)
    })
    await until(() => node.asked.length > 0)
    node.become({ state: 'paused' })
    await until(() => /paused; peerage transfers resume/.test(stderr))
    node.become({ state: 'complete', haveBytes: 1000, finishedAtMs: 5 })
    assert.equal((await run.ended).exitCode, 0)
  })

  it('fetches several, each into its folder, and ends with one result', async () => {
    const ended = peerage('get', 'os-image', 'ml/models@3', 'd', '--json')
    await until(() => node.asked.length > 1)
    node.become({ state: 'complete', haveBytes: 1000, finishedAtMs: 5 })
    const { exitCode, stdout } = await ended
    assert.equal(exitCode, 0)
    const destinations = node.asked.map(order => Reflect.get(order as object, 'destination'))
    // Both are ordered at once, and either may come first.
    assert.deepEqual(destinations.sort(), [join(folder, 'd', 'ml/models/'), join(folder, 'd', 'os-image/')])
    const last = stdout.trimEnd().split('\n').at(-1) ?? ''
    const { type, result } = JSON.parse(last)
    assert.equal(type, 'result')
    assert.deepEqual(
      result.transfers.map(({ name, error }: { name: string; error: unknown }) => [name, error]),
      [
        ['os-image', null],
        ['ml/models@3', null]
      ]
    )
  })

  it('of several: Ctrl-C stops all, and two of one name are refused', async () => {
    const { child, ended } = start(['get', 'os-image', 'models', '/d', '--json'])
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    const { exitCode, stdout } = await ended
    assert.equal(exitCode, 130)
    const stops = node.asked.filter(each => Reflect.has(each as object, 'stop'))
    assert.equal(stops.length, 2)
    assert.match(stdout.trimEnd().split('\n').at(-1) ?? '', /"type":"result".*INTERRUPTED/)
    const twice = await peerage('get', 'os-image@1', 'os-image@2', '/d')
    assert.equal(twice.exitCode, 64)
    assert.match(twice.stderr, /os-image is named twice/)
  })

  it('stops the transfer at Ctrl-C, keeps it and says how to resume', async () => {
    const { child, ended } = start(['get', 'os-image', '/d', '--json'])
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    const { exitCode, stdout } = await ended
    assert.equal(exitCode, 130)
    assert.deepEqual(node.asked.at(-1), { stop: 't-1', discard: false })
    const last = jsonLines(`{"type":"progress"}\n${stdout}`).at(-1)
    assert.equal(last?.type, 'error')
    assert.match(stdout, /"INTERRUPTED".*400 B of 1\.00 kB are kept; resume with: peerage get os-image@2 \/d/)
  })

  it('leaves the transfer to the node when it is killed', async () => {
    const { child, ended } = start(['get', 'os-image', '/d', '--json'])
    await once(child.stdout, 'data')
    child.kill('SIGTERM')
    assert.notEqual((await ended).exitCode, 0)
    assert.equal(node.transferNow.state, 'fetching')
    assert.equal(node.asked.length, 1)
  })

  it('gives up after --timeout', async () => {
    node.become({ state: 'waiting', sourcesConnected: 0 })
    const { exitCode, stderr } = await peerage('get', 'os-image', '/d', '--timeout', '300ms')
    assert.equal(exitCode, 75)
    assert.match(stderr, /no reachable device has the missing pieces; 400 B .*resume with.*\(NO_SOURCES\)\n$/)
    assert.deepEqual(node.asked.at(-1), { stop: 't-1', discard: false })
  })

  it('ends with the code of what made it fail', async () => {
    const ended = peerage('get', 'os-image', '/d')
    await until(() => node.asked.length > 0)
    node.become({
      state: 'failed',
      problem: { code: 'DISK_FULL', message: 'the disk of /d is full', path: '/d' }
    })
    const { exitCode, stderr } = await ended
    assert.equal(exitCode, 74)
    assert.match(
      stderr,
      /peerage: the disk of \/d is full; 400 B of 1\.00 kB are kept; resume with.*\(DISK_FULL\)/
    )
  })

  it('ends when another command stops the transfer', async () => {
    const ended = peerage('get', 'os-image', '/d')
    await until(() => node.asked.length > 0)
    assert.equal((await peerage('transfers', 'cancel', 't-1')).exitCode, 0)
    const { exitCode, stderr } = await ended
    assert.equal(exitCode, 75)
    assert.match(stderr, /stopped by another command.*\(TRANSFER_STOPPED\)/)
  })

  it('ends when the node goes away', async () => {
    const { child, ended } = start(['get', 'os-image', '/d', '--json'])
    await once(child.stdout, 'data')
    await server.close()
    const { exitCode, stdout } = await ended
    assert.equal(exitCode, 69)
    assert.match(stdout, /"NODE_DOWN".*shutting down/)
  })
})

describe('peerage verify', () => {
  const copy: VerifyResult = {
    name: 'os-image',
    version: VERSION,
    path: '/srv/x',
    selected: null,
    intact: true,
    bytesChecked: 1000,
    piecesChecked: 1,
    piecesBad: 0,
    damagedFiles: [],
    damagedFileCount: 0
  }

  it('lists what is bad and ends with 65, and with 0 when nothing is', async () => {
    node.verified = [copy]
    assert.equal((await peerage('verify', 'os-image')).exitCode, 0)
    const damagedFiles = [
      { path: 'a', missing: false },
      { path: 'b', missing: true }
    ]
    node.verified = [copy, { ...copy, intact: false, piecesBad: 1, damagedFiles, damagedFileCount: 5 }]
    const { exitCode, stdout } = await peerage('verify', 'os-image')
    assert.equal(exitCode, 65)
    assert.match(
      stdout,
      /^intact {2}.*\ndamaged {2}.*1 bad piece of 1 piece.*\n {2}bad {2}a\n {2}missing {2}b\n {2}and 3 more files\n$/
    )
  })

  it('of what is not here says so', async () => {
    const { exitCode, stderr } = await peerage('verify', 'os-image@3')
    assert.equal(exitCode, 66)
    assert.match(stderr, /holds nothing of os-image@3/)
  })
})

describe('peerage export', () => {
  const TORRENT = Buffer.of(0x64, 0xff, 0x00, 0x65)

  it('writes the file whole, and replaces none unasked', async () => {
    const path = join(home, 'x.torrent')
    assert.equal((await peerage('export', 'os-image', '--torrent', path)).exitCode, 0)
    assert.deepEqual(readFileSync(path), TORRENT)
    writeFileSync(path, 'mine')
    assert.equal((await peerage('export', 'os-image', '--torrent', path)).exitCode, 73)
    assert.equal(readFileSync(path, 'utf8'), 'mine')
    assert.equal((await peerage('export', 'os-image', '--torrent', path, '--force')).exitCode, 0)
    assert.deepEqual(readFileSync(path), TORRENT)
    assert.deepEqual(
      readdirSync(home).filter(name => name.includes('tmp')),
      []
    )
  })

  it('writes the bytes to stdout for -', async () => {
    const child = spawn(process.execPath, [MAIN, 'export', 'os-image', '--torrent', '-', '--home', home])
    const chunks: Buffer[] = []
    child.stdout.on('data', chunk => chunks.push(chunk))
    await once(child, 'close')
    assert.deepEqual(Buffer.concat(chunks), TORRENT)
  })

  it('prints the magnet link of the newest version that is not retired', async () => {
    const { stdout } = await peerage('export', 'os-image', '--magnet')
    assert.equal(stdout, `${MAGNET.replace(VERSION, OLD_VERSION)}\n`)
    assert.equal((await peerage('export', 'os-image@2', '--magnet')).stdout, `${MAGNET}\n`)
  })
})

describe('peerage key', () => {
  it('makes a key file, shows it, and changes its passphrase by files', async () => {
    const path = join(folder, 'admin.key')
    const [old, next] = ['old', 'new'].map(name => {
      const file = join(folder, `${name}.pass`)
      writeFileSync(file, `the ${name} passphrase\n`)
      return file
    }) as [string, string]
    const created = await peerage('key', 'create', 'admin.key', '--passphrase-file', old, '--json')
    assert.equal(created.exitCode, 0, created.stdout)
    const { key } = JSON.parse(created.stdout)
    assert.deepEqual(JSON.parse(created.stdout), { path, key })
    const kdf = { name: 'scrypt', n: 131_072, r: 8, p: 1 }
    assert.deepEqual(JSON.parse((await peerage('key', 'show', path, '--json')).stdout), { path, key, kdf })
    const change = (from: string, to: string) =>
      peerage('key', 'passphrase', path, '--passphrase-file', from, '--new-passphrase-file', to)
    assert.equal((await change(next, old)).exitCode, 77)
    assert.equal((await change(old, next)).exitCode, 0)
    assert.equal((await change(old, next)).exitCode, 77)
    assert.equal((await peerage('key', 'create', 'admin.key', '--passphrase-file', old)).exitCode, 73)
  })

  it('without a terminal and a file says what to do', async () => {
    const { exitCode, stderr } = await peerage('key', 'create', 'other.key')
    assert.equal(exitCode, 66)
    assert.match(stderr, /--passphrase-file or PEERAGE_PASSPHRASE_FILE/)
    assert.ok(!existsSync(join(folder, 'other.key')))
  })
})

describe('audit', () => {
  it('lists what was asked for, and says how much of each log is cosigned', async () => {
    const { exitCode, stdout } = await peerage('audit', '--dataset', 'os/image', '--since', '2026-01-31')
    assert.equal(exitCode, 0)
    assert.match(stdout, /2027-01-15T08:00:00\.000Z .* 4 +served +os\/image .*bytes 2\.05 kB/)
    assert.match(
      stdout,
      /ENTRIES +SIGNED +COSIGNED +DROPPED\n.* 5 +5 +4 of 5 by 1, 3 by auditor\.example \(outside\) +2, of before/
    )
    assert.deepEqual(node.asked, [
      { device: null, dataset: 'os/image', action: null, sinceMs: Date.UTC(2026, 0, 31), limit: 200 }
    ])
    assert.match(stdout, /\n3 by which the owner only looked are left out\n/)
    const json = await peerage('audit', 'list', '--action', 'served', '--limit', '7', '--json')
    assert.deepEqual(jsonLines(json.stdout), [JSON.parse(JSON.stringify(node.audited))])
    assert.deepEqual(node.asked.at(-1), {
      ...{ device: null, dataset: null, action: 'served', sinceMs: null, limit: 7 }
    })
    for (const wrong of [
      ['--since', 'lately'],
      ['--action', 'made-up'],
      ['--limit', '0']
    ])
      assert.equal((await peerage('audit', ...wrong)).exitCode, 64, wrong.join(' '))
  })

  it('shows a missing half of a read as such, and a log that can not be had as that', async () => {
    const { exitCode, stdout } = await peerage('audit', 'who', 'os/image')
    assert.equal(exitCode, 0)
    assert.match(stdout, /2\.05 kB +UNAVAILABLE +MISSING/)
    assert.match(stdout, /missing {2}the log of .*: not connected/)
  })

  it('exits with 65 when a log is not what was signed, and says what', async () => {
    const { exitCode, stdout } = await peerage('audit', 'verify')
    assert.equal(exitCode, 65)
    assert.match(stdout, /truncated {2}log of abc: it ends after 4 entries\n1 finding/)
    const lines = jsonLines((await peerage('audit', 'verify', '--json')).stdout)
    assert.equal(lines.at(-1)?.type, 'result')
  })

  it('exports to an absolute path', async () => {
    const { exitCode, stdout } = await peerage('audit', 'export', 'evidence', '--format', 'ocsf')
    assert.equal(exitCode, 0)
    assert.deepEqual(node.asked, [{ path: join(folder, 'evidence'), format: 'ocsf' }])
    assert.match(stdout, /evidence: 5 entries of 1 log\n/)
  })

  it('checks a folder without any node or home, and refuses one that is none', async () => {
    const { exitCode, stderr } = await peerage('audit', 'verify', folder)
    assert.equal(exitCode, 65)
    assert.match(stderr, /the export can not be checked: .*export\.json/)
  })
})

describe('the process', () => {
  it('does not complain when the reader of its output leaves', async () => {
    const child = spawn(process.execPath, [MAIN, 'show', 'os-image', '--home', home])
    child.stdout.destroy()
    const [stderr, [exitCode]] = await Promise.all([text(child.stderr), once(child, 'exit')])
    assert.equal(stderr, '')
    assert.equal(exitCode, 0)
  })

  it('leaves the endpoint of a running node alone', async () => {
    assert.equal((await start(['status']).ended).exitCode, 0)
    assert.ok(existsSync(join(home, 'admin.json')))
  })
})
