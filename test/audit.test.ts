/**
 * The audit log as users meet it: real processes on loopback, the command line, and an exported folder that is
 * tampered with in every way that the verification promises to find. One cluster serves all tests, in order.
 */

import assert from 'node:assert/strict'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Cluster, type ClusterNode, runCommand, until } from '../lab/cluster.ts'
import type { AuditReport, AuditVerification, AuditWho } from '../src/api/audit.ts'
import { decodeByteSequence, encodeByteSequence } from '../src/audit/byte-sequence.ts'
import { addCosignatures, openCheckpoint, signCheckpoint } from '../src/audit/checkpoint.ts'
import { decodeEntry, ENTRY_BYTES_MAX, encodeEntry } from '../src/audit/entry.ts'
import { CompactRange, hashLeaf } from '../src/audit/tree.ts'
import type { DeviceId } from '../src/base/ids.ts'
import { JOIN_GRACE_MS } from '../src/node/audit/stranger-watch.ts'
import { loadDeviceKey } from '../src/node/keys/device-key.ts'
import { verify } from '../src/node/ledger/ledger-keeper.ts'
import { sha256 } from '../src/store/sha256.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-audit-'))
const cluster = new Cluster(folder)
const source = join(folder, 'source.bin')
const evidence = join(folder, 'evidence')
let build: ClusterNode
let lab: ClusterNode
let office: ClusterNode
let labId: DeviceId
let org: string
let joinedMs: number
let outsideKey: string

before(async () => {
  writeFileSync(source, Buffer.alloc(3_000_000, 'content '))
  build = await cluster.found('build-1', 'berlin')
  const ticket = await cluster.invite(2)
  lab = await cluster.join(ticket, 'lab-7', 'paris')
  office = await cluster.join(ticket, 'office-3', 'paris')
  await cluster.meshed()
  joinedMs = Date.now()
  const status = await lab.client.call('status', {})
  labId = status.device.id
  org = status.org.id
})

after(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function audit(node: ClusterNode, ...args: string[]): Promise<AuditReport> {
  const { stdout } = await node.run('audit', ...args, '--json')
  return JSON.parse(stdout) as AuditReport
}

async function who(node: ClusterNode): Promise<AuditWho> {
  return JSON.parse((await node.run('audit', 'who', 'tools/image', '--json')).stdout) as AuditWho
}

test('a read leaves its traces on both sides, and an admin sees them in one list', async () => {
  assert.equal((await build.run('publish', source, '--name', 'tools/image')).exitCode, 0)
  await until('lab knows the dataset', 10_000, async () =>
    (await lab.client.call('datasets', {})).datasets.some(({ name }) => name === 'tools/image')
  )
  const got = await lab.run('get', 'tools/image', join(folder, 'lab-copy'))
  assert.equal(got.exitCode, 0, got.stderr)
  await until('the read has every trace', 20_000, async () => {
    const { reads } = await who(build)
    return reads.some(
      read =>
        read.serverEntry === 'present' &&
        read.readerEntry === 'present' &&
        read.receipt === 'present' &&
        (read.servedBytes ?? 0) >= 3_000_000
    )
  })
  const { reads, holders, missing, findings } = await who(build)
  const [read] = reads
  assert.equal(read?.reader.name, 'lab-7')
  assert.equal(read?.server.name, 'build-1')
  assert.equal(read?.receivedBytes, 3_000_000)
  assert.equal(read?.receiptBytes, 3_000_000)
  assert.deepEqual(holders.map(({ device, kind }) => [device.name, kind]).sort(), [
    ['build-1', 'source'],
    ['lab-7', 'fetched']
  ])
  assert.deepEqual([missing, findings], [[], []])
  await until('every entry of the read', 20_000, async () => {
    const report = await audit(build, '--dataset', 'tools/image')
    const actions = new Set(report.entries.map(({ device, action }) => `${device.name} ${action}`))
    return [
      'build-1 stored',
      'build-1 serving',
      'build-1 served',
      'build-1 receipted',
      'lab-7 received',
      'lab-7 stored',
      'lab-7 read'
    ].every(expected => actions.has(expected))
  })
  const { entries } = await audit(build, '--device', 'build-1', '--action', 'administered')
  assert.ok(entries.some(({ event }) => event.type === 'dataset.publish'))
})

test('what a read is for: as the reader states it, and as its grant says', async () => {
  const scan = join(folder, 'scan.bin')
  writeFileSync(scan, Buffer.alloc(1_000_000, 'scan '))
  const published = await build.run('publish', scan, '--name', 'scans/one', '--class', 'restricted')
  assert.equal(published.exitCode, 0, published.stderr)
  const granted = await build.run('access', 'grant', 'lab-7', 'scans/one', '--purpose', 'study 17')
  assert.equal(granted.exitCode, 0, granted.stderr)
  await until('lab may read it', 20_000, async () => {
    const { exitCode } = await lab.run(
      ...['get', 'scans/one', join(folder, 'lab-scan'), '--purpose', 'CHG-7 rollout', '--timeout', '5s']
    )
    return exitCode === 0
  })
  await until('both sides say so', 20_000, async () => {
    const { stdout } = await build.run('audit', 'who', 'scans/one', '--json')
    const { reads } = JSON.parse(stdout) as AuditWho
    return reads.some(
      ({ purpose, granted: forWhat, receipt }) =>
        purpose === 'CHG-7 rollout' && forWhat === 'study 17' && receipt === 'present'
    )
  })
  const said = async (action: string) =>
    (await audit(build, '--dataset', 'scans/one', '--action', action)).entries.map(({ event }) => event)
  assert.deepEqual(
    (await said('read')).map(({ purpose }) => purpose),
    ['CHG-7 rollout']
  )
  assert.ok((await said('serving')).every(({ granted: forWhat }) => forWhat === 'study 17'))
  assert.ok((await said('receipted')).every(({ purpose }) => purpose === 'CHG-7 rollout'))
  assert.match((await build.run('audit', 'who', 'scans/one')).stdout, /CHG-7 rollout +study 17/)
  const refused = await lab.run('get', 'scans/one', join(folder, 'other'), '--purpose', 'two\nlines')
  assert.equal(refused.exitCode, 64)
})

test('whoever is no admin sees its own log, and whose it could not have', async () => {
  const { logs, missing } = await audit(lab)
  assert.deepEqual(
    logs.map(({ device }) => device.name),
    ['lab-7']
  )
  assert.deepEqual(missing.map(({ device }) => device.name).sort(), ['build-1', 'office-3'])
  for (const { reason } of missing) assert.match(reason, /not-an-auditor/)
  await until('the asking is in the log', 10_000, async () => {
    const { entries } = await audit(build, '--action', 'denied')
    return entries.some(({ peer, event }) => peer?.device === labId && event.reason === 'not-an-auditor')
  })
})

test('every log is cosigned by the others, and each node says how far', async () => {
  await until('each log is cosigned by two', 120_000, async () => {
    const { logs } = await audit(build)
    return (
      logs.length === 3 && logs.every(({ cosigned }) => cosigned.some(({ witnesses }) => witnesses === 2))
    )
  })
  assert.equal((await build.run('audit', 'verify')).exitCode, 0)
  // Whoever was to be told of as a stranger has been by then.
  const toldMs = joinedMs + 2 * JOIN_GRACE_MS
  await until('strangers are told of', 3 * JOIN_GRACE_MS, async () => Date.now() > toldMs)
  const { entries } = await audit(build, '--action', 'denied')
  assert.ok(!entries.some(({ event }) => event.reason === 'not-enrolled'), 'to join is not to be refused')
})

test('a witness outside the org cosigns over files, and every node that trusts it shows so', async () => {
  const files = join(folder, 'for-auditor')
  const key = join(folder, 'witness.key')
  const passphrase = join(folder, 'passphrase')
  writeFileSync(passphrase, 'correct horse\n')
  const alone = { env: { PEERAGE_HOME: join(folder, 'no-such-home'), PEERAGE_PASSPHRASE_FILE: passphrase } }
  const created = await runCommand(['key', 'create', key], alone)
  assert.equal(created.exitCode, 0, created.stderr)
  mkdirSync(files)
  const witness = async () => {
    const args = ['audit', 'witness', files, '--key', key, '--name', 'auditor.example', '--json']
    const { exitCode, stdout, stderr } = await runCommand(args, alone)
    assert.equal(exitCode, 0, stderr)
    return JSON.parse(stdout) as { witness: string; answers: { verdict: string }[] }
  }
  const { witness: verifierKey } = await witness()
  assert.equal(
    (await build.run('audit', 'checkpoint', '--out', files, '--witness', 'auditor.example')).exitCode,
    64
  )
  await build.stop()
  await build.up('--audit-witness', verifierKey)
  await cluster.meshed()
  await until('build signs again', 60_000, async () => {
    const asked = await build.run(
      'audit',
      'checkpoint',
      '--out',
      files,
      '--witness',
      'auditor.example',
      '--json'
    )
    assert.equal(asked.exitCode, 0, asked.stderr)
    return (JSON.parse(asked.stdout) as { asked: unknown[] }).asked.length === 3
  })
  const { answers } = await witness()
  assert.deepEqual(
    answers.map(({ verdict }) => verdict),
    ['cosigned', 'cosigned', 'cosigned']
  )
  const accepted = await build.run('audit', 'accept', files)
  assert.equal(accepted.exitCode, 0, accepted.stderr)
  assert.match(accepted.stdout, /office-3: \d+ entr(?:y|ies) cosigned by auditor\.example/)
  const { logs } = await audit(build)
  for (const { outside } of logs) assert.equal(outside[0]?.name, 'auditor.example')
  assert.match((await build.run('audit')).stdout, /\d+ by auditor\.example \(outside\)/)
  assert.match(
    (await build.run('audit', 'checkpoint', '--device', 'lab-7')).stdout,
    /log of lab-7 .*cosigned by/
  )
  outsideKey = verifierKey
})

test('a log that can not be reached is named, and what was collected of it is still there', async () => {
  await office.stop()
  await until('office is gone', 10_000, async () =>
    (await build.client.call('peers', {})).peers.every(peer => peer.name !== 'office-3' || !peer.connected)
  )
  const { missing, logs } = await audit(build)
  assert.deepEqual(
    missing.map(({ device, reason }) => [device.name, reason]),
    [['office-3', 'not connected']]
  )
  assert.equal(logs.length, 3)
  const table = (await build.run('audit')).stdout
  assert.match(table, /missing {2}the log of office-3: not connected/)
})

test('exports are whole: a folder of evidence, and a line for each entry in the words of others', async () => {
  await until('the newest of what lab signed is cosigned', 60_000, async () => {
    const log = (await audit(build)).logs.find(({ device }) => device.device === labId)
    return log?.cosigned.some(({ entries }) => entries === log.entries) === true
  })
  const exported = await build.run('audit', 'export', evidence)
  assert.equal(exported.exitCode, 0, exported.stderr)
  assert.equal((await build.run('audit', 'export', evidence)).exitCode, 73, 'nothing is written over')
  const verification = await check(evidence)
  assert.deepEqual(verification.findings, [])
  assert.equal(verification.logs.length, 3)
  assert.equal(verification.readsComplete, 2)
  assert.deepEqual(
    verification.missing.map(({ device }) => device.name),
    ['office-3']
  )
  const trusting = await check(evidence, '--witness', outsideKey)
  assert.ok(trusting.logs.every(({ outside }) => outside[0]?.name === 'auditor.example'))
  assert.ok(
    verification.logs.every(({ outside }) => outside.length === 0),
    'who trusts it says so'
  )
  for (const format of ['jsonl', 'ocsf']) {
    const path = join(folder, `lines.${format}`)
    assert.equal((await build.run('audit', 'export', path, '--format', format)).exitCode, 0)
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    const parsed = lines.map(line => JSON.parse(line) as Record<string, unknown>)
    const total = verification.logs.reduce((sum, { entries }) => sum + entries, 0)
    assert.ok(parsed.length >= total)
    if (format === 'ocsf') assert.ok(parsed.every(({ specversion, data }) => specversion === '1.0' && data))
  }
})

/** Checks a folder as a machine that has no home at all does. */
async function check(path: string, ...args: string[]): Promise<AuditVerification & { exitCode: number }> {
  const { exitCode, stdout } = await runCommand(['audit', 'verify', path, ...args, '--json'], {
    env: { PEERAGE_HOME: join(folder, 'no-such-home') }
  })
  const last = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as {
    result?: AuditVerification
    error?: { code: string; message: string }
  }
  if (last.result === undefined) throw new Error(`${exitCode}: ${last.error?.message}`)
  return { ...last.result, exitCode }
}

let copies = 0

/** A copy of the evidence whose log of lab-7 was changed; what its verification finds. */
async function tampered(
  change: (log: string) => void | Promise<void>
): Promise<AuditVerification['findings']> {
  const copy = join(folder, `copy-${copies++}`)
  cpSync(evidence, copy, { recursive: true })
  const [incarnation = ''] = readdirSync(join(copy, labId))
  await change(join(copy, labId, incarnation))
  const { findings, exitCode } = await check(copy)
  assert.equal(exitCode, findings.length > 0 ? 65 : 0)
  for (const { device } of findings) assert.equal(device.device, labId, 'nobody else is blamed')
  return findings
}

function entriesOf(log: string): Uint8Array[] {
  const entries = decodeByteSequence(
    new Uint8Array(readFileSync(join(log, 'entries.cborseq'))),
    ENTRY_BYTES_MAX
  )
  assert.ok(entries !== undefined && entries.length > 2)
  return entries
}

function writeEntries(log: string, entries: readonly Uint8Array[]): void {
  writeFileSync(join(log, 'entries.cborseq'), encodeByteSequence(entries))
}

function edited(entry: Uint8Array): Uint8Array {
  const decoded = decodeEntry(entry)
  assert.ok(decoded.ok)
  return encodeEntry({ ...decoded.value, timeMs: decoded.value.timeMs + 1 })
}

const kinds = (findings: AuditVerification['findings']) =>
  findings.map(({ kind, position }) => [kind, position])

test('an exported log that is cut, also within an entry, is found to be', async () => {
  const cut = await tampered(log => writeEntries(log, entriesOf(log).slice(0, 2)))
  assert.deepEqual(kinds(cut), [['truncated', 2]])
  assert.match(cut[0]?.detail ?? '', /ends after 2 entries, but the device signed for \d+ \(cosigned by /)
  assert.ok((cut[0]?.witnesses.length ?? 0) >= 2)
  const torn = await tampered(log => {
    const path = join(log, 'entries.cborseq')
    writeFileSync(path, readFileSync(path).subarray(0, -200))
  })
  assert.equal(torn[0]?.kind, 'truncated')
  assert.deepEqual(kinds(await tampered(log => rmSync(log, { recursive: true }))), [['truncated', 0]])
})

test('an exported log with an edited entry is found out, by its position', async () => {
  const change = (log: string) =>
    writeEntries(
      log,
      entriesOf(log).map((entry, at) => (at === 1 ? edited(entry) : entry))
    )
  assert.deepEqual(kinds(await tampered(change)), [['edited', 1]])
  const withoutLeaves = await tampered(log => {
    change(log)
    rmSync(join(log, 'leaves.bin'))
  })
  assert.equal(withoutLeaves[0]?.kind, 'edited')
})

test('an exported log in another order is found out', async () => {
  const findings = await tampered(log => {
    const [first, second, ...rest] = entriesOf(log)
    assert.ok(first && second)
    writeEntries(log, [second, first, ...rest])
  })
  assert.deepEqual(kinds(findings), [['reordered', 0]])
})

test('a device that signs another history for this audience is convicted by its own signatures', async () => {
  const key = await loadDeviceKey(join(lab.home, 'device.key'))
  const findings = await tampered(log => {
    const entries = entriesOf(log).map((entry, at) => (at === 1 ? edited(entry) : entry))
    const opened = openCheckpoint(new Uint8Array(readFileSync(join(log, 'checkpoint'))), { verify, sha256 })
    assert.ok(opened.ok)
    const { size, device, incarnation, org: of } = opened.value
    const range = CompactRange.empty(sha256)
    for (const entry of entries.slice(0, size)) range.append(hashLeaf(entry, sha256))
    const sign = (message: Uint8Array) => key.sign(message)
    const note = signCheckpoint({ org: of, device, incarnation, size, root: range.root() }, { sign, sha256 })
    writeEntries(log, entries)
    writeFileSync(join(log, 'checkpoint'), addCosignatures(note, []))
    rmSync(join(log, 'leaves.bin'))
  })
  assert.ok(findings.some(({ kind }) => kind === 'forked'))
  const fork = findings.find(({ detail }) => /signed 2 different checkpoints/.test(detail))
  assert.ok(fork !== undefined, findings.map(({ detail }) => detail).join('; '))
  assert.ok(fork.witnesses.length >= 1, 'and whoever cosigned the other one is named')
})

test('a log under another device, without a checkpoint, or of another org is not believed', async () => {
  const unsigned = await tampered(log => {
    rmSync(join(log, 'checkpoint'))
    rmSync(join(log, 'seen.cborseq'))
  })
  assert.deepEqual(kinds(unsigned), [['unsigned', null]])
  assert.equal((await check(evidence, '--org', org)).exitCode, 0)
  await assert.rejects(check(evidence, '--org', '00'.repeat(32)), /65: .*must be of 0000/)
  const copy = join(folder, 'other-ledger')
  cpSync(evidence, copy, { recursive: true })
  writeFileSync(join(copy, 'ledger', 'operations.cborseq'), '')
  const strangers = (await check(copy)).findings.filter(({ kind }) => kind === 'stranger')
  assert.ok(
    strangers.some(({ device }) => device.device === labId),
    'a ledger that does not enrol it'
  )
  assert.ok(existsSync(join(evidence, 'export.json')))
})
