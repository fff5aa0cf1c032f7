/**
 * Scanning by the command line: three nodes that are processes of their own, and Debian's clamd with signatures of our
 * own, without a network.
 */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { Cluster, type ClusterNode, until } from '../lab/cluster.ts'
import type { AuditReport } from '../src/api/audit.ts'
import type { ScanReport, ScanStatus } from '../src/api/scan.ts'
import type { Status } from '../src/api/status.ts'
import { ERROR_CODES } from '../src/base/error-codes.ts'
import { ClamdProcess, databaseOf, isMissing, MARKER, skipWithoutClamd } from './interop/clamd-process.ts'

const WAIT_MS = 40_000
const LATER_MARKER = 'PEERAGE-LATER-MARKER-9876543210'

suite('peerage scan', { skip: skipWithoutClamd, timeout: 240_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'peerage-scan-'))
  const cluster = new Cluster(folder)
  const clamdFolder = join(folder, 'clamd')
  mkdirSync(clamdFolder)
  const clamd = new ClamdProcess(clamdFolder)
  let office: ClusterNode
  let scanner: ClusterNode
  let lab: ClusterNode

  before(async () => {
    assert.ok(!isMissing, 'install clamav-daemon')
    clamd.setDatabase({ 'daily.cud': databaseOf(7) })
    await clamd.start(['AlertExceedsMax yes'])
    office = await cluster.found('office', 'berlin')
    const ticket = await cluster.invite(2)
    scanner = await cluster.join(ticket, 'scan-1', 'berlin')
    lab = await cluster.join(ticket, 'lab-7', 'paris')
    assert.equal((await office.run('class', 'set', 'internal', '--scan', 'yes')).exitCode, 0)
  })

  after(async () => {
    await cluster.stop()
    await clamd.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function publish(by: ClusterNode, name: string, content: string): Promise<void> {
    const source = join(folder, 'sources', name)
    mkdirSync(source, { recursive: true })
    writeFileSync(join(source, 'data'), content)
    writeFileSync(join(source, 'more'), `more of ${name}`)
    const ran = await by.run('publish', source, '--name', name)
    assert.equal(ran.exitCode, 0, ran.stderr)
  }

  const knows = (node: ClusterNode, name: string) =>
    until(`${node.name} knows ${name}`, WAIT_MS, async () => {
      return (await node.client.call('datasets', {})).datasets.some(dataset => dataset.name === name)
    })

  const statusOf = (node: ClusterNode) => node.client.call('scanStatus', {})

  async function get(node: ClusterNode, name: string) {
    return await node.run('get', name, join(folder, 'got', node.name, name), '--timeout', '30s')
  }

  const scratch = (): readonly string[] => {
    const place = join(scanner.home, 'scan')
    return existsSync(place) ? readdirSync(place) : []
  }

  test('what no scan has found clean waits, and is not read', async () => {
    await publish(office, 'tools', 'nothing bad')
    await knows(lab, 'tools')
    const refused = await get(lab, 'tools')
    assert.equal(refused.exitCode, ERROR_CODES.NOT_AUTHORISED.exitCode)
    assert.match(refused.stderr, /once a scan has found the version clean, and none has yet/)
    const { waiting, scanner: none } = await statusOf(lab)
    assert.deepEqual([waiting.map(({ name }) => name), none], [['tools'], null])
    await lab.refused('SCANNER_DOWN', 'scan', 'setup', '--clamd', join(folder, 'nothing.sock'))
  })

  test('a scanner without the role does nothing; with it, it fetches, scans and removes', async () => {
    const { authorised } = await scanner.json<ScanStatus>('scan', 'setup', '--clamd', clamd.socket)
    assert.equal(authorised, false)
    await scanner.refused('NOT_AUTHORISED', 'scan', 'run', 'tools')
    await office.json('role', 'grant', 'scan-1', 'scanner')
    await until('it is found clean', WAIT_MS, async () => (await statusOf(lab)).waitingCount === 0)
    assert.equal((await get(lab, 'tools')).exitCode, 0)
    await until('what was fetched to be scanned is gone', WAIT_MS, async () => scratch().length === 0)
    const { last } = await statusOf(scanner)
    assert.deepEqual(
      last.map(({ name, verdict, database }) => [name, verdict, database]),
      [['tools', 'clean', 'daily 7']]
    )
  })

  test('what is infected is quarantined everywhere, with who holds it', async () => {
    await publish(lab, 'games', `${MARKER} in it`)
    const listed = () => office.client.call('malware', {})
    await until('it is found', WAIT_MS, async () => (await listed()).found.length === 1)
    const [found] = (await listed()).found
    assert.match(
      (await office.run('scan', 'list')).stdout,
      /games@1 +Peerage\.Test\.Marker\.\S+ in 1 file +scan-1 .*quarantined +no/
    )
    assert.deepEqual(
      [found?.name, found?.quarantined, found?.words[0]?.found, found?.words[0]?.by.name],
      ['games', true, 'Peerage.Test.Marker.UNOFFICIAL in 1 file', 'scan-1']
    )
    const refused = await get(office, 'games')
    assert.equal(refused.exitCode, ERROR_CODES.NOT_AUTHORISED.exitCode)
    assert.match(refused.stderr, /quarantined: a scan found Peerage\.Test\.Marker/)
    const report = await office.json<ScanReport>('scan', 'show', 'games')
    // The scanner has removed what it fetched.
    const holders = report.versions[0]?.holders.map(({ device }) => device.name)
    assert.deepEqual(holders, ['lab-7'], JSON.stringify(report))
    // The paths are known where it was scanned, and are not in the ledger.
    assert.deepEqual(found?.findings, [])
    const own = await scanner.json<ScanReport>('scan', 'show', 'games')
    assert.deepEqual(own.versions[0]?.findings, [
      { path: 'data', signature: 'Peerage.Test.Marker.UNOFFICIAL' }
    ])
    const { problems } = await lab.json<Status>('status')
    assert.deepEqual(
      problems.filter(({ code }) => code === 'MALWARE_FOUND').map(({ path }) => path),
      [join(folder, 'sources', 'games')]
    )
  })

  test('a later signature quarantines what was clean, and names who has read it', async () => {
    await publish(office, 'drivers', `${LATER_MARKER} in it`)
    await knows(scanner, 'drivers')
    assert.equal((await get(scanner, 'drivers')).exitCode, 0)
    await until('it is found clean', WAIT_MS, async () => (await statusOf(lab)).waitingCount === 0)
    assert.equal((await get(lab, 'drivers')).exitCode, 0)
    await clamd.reload(8, { 'Peerage.Test.Later': LATER_MARKER })
    // It asks clamd by itself every minute; a new setup does at once.
    await scanner.json('scan', 'setup', '--clamd', clamd.socket)
    await until('it is quarantined', WAIT_MS, async () => {
      return (await lab.client.call('malware', {})).found.some(({ name }) => name === 'drivers')
    })
    const report = await office.json<ScanReport>('scan', 'show', 'drivers')
    const [version] = report.versions
    const names = (list: readonly { device: { name: string | null } }[] = []) =>
      list.map(({ device }) => device.name)
    assert.deepEqual(names(version?.holders), ['lab-7', 'office', 'scan-1'])
    assert.deepEqual(names(version?.readers), ['lab-7', 'scan-1'])
    const text = await office.run('scan', 'show', 'drivers')
    assert.match(text.stdout, /read by lab-7/)
  })

  test('a scan by hand shows what it finds, with an exit code of its own', async () => {
    const infected = await scanner.run('scan', 'drivers')
    assert.equal(infected.exitCode, ERROR_CODES.MALWARE_FOUND.exitCode, infected.stderr)
    assert.match(infected.stdout, /infected {2}drivers@1 by ClamAV .*daily 8: Peerage\.Test\.Later/)
    assert.match(infected.stdout, /Peerage\.Test\.Later\.UNOFFICIAL {2}data/)
    const clean = await scanner.run('scan', 'tools', '--json')
    assert.equal(clean.exitCode, 0, clean.stdout)
    const lines = clean.stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    assert.deepEqual([lines.at(-1)?.type, lines.at(-1)?.result.verdict], ['result', 'clean'])
    assert.equal(scratch().length, 0)
    const text = (await scanner.run('scan', 'status')).stdout
    assert.match(text, /signatures +daily 8/)
    await lab.refused('NOT_AUTHORISED', 'class', 'set', 'internal', '--scan', 'no')
  })

  test('while clamd is gone nothing is clean, and the status says so', async () => {
    await clamd.stop('SIGKILL')
    await publish(office, 'maps', 'nothing bad')
    await until('the scanner says so', WAIT_MS, async () => {
      const { problems } = await scanner.client.call('status', {})
      return problems.some(
        ({ code, message }) => code === 'SCANNER_DOWN' && message.startsWith('1 version of')
      )
    })
    await knows(lab, 'maps')
    const { stderr, exitCode } = await scanner.run('scan', 'maps')
    assert.equal(exitCode, ERROR_CODES.SCANNER_DOWN.exitCode, stderr)
    assert.equal((await get(lab, 'maps')).exitCode, ERROR_CODES.NOT_AUTHORISED.exitCode)
    await clamd.start(['AlertExceedsMax yes'])
    await until('it is found clean once clamd is back', WAIT_MS, async () => {
      return (await statusOf(office)).waitingCount === 0
    })
    const off = await scanner.json<ScanStatus>('scan', 'off')
    assert.deepEqual([off.scanner, off.queueCount], [null, 0])
    await scanner.refused('SCANNER_MISSING', 'scan', 'run', 'maps')
  })

  test('that it was switched off is in the audit log, with who did it, and in what needs attention', async () => {
    const { problems } = await scanner.json<Status>('status')
    assert.ok(problems.some(({ code }) => code === 'SCANNER_MISSING'))
    const args = ['audit', 'list', '--device', 'scan-1', '--action', 'switched'] as const
    const { entries } = await scanner.json<AuditReport>(...args)
    const told = entries.map(({ event }) => `${event.by} ${event.what} ${event.state}`).reverse()
    assert.deepEqual([told[0], told.at(-1)], ['owner scanner on', 'owner scanner off'])
    assert.match((await scanner.run(...args)).stdout, /by owner, what scanner, state off/)
  })
})
