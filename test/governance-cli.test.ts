/**
 * Commands of governance against the admin API of a node that follows a script: what reaches the node, and what people
 * and programs see of its answers.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { defined } from '../src/base/assert.ts'
import { parseDeviceId, parseOperationId, parseOrgId, parseVersionId } from '../src/base/ids.ts'
import type { CliContext } from '../src/cli/context.ts'
import { run } from '../src/cli/program.ts'
import { type AdminServer, createAdminServer } from '../src/gateway/http/admin-server.ts'
import { TokenBook } from '../src/gateway/http/token-book.ts'
import type { AuthorityRecord, AuthorityService, RootActed } from '../src/node/ledger/authority-terms.ts'
import type { CustodyService, ReadersRecord } from '../src/node/ledger/custody-terms.ts'
import type { Acted, GovernanceService } from '../src/node/ledger/governance-terms.ts'
import type { LedgerExplorer, LedgerFeeds, LedgerLine } from '../src/node/ledger/ledger-terms.ts'
import type { OverrideRecord, OverrideService } from '../src/node/ledger/override-terms.ts'
import type { Daemon, KeyFiles, NodeService } from '../src/node/service.ts'
import { scripted } from '../src/node/swarm/scripted.conformance.ts'

const DEVICE = defined(parseDeviceId('cd'.repeat(32)), 'device')
const OPERATION = defined(parseOperationId('0f'.repeat(32)), 'operation')
const VERSION = defined(parseVersionId('ab'.repeat(32)), 'version')
const ORG = defined(parseOrgId('aa'.repeat(32)), 'org')
const BUILD = { device: DEVICE, name: 'build-1', site: 'berlin' }
const NAMELESS = { device: DEVICE, name: null, site: null }
const NOW_MS = 1_800_000_000_000
const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

const ACTED: Acted = {
  ...{ operation: OPERATION, type: 'device.suspend', says: 'suspends lab-7: s\u001b[2Jo' },
  ...{ inForce: true, waitsFor: null, peersTold: 2, warnings: [] }
}
const WAITING: Acted = { ...ACTED, inForce: false, waitsFor: '1 of 2 admins approve device.suspend' }

let home: string
let server: AdminServer
let asked: unknown[]

async function serve(
  methods: Partial<GovernanceService & CustodyService>,
  others: {
    authority?: Partial<AuthorityService>
    ledger?: Partial<LedgerExplorer>
    overrides?: Partial<OverrideService>
  } = {}
): Promise<void> {
  const service = scripted<NodeService>({
    governance: scripted<GovernanceService>(methods),
    custody: scripted<CustodyService>(methods),
    authority: scripted<AuthorityService>(others.authority ?? {}),
    ledger: scripted<LedgerExplorer>(others.ledger ?? {}),
    overrides: scripted<OverrideService>(others.overrides ?? {})
  })
  server = createAdminServer({
    service,
    tokens: new TokenBook(home),
    log: { error: () => {} },
    checkAnswers: true
  })
  await server.listen(home)
}

/** A method that notes what it was asked and answers always the same. */
function answering<T>(answer: T): (input?: unknown) => Promise<T> {
  return async input => {
    asked.push(input)
    return answer
  }
}

async function peerage(...argv: string[]) {
  return await peerageWith({}, ...argv)
}

async function peerageWith(overrides: Partial<CliContext>, ...argv: string[]) {
  const stdout: string[] = []
  const stderr: string[] = []
  const terminal = (lines: string[]) => ({
    write: (data: string | Uint8Array) => void lines.push(String(data)),
    isTty: false,
    columns: undefined
  })
  const context: CliContext = {
    ...{ platform: process.platform, env: { PEERAGE_HOME: home }, userFolder: home, workingFolder: home },
    hostName: 'lab-7',
    stdout: terminal(stdout),
    stderr: terminal(stderr),
    readStandardInput: async () => '',
    readHiddenLine: undefined,
    openScreen: undefined,
    openFile: undefined,
    loadDaemon: () => assert.fail('no command of this test needs a node of its own'),
    catchInterrupt: () => new AbortController().signal,
    nowMs: () => NOW_MS,
    monotonicMs: () => 0,
    ...overrides
  }
  const exitCode = await run(argv, context)
  return { exitCode, stdout: stdout.join(''), stderr: stderr.join('') }
}

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'peerage-gov-cli-'))
  asked = []
})

afterEach(async () => {
  await server.close()
  rmSync(home, { recursive: true })
})

describe('what this device is asked to sign', () => {
  it('reaches the node as it was meant', async () => {
    const act = answering(ACTED)
    const content = answering({ ...ACTED, version: VERSION, names: ['os/image'] })
    await serve({
      ...{ suspendDevice: act, revokeDevice: act, readmitDevice: act, grantRole: act, revokeRole: act },
      ...{ createGroup: act, addToGroup: act, removeFromGroup: act, grantAccess: act, revokeAccess: act },
      ...{ setPolicy: act, quarantine: content, release: content, recall: content, cancelInvite: act },
      ...{ approve: act, note: act },
      ...{ setClass: act, placeHold: act, liftHold: act }
    })
    const expected: readonly (readonly [string, unknown])[] = [
      ['device suspend lab-7 --reason stolen', { device: 'lab-7', reason: 'stolen' }],
      ['device revoke cdcdcdcd', { device: 'cdcdcdcd', reason: null }],
      ['device readmit lab-7', { device: 'lab-7', reason: null }],
      [
        'role grant lab-7 reader --expires 30d',
        { device: 'lab-7', role: 'reader', expiresInMs: 30 * DAY_MS }
      ],
      ['role grant lab-7 reader', { device: 'lab-7', role: 'reader', expiresInMs: null }],
      ['role revoke lab-7 reader', { device: 'lab-7', role: 'reader' }],
      ['group create night', 'night'],
      ['group add night lab-7', { name: 'night', device: 'lab-7' }],
      ['group remove night lab-7', { name: 'night', device: 'lab-7' }],
      [
        'access grant group:night os/ --purpose tests --expires 2h',
        {
          who: 'group:night',
          scope: { kind: 'prefix', prefix: 'os/' },
          purpose: 'tests',
          expiresInMs: 7_200_000
        }
      ],
      [
        'access grant lab-7 label:eu',
        { who: 'lab-7', scope: { kind: 'label', label: 'eu' }, purpose: null, expiresInMs: null }
      ],
      ['access revoke lab-7 all', { who: 'lab-7', scope: { kind: 'all' } }],
      ['access revoke lab-7 name:all', { who: 'lab-7', scope: { kind: 'name', name: 'all' } }],
      ['access revoke lab-7', { who: 'lab-7', scope: null }],
      [
        'grant os/image --to group:night --purpose tests --expires 2h',
        {
          who: 'group:night',
          scope: { kind: 'name', name: 'os/image' },
          purpose: 'tests',
          expiresInMs: 7_200_000
        }
      ],
      ['revoke os/ --from lab-7', { who: 'lab-7', scope: { kind: 'prefix', prefix: 'os/' } }],
      [
        'dataset policy os/image --label eu --label pii --access granted',
        { name: 'os/image', labels: ['eu', 'pii'], access: 'granted' }
      ],
      ['dataset policy os/image', { name: 'os/image', labels: [], access: 'members' }],
      [
        'class set restricted --sealed yes --holders storage --scan no --copies 3 --staleness none --retention 30d',
        {
          dataClass: 'restricted',
          changes: {
            ...{ sealed: true, holders: 'storage', scan: false, copies: 3 },
            ...{ stalenessMs: null, retentionMs: 30 * DAY_MS }
          }
        }
      ],
      [
        'class set public --leaves no --sites 16',
        { dataClass: 'public', changes: { leaves: false, sites: 16 } }
      ],
      ['hold place os/image --reason court', { name: 'os/image', reason: 'court' }],
      ['hold place os/image', { name: 'os/image', reason: null }],
      ['hold lift 0f0f0f0f', '0f0f0f0f'],
      ['quarantine os/image@3 --reason malware', { name: 'os/image', version: '3', reason: 'malware' }],
      ['release os/image', { name: 'os/image', version: null, reason: null }],
      ['recall os/image@abababab --reason x', { name: 'os/image', version: 'abababab', reason: 'x' }],
      ['invite cancel 0f0f0f0f', '0f0f0f0f'],
      ['approve 0f0f0f0f', '0f0f0f0f'],
      ['note agreed --about 0f0f0f0f', { text: 'agreed', about: '0f0f0f0f' }]
    ]
    for (const [line] of expected) {
      const { exitCode, stderr, stdout } = await peerage(...line.split(' '), '--json')
      assert.equal(exitCode, 0, `${line}: ${stderr}${stdout}`)
      assert.equal(JSON.parse(stdout).operation, OPERATION)
    }
    assert.deepEqual(
      asked,
      expected.map(([, input]) => input)
    )
  })

  it('is told to people: what it says, whether it is in force, and who was told', async () => {
    await serve({ suspendDevice: answering(ACTED) })
    const { stdout } = await peerage('device', 'suspend', 'lab-7')
    assert.equal(
      stdout,
      'this device suspends lab-7: s\ufffd[2Jo\noperation 0f0f0f0f0f0f: in force, sent to 2 connected devices\n'
    )
  })

  it('says what an operation waits for, and what to do about it', async () => {
    await serve({ suspendDevice: answering({ ...WAITING, peersTold: 0 }) })
    const { exitCode, stdout } = await peerage('device', 'suspend', 'lab-7')
    assert.equal(exitCode, 0)
    assert.match(stdout, /no effect yet, no other device is connected; it is sent when one is\n/)
    assert.match(stdout, /waits: 1 of 2 admins approve device\.suspend\n/)
    assert.match(stdout, /peerage approve 0f0f0f0f0f0f\n$/)
  })

  it('is checked before it leaves', async () => {
    await serve({})
    for (const [line, pattern] of [
      ['quarantine os/image', /--reason is missing: say why/],
      ['role grant lab-7 reader --expires never', /--expires can not be "never"/],
      ['role grant lab-7 reader --expires 9999d', /write at most 3650d/],
      ['access grant lab-7 Ü@', /<what> can not be/],
      ['grant os/image', /--to/],
      ['revoke os/image', /--from/],
      ['dataset policy os/image --access nobody', /--access/],
      ['class set secret', /<class>/],
      ['class set public --sealed maybe', /write yes or no/],
      ['class set public --copies 17', /a number from 1 to 16/],
      ['class set public --holders everybody', /--holders/],
      ['access os/image --device lab-7', /not both/],
      ['device suspend', /missing required argument/]
    ] as const) {
      const { exitCode, stderr } = await peerage(...line.split(' '))
      assert.equal(exitCode, 64, line)
      assert.match(stderr, pattern)
    }
    const long = await peerage('device', 'suspend', 'lab-7', '--reason', 'x'.repeat(201))
    assert.match(long.stderr, /write at most 200 characters/)
    assert.deepEqual(asked, [])
  })
})

describe('lists', () => {
  it('of devices say what stands against each', async () => {
    const taken = { operation: OPERATION, by: BUILD, atMs: NOW_MS - 1000, reason: 'lost' }
    const common = { kind: 'server', enrolledAtMs: 1, expiresAtMs: null, heardAtMs: null } as const
    await serve({
      devices: answering([
        { ...BUILD, ...common, self: true, admin: true, standing: 'member', roles: [], taken: null },
        {
          ...{ ...NAMELESS, ...common, self: false, admin: false, standing: 'suspended', taken },
          roles: [{ role: 'reader', by: BUILD, expiresAtMs: NOW_MS + 60_000 }]
        }
      ])
    })
    const { stdout } = await peerage('device')
    assert.match(stdout, /build-1 \(this one\) +berlin +cdcdcdcdcdcd +server +admin +1970-.*Z +member\n/)
    assert.match(
      stdout,
      /reader \(ends in 1 min 0 s\).*suspended by build-1 on 2027-01-15T07:59:59\.000Z: lost\n/
    )
  })

  it('of roles, groups, grants and invites name names', async () => {
    const scope = { kind: 'prefix', prefix: 'os/' } as const
    const grant = {
      operation: OPERATION,
      scope,
      purpose: 'tests',
      by: BUILD,
      grantedAtMs: 1,
      expiresAtMs: null
    }
    await serve({
      roles: answering([
        { role: 'admin', rank: 1, types: ['note'], holders: [{ ...BUILD, expiresAtMs: null }] },
        { role: 'device', rank: 5, types: [], holders: [] }
      ]),
      groups: answering([{ id: OPERATION, name: 'night', by: BUILD, devices: [NAMELESS] }]),
      access: answering({
        grants: [{ ...grant, grantee: { kind: 'group', id: OPERATION, name: 'night' } }],
        policies: [{ name: 'os/image', owner: null, labels: ['eu'], access: 'granted' }]
      }),
      invites: answering([
        {
          ...{ id: OPERATION, by: BUILD, state: 'cancelled', uses: 3, redeemedBy: [BUILD] },
          ...{ createdAtMs: 1, expiresAtMs: 2 }
        }
      ])
    })
    assert.match((await peerage('role', 'list')).stdout, /admin +1 +build-1\ndevice +5 +every member\n/)
    assert.match((await peerage('role')).stdout, /admin may author note\ndevice may author nothing\n/)
    assert.match((await peerage('group')).stdout, /night +0f0f0f0f0f0f +build-1 +cdcdcdcdcdcd\n/)
    const access = (await peerage('access')).stdout
    assert.match(access, /group:night +os\/ +tests +build-1 /)
    assert.match(access, /os\/image +admins +with a grant only +eu\n/)
    assert.match((await peerage('invites')).stdout, /cancelled +build-1 +1 of 3 .* build-1\n/)
  })
})

describe('custody', () => {
  const PERMISSION = { because: 'grant', grant: OPERATION, purpose: 'tests' } as const

  it('of classes says what holds, and who set it', async () => {
    const rules = {
      ...{ sealed: true, leaves: false, scan: true, copies: 3, sites: 2 },
      holders: 'storage',
      ...{ stalenessMs: null, stalenessLimitMs: 3_600_000, retentionMs: DAY_MS }
    } as const
    const set = { operation: OPERATION, by: BUILD, atMs: 1 }
    await serve({
      classes: answering([
        { dataClass: 'public', ...rules, set: null },
        { dataClass: 'restricted', ...rules, set }
      ])
    })
    const { stdout } = await peerage('class')
    assert.match(stdout, /public +yes +storage +3 +2 +no +yes +1 h 0 min +24 h 0 min +by default\n/)
    assert.match(stdout, /restricted .* by build-1 on 1970-01-01T/)
  })

  it('of holds says who placed them and why', async () => {
    await serve({
      holds: answering([
        { operation: OPERATION, name: 'os/image', by: BUILD, reason: 'court', placedAtMs: 1 }
      ])
    })
    assert.match(
      (await peerage('hold', 'list')).stdout,
      /os\/image +0f0f0f0f0f0f +build-1 +1970-.*Z +court\n/
    )
  })

  const UNREAD = { lastRead: null, readsKnownSinceMs: 0 }
  const READ = { lastRead: { atMs: 5000, by: 'server', purpose: null }, readsKnownSinceMs: null } as const

  it('of a version says who may read it and why, or why nobody may', async () => {
    const common = { name: 'os/image', version: VERSION, ordinal: 3 }
    const groups = [{ id: OPERATION, name: 'night', grants: [OPERATION] }]
    let record: ReadersRecord = {
      ...{ ...common, closed: null, groups },
      devices: [
        { ...BUILD, because: 'owner', grant: null, purpose: null, ...UNREAD },
        { ...NAMELESS, ...PERMISSION, ...READ },
        { ...NAMELESS, ...PERMISSION, lastRead: null, readsKnownSinceMs: null }
      ]
    }
    await serve({
      readers: async input => {
        asked.push(input)
        return record
      }
    })
    const { stdout } = await peerage('access', 'os/image@3')
    assert.match(stdout, /^3 devices may read os\/image@3\n/)
    assert.match(stdout, /build-1 +berlin +cdcdcdcdcdcd +never +owns the dataset\n/)
    assert.match(
      stdout,
      / 1970-01-01T00:00:05.*Z, by who served it +has a grant \(0f0f0f0f0f0f\) for tests\n/
    )
    assert.match(stdout, / unknown +has a grant/)
    assert.match(stdout, /granted to the group night: 0f0f0f0f0f0f\n$/)
    record = { ...record, devices: [], groups: [], closed: { reason: 'recalled', detail: 'it was recalled' } }
    assert.equal(
      (await peerage('access', 'os/image')).stdout,
      'nobody may read os/image@3: it was recalled\n'
    )
    assert.deepEqual(asked, [
      { name: 'os/image', version: '3' },
      { name: 'os/image', version: null }
    ])
  })

  it('of a device says what it may read and why', async () => {
    await serve({
      readable: answering({
        device: BUILD,
        versions: [{ name: 'os/image', version: VERSION, dataClass: 'restricted', ...PERMISSION, ...UNREAD }]
      })
    })
    const { stdout } = await peerage('access', '--device', 'build-1')
    assert.match(
      stdout,
      /os\/image +abababababab +restricted +never +has a grant \(0f0f0f0f0f0f\) for tests\n/
    )
    assert.deepEqual(asked, ['build-1'])
  })
})

describe('the authority chain', () => {
  const HASH = '1f2e3d4c'.repeat(8)
  const root = { version: 1, hash: HASH, atMs: 1, succession: 'founding', signers: [BUILD] } as const
  const tally = { needed: 2, signed: [BUILD], missing: [NAMELESS] }
  const AUTHORITY: AuthorityRecord = {
    ...{ orgName: 'acme', version: 1, hash: HASH, admins: [BUILD], threshold: 1, recovery: [NAMELESS] },
    ...{ isAdmin: true, approvals: [{ type: 'device.revoke', admins: 2 }], expiresAtMs: NOW_MS + DAY_MS },
    beacon: { signers: [BUILD], quorum: 1, periodMs: 300_000, lifeMs: 3_600_000 },
    staleness: [
      { dataClass: 'internal', limitMs: null },
      { dataClass: 'restricted', limitMs: 3_600_000 }
    ],
    chain: [root],
    freeze: { version: 2, roots: [root, { ...root, signers: [BUILD, NAMELESS] }], equivocators: [BUILD] },
    equivocations: [{ key: BUILD, version: 2, hashes: [HASH, HASH] }],
    proposals: [
      {
        ...{ hash: HASH, version: 2, by: BUILD, proposedAtMs: 1, changes: ['adds admin x\u001b[2J'] },
        ...{ formerAdmins: tally, ownAdmins: tally, recovery: tally, needsRecovery: true },
        ...{ invalidVotes: 1, operationsLost: 3 }
      }
    ],
    split: true
  }
  const ROOT_ACTED: RootActed = {
    ...{ hash: HASH, version: 2, changes: ['threshold 1 -> 2'], operations: [OPERATION], inForce: false },
    ...{ signsLast: true, missing: ['1 more of the admins after: lab-7'], operationsLost: 1, peersTold: 1 }
  }

  it('is shown with who signed, who is missing, and what contests it', async () => {
    await serve({}, { authority: { authority: answering(AUTHORITY) } })
    const { stdout } = await peerage('admin', 'status')
    for (const pattern of [
      /root +version 1, 1f2e3d4c/,
      /recovery keys +cdcdcdcdcdcd\n/,
      /expires +2027-01-16T08:00:00.000Z, in 24 h 0 min\n/,
      /approvals +device\.revoke: 2\n/,
      /staleness +restricted: 1 h 0 min\n/,
      /frozen: 2 roots of version 2 contest each other\n/,
      /signed more than one: build-1\n/,
      /no root of version 2 can get enough admins; only a root that a majority of the recovery keys/,
      /key build-1 signed 2 roots of version 2\n/,
      /adds admin x\ufffd\[2J\n/,
      /admins before +2 needed: build-1 signed, 1 more of cdcdcdcdcdcd\n/,
      /recovery keys +2 needed: .*; they must\n/,
      /not counted: 1 vote of a wrong key or signature\n/,
      /3 operations that admins signed since will lose their effect/,
      /sign it with: peerage admin sign 1f2e3d4c1f2e\n$/
    ])
      assert.match(stdout, pattern)
    assert.deepEqual(
      JSON.parse((await peerage('admin', '--json')).stdout),
      JSON.parse(JSON.stringify(AUTHORITY))
    )
  })

  it('shows what the roles of a new org have more, and proposes it when told to', async () => {
    const preview = { version: 2, changes: ['adds role privacy of rank 3: note\u001b[2J'] }
    await serve({}, { authority: { propose: answering(ROOT_ACTED), preview: answering(preview) } })
    const shown = await peerage('admin', 'propose', 'defaults')
    assert.equal(
      shown.stdout,
      'root version 2 would change:\n  adds role privacy of rank 3: note\ufffd[2J\nnothing was proposed; propose it with --yes\n'
    )
    const all = [{ kind: 'defaults', roles: null }]
    assert.deepEqual(asked, [all])
    await peerage(
      'admin',
      'propose',
      'defaults',
      '--role',
      'privacy',
      '--role',
      'device',
      '--yes',
      '--no-sign'
    )
    const some = [{ kind: 'defaults', roles: ['privacy', 'device'] }]
    assert.deepEqual(asked.slice(-1), [{ changes: some, sign: false }])
  })

  it('is changed by proposals, which reach the node as they were meant', async () => {
    const act = answering(ROOT_ACTED)
    await serve({}, { authority: { propose: act, vote: act } })
    const year = 365 * DAY_MS
    const expected: readonly (readonly [string, unknown])[] = [
      ['add lab-7', [{ kind: 'admins', add: ['lab-7'], remove: [] }]],
      [
        'remove lab-7 --replacement office-3 --threshold 2 --approvals device.revoke=1 --approvals role.grant=2',
        [
          { kind: 'admins', add: ['office-3'], remove: ['lab-7'] },
          { kind: 'threshold', threshold: 2 },
          { kind: 'approvals', type: 'device.revoke', admins: 1 },
          { kind: 'approvals', type: 'role.grant', admins: 2 }
        ]
      ],
      ['threshold 2', [{ kind: 'threshold', threshold: 2 }]],
      ['approvals device.revoke 2', [{ kind: 'approvals', type: 'device.revoke', admins: 2 }]],
      ['expires 365d', [{ kind: 'expires', atMs: NOW_MS + year }]],
      ['expires 2030-01-01', [{ kind: 'expires', atMs: Date.UTC(2030, 0, 1) }]],
      ['expires never', [{ kind: 'expires', atMs: null }]],
      ['staleness restricted 1h', [{ kind: 'staleness', dataClass: 'restricted', limitMs: 3_600_000 }]],
      ['staleness restricted none', [{ kind: 'staleness', dataClass: 'restricted', limitMs: null }]],
      [
        'beacon --signer a --signer b --quorum 2 --period 5m --life 1h',
        [
          {
            kind: 'beacon',
            policy: { signers: ['a', 'b'], quorum: 2, periodMs: 300_000, lifeMs: 3_600_000 }
          }
        ]
      ],
      ['beacon --none', [{ kind: 'beacon', policy: null }]],
      ['recovery k1 k2', [{ kind: 'recovery', keys: ['k1', 'k2'] }]]
    ]
    for (const [line] of expected) {
      const { exitCode, stderr, stdout } = await peerage('admin', 'propose', ...line.split(' '), '--json')
      assert.equal(exitCode, 0, `${line}: ${stderr}${stdout}`)
    }
    assert.deepEqual(
      asked,
      expected.map(([, changes]) => ({ changes, sign: null }))
    )
    const { stdout } = await peerage('admin', 'propose', 'threshold', '2', '--no-sign')
    assert.deepEqual(asked.at(-1), { changes: [{ kind: 'threshold', threshold: 2 }], sign: false })
    assert.match(stdout, /^root 1f2e3d4c1f2e, version 2: not in force yet, sent to 1 connected device\n/)
    assert.match(stdout, /needs 1 more of the admins after: lab-7\n/)
    assert.match(stdout, /they sign it with: .*\nthis device has not signed: .* when the others have signed/)
    await peerage('admin', 'propose', 'threshold', '2', '--sign')
    assert.deepEqual(asked.at(-1), { changes: [{ kind: 'threshold', threshold: 2 }], sign: true })
    await peerage('admin', 'sign', '1f2e3d4c')
    assert.deepEqual(asked.at(-1), { proposal: '1f2e3d4c', vote: null })
  })

  it('is signed with a key file in this process: the node gets the signature alone', async () => {
    const key = 'ee'.repeat(32)
    const bytes = { hash: HASH, version: 2, changes: ['threshold 1 -> 2'], bytes: 'abcd' }
    await serve(
      {},
      { authority: { proposal: async () => bytes, vote: answering({ ...ROOT_ACTED, inForce: true }) } }
    )
    const file = join(home, 'passphrase')
    writeFileSync(file, 'correct horse\n')
    const signed: unknown[] = []
    const keys = scripted<KeyFiles>({
      show: async () => ({ key: defined(parseDeviceId(key), 'key'), n: 1, r: 1, p: 1 }),
      signRoot: async (...given) => {
        signed.push(given)
        return '0a'.repeat(64)
      }
    })
    const { exitCode, stdout, stderr } = await peerageWith(
      { loadDaemon: async () => scripted<Daemon>({ keys }) },
      ...['admin', 'sign', '1f2e3d4c', '--key', 'admin.key', '--passphrase-file', file]
    )
    assert.equal(exitCode, 0, stderr)
    assert.match(stderr, /version 2:\n {2}threshold 1 -> 2\n/, 'what it signs is said before')
    assert.match(stdout, /in force, sent to/)
    assert.deepEqual(signed, [[join(home, 'admin.key'), 'correct horse', { hash: HASH, bytes: 'abcd' }]])
    assert.deepEqual(asked, [{ proposal: HASH, vote: { key, signature: '0a'.repeat(64) } }])
  })
})

describe('an override', () => {
  const ID = 'ab'.repeat(32)
  const KEY = 'ee'.repeat(32)
  const record: OverrideRecord = {
    ...{ id: ID, classes: ['restricted'], reason: 's\u001b[2Jo', devices: [BUILD] },
    ...{ signers: [NAMELESS], madeAtMs: NOW_MS, expiresAtMs: NOW_MS + 3_600_000 }
  }
  const service = () => ({
    draftOverride: answering({ id: ID, bytes: 'abcd', expiresAtMs: NOW_MS + 3_600_000 }),
    makeOverride: answering({ ...record, peersTold: 2 }),
    overrides: async () => [record]
  })
  const asks = (...given: string[]) => peerage('admin', 'override', ...given)
  const draft = { classes: ['restricted'], reason: 'CHG-1', lifeMs: 3_600_000, devices: null, key: null }

  it('is drafted and signed as it was asked for, and says what it opens', async () => {
    await serve({}, { overrides: service() })
    const { stdout } = await asks('--class', 'restricted', '--for', '1h', '--reason', ' CHG-1 ')
    assert.deepEqual(asked, [draft, { bytes: 'abcd', vote: null }])
    assert.match(
      stdout,
      /^override abababababab: in force until .*, in 1 h 0 min, sent to 2 connected devices\nopens restricted to build/
    )
    assert.match(stdout, /: s\ufffd\[2Jo\n$/)
    assert.match(
      (await asks('list')).stdout,
      /abababababab +restricted +build-1 +cdcdcdcdcdcd .* s\ufffd\[2Jo\n/
    )
    assert.deepEqual(JSON.parse((await asks('list', '--json')).stdout), { overrides: [record] })
  })

  it('is refused where it is not bounded or not reasoned, before the node is asked', async () => {
    await serve({}, { overrides: service() })
    const [one, hour, why] = [
      ['--class', 'restricted'],
      ['--for', '1h'],
      ['--reason', 'CHG-1']
    ]
    for (const [given, expected] of [
      [[...one, '--for', '25h', ...why], /at most 24 h/],
      [[...one, ...hour, '--reason', '  '], /write a reason/],
      [[...one, ...hour, '--reason', 'x'.repeat(201)], /at most 200 characters/],
      [[...one, ...hour], /--reason is missing/],
      [[...one, ...why], /--for is missing/],
      [[...hour, ...why], /--class is missing/],
      [['--class', 'secret', ...hour, ...why], /secret/]
    ] as const) {
      const { exitCode, stdout } = await asks(...given, '--json')
      assert.equal(exitCode, 64, given.join(' '))
      assert.match(stdout, expected)
    }
    assert.deepEqual(asked, [])
  })

  it('is signed with a key file in this process: the node gets the signature alone', async () => {
    await serve({}, { overrides: service() })
    const file = join(home, 'passphrase')
    writeFileSync(file, 'correct horse\n')
    const signed: unknown[] = []
    const keys = scripted<KeyFiles>({
      show: async () => ({ key: defined(parseDeviceId(KEY), 'key'), n: 1, r: 1, p: 1 }),
      signOverride: async (...given) => {
        signed.push(given)
        return '0a'.repeat(64)
      }
    })
    const { exitCode, stderr } = await peerageWith(
      { loadDaemon: async () => scripted<Daemon>({ keys }) },
      ...['admin', 'override', '--class', 'restricted', '--for', '1h', '--reason', 'CHG-1'],
      ...['--device', 'build-1', '--device', 'lab-7', '--key', 'admin.key', '--passphrase-file', file]
    )
    assert.equal(exitCode, 0, stderr)
    assert.deepEqual(signed, [[join(home, 'admin.key'), 'correct horse', { id: ID, bytes: 'abcd' }]])
    assert.deepEqual(asked, [
      { ...draft, devices: ['build-1', 'lab-7'], key: KEY },
      { bytes: 'abcd', vote: { key: KEY, signature: '0a'.repeat(64) } }
    ])
  })
})

describe('the ledger', () => {
  const line: LedgerLine = {
    ...{ operation: OPERATION, type: 'note', author: BUILD, atMs: NOW_MS, aheadMs: 3_600_000 },
    ...{ says: 'notes: s\u001b[2Jo' },
    ...{ inForce: false, role: null, rank: null, reason: 'needs-approval', detail: '1 of 2 admins' }
  }

  it('is listed as it was asked for, with why what has no effect has none', async () => {
    await serve({}, { ledger: { operations: answering({ operations: [line], matched: 3 }) } })
    const { stdout } = await peerage(
      ...['ledger', '--type', 'note', '--author', 'build-1', '--since', '24h', '--until', '1h'],
      ...['--about', 'os/image', '--effect', 'waiting']
    )
    assert.match(
      stdout,
      /\(1 h 0 min ahead\) +0f0f0f0f0f0f +build-1 +note +notes: s\ufffd\[2Jo +no effect: needs-approval, 1 of 2/
    )
    assert.match(stdout, /2 older ones are not shown/)
    assert.deepEqual(asked, [
      {
        ...{ type: 'note', author: 'build-1', about: 'os/image', effect: 'waiting' },
        ...{ sinceMs: NOW_MS - DAY_MS, untilMs: NOW_MS - HOUR_MS, limit: 50 }
      }
    ])
    for (const wrong of [
      ['--limit', '0'],
      ['--limit', '10001'],
      ['--effect', 'some'],
      ['--since', 'lately']
    ])
      assert.equal((await peerage('ledger', ...wrong)).exitCode, 64)
  })

  it('lists feeds with their heads, and the proof of a fork', async () => {
    const head = { operation: OPERATION, type: 'note', seq: 4, atMs: NOW_MS }
    const feed = { author: BUILD, incarnation: '00000000000000ab', operations: 5, heads: [head] }
    const feeds: LedgerFeeds = {
      ...{ atMs: NOW_MS, org: ORG, operations: 5, inForce: 3 },
      inert: [{ reason: 'forked', operations: 2 }],
      types: [{ type: 'note', operations: 5 }],
      feeds: [{ ...feed, fork: { seq: 4, operations: [OPERATION, OPERATION] } }]
    }
    await serve({}, { ledger: { feeds: answering(feeds) } })
    const { stdout } = await peerage('ledger', 'feeds')
    assert.match(
      stdout,
      /build-1 +00000000000000ab +5 +0f0f0f0f0f0f \(note\) .* at position 4: 0f0f0f0f0f0f, 0f/
    )
    assert.match(stdout, /5 operations, of which 3 in force, 2 forked/)
  })
})
