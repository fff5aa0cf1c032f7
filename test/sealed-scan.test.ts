/**
 * A class that is sealed and asks for a scan, on real nodes and by Debian's clamd: nobody reads before the device that
 * scans has opened the version and found it clean, others stay blind, and what is found later is held back everywhere.
 */

import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import type { VersionId } from '../src/base/ids.ts'
import type { Published } from '../src/node/service.ts'
import {
  CLAMD,
  ClamdProcess,
  databaseOf,
  isMissing,
  MARKER,
  skipWithoutClamd
} from './interop/clamd-process.ts'

const SECRET = 'the board meets at noon'
const task = { signal: new AbortController().signal, onProgress: () => undefined }

const deviceOf = ({ node }: Running) => node.identity.device
const opens = ({ node }: Running, version: VersionId) => node.sealing.keeper.keysOf(version).length > 0
const verdictsOf = ({ node }: Running, version: VersionId) =>
  (node.keeper.state().content.get(version)?.scans ?? []).map(({ verdict }) => verdict)

/** Whether a text is anywhere below a folder. */
function isBelow(base: string, text: string): boolean {
  return readdirSync(base, { recursive: true, encoding: 'utf8' })
    .map(name => join(base, name))
    .some(path => path.includes(text) || (lstatSync(path).isFile() && readFileSync(path).includes(text)))
}

suite('a sealed class that asks for a scan', { skip: skipWithoutClamd }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'peerage-sealed-scan-'))
  const source = join(folder, 'minutes')
  const clamd = new ClamdProcess(folder)
  const org = new OrgInProcess()
  let build: Running
  let scan: Running
  let lab: Running
  let first: Published

  before(async () => {
    assert.ok(!isMissing, `there is no ${CLAMD}: install clamav-daemon`)
    mkdirSync(source)
    writeFileSync(join(source, 'agenda-of-the-board.txt'), `${SECRET} `.repeat(9000))
    clamd.setDatabase({ 'daily.cud': databaseOf(7) })
    await clamd.start(['AlertExceedsMax yes'])
    build = await org.found('build-1')
    scan = await org.join(build, 'scan-1')
    lab = await org.join(build, 'lab-7')
    await org.settled()
    await eventually('every device has said its sealing key', () =>
      [build, scan, lab].every(
        each => build.node.keeper.state().devices.get(deviceOf(each))?.sealing !== undefined
      )
    )
    const { governance, custody } = build.service
    await custody.setClass({ dataClass: 'restricted', changes: { scan: true } })
    await governance.grantRole({ device: 'scan-1', role: 'scanner', expiresInMs: null })
    await grant('lab-7')
  })

  after(async () => {
    await org.stop()
    await clamd.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const grant = (who: string) =>
    build.service.governance.grantAccess({
      ...{ who, scope: { kind: 'name', name: 'minutes' }, purpose: null, expiresInMs: null }
    })

  async function publish(): Promise<Published> {
    const request = { path: source, name: 'minutes', dataClass: 'restricted' } as const
    return await build.service.publish(request, task)
  }

  async function get(by: Running, to: string): Promise<void> {
    const { id } = await by.service.startTransfer({
      ...{ name: 'minutes', version: null, destination: to, purpose: null, priority: null, only: [] }
    })
    await eventually(`${to} is fetched`, async () => (await by.service.transfer(id)).state === 'complete')
  }

  test('is published, and read by nobody while who scans can not open it', async () => {
    first = await publish()
    assert.equal(first.sealed, true)
    await scan.service.scans.setUpScan({ clamd: clamd.socket, bytesPerSecond: null }, 'owner')
    await eventually('all know of it', () =>
      org.running.every(({ node }) => node.keeper.state().publishedAs.has(first.version))
    )
    await assert.rejects(get(lab, join(folder, 'no')), /read once a scan has found the version clean/)
    const status = await scan.service.scans.scanStatus()
    assert.deepEqual([status.waitingCount, status.queueCount], [1, 0])
    await assert.rejects(
      scan.service.scans.scan({ name: 'minutes', version: null }, task),
      /with a grant only/
    )
    assert.equal(opens(lab, first.version), false)
  })

  test('opens to readers once who scans has a grant, and found it clean; no plaintext stays', async () => {
    await grant('scan-1')
    await eventually('it is found clean', () => verdictsOf(lab, first.version).includes('clean'))
    assert.equal(opens(scan, first.version), true)
    await eventually('what was fetched for that is gone', () => scan.node.store.holdings().length === 0)
    assert.equal(isBelow(scan.node.home, SECRET), false)
    await eventually('lab can open it', () => opens(lab, first.version))
    await get(lab, join(folder, 'got'))
    assert.equal(isBelow(join(folder, 'got'), SECRET), true)
  })

  test('who may read it is told with when each last did', async () => {
    const { devices } = await build.service.custody.readers({ name: 'minutes', version: null })
    const by = Object.fromEntries(devices.map(({ name, lastRead }) => [name, lastRead?.by ?? null]))
    assert.deepEqual(by, { 'build-1': null, 'lab-7': 'reader', 'scan-1': 'reader' })
    const { versions } = await build.service.custody.readable('lab-7')
    assert.deepEqual(
      versions.map(({ version, lastRead }) => [version, lastRead?.by]),
      [[first.version, 'reader']]
    )
    const { entries } = await build.service.audit({
      ...{ device: null, dataset: null, version: first.version, action: null, sinceMs: null, limit: 1000 }
    })
    assert.deepEqual([...new Set(entries.map(({ version }) => version))], [first.version])
  })

  test('what signatures find later is held back everywhere, and who has it and has read it is named', async () => {
    // The publisher's own device scans as well: it is an admin's, and holds it.
    await build.service.scans.setUpScan({ clamd: clamd.socket, bytesPerSecond: null }, 'owner')
    await eventually('it has looked', () => build.node.scans.notes.of(first.version)?.verdict === 'clean')
    await clamd.reload(8, { 'Peerage.Later': SECRET })
    await build.service.scans.setUpScan({ clamd: clamd.socket, bytesPerSecond: null }, 'owner')
    await eventually('lab knows', () => lab.node.readFault(deviceOf(lab), first.version) !== undefined)
    assert.match(
      lab.node.readFault(deviceOf(lab), first.version)?.detail ?? '',
      /is quarantined: .*Peerage\.Later/
    )
    assert.match(scan.node.holdFault(deviceOf(scan), first.version)?.detail ?? '', /is quarantined/)
    const problems = (await lab.service.status()).problems.filter(({ code }) => code === 'MALWARE_FOUND')
    assert.ok(
      problems.some(({ path }) => path === join(folder, 'got')),
      'where it was opened is named'
    )
    const report = await build.service.scans.scanReport('minutes')
    const [version] = report.versions
    const names = (of: readonly { readonly device: { readonly name: string | null } }[] = []) =>
      of.map(({ device }) => device.name).sort()
    assert.deepEqual(names(version?.holders), ['build-1', 'lab-7'])
    assert.ok(names(version?.readers).includes('lab-7'))
    assert.deepEqual(version?.findings, [
      { path: 'agenda-of-the-board.txt', signature: 'Peerage.Later.UNOFFICIAL' }
    ])
    // The ledger, which all members read, has no names of files.
    for (const { found } of build.node.keeper.state().content.get(first.version)?.scans ?? [])
      assert.equal((found ?? '').includes('agenda'), false)
  })

  test('malware in a new version is found before anybody reads it', async () => {
    writeFileSync(join(source, 'macro'), MARKER)
    const second = await publish()
    await eventually('it is found', () => verdictsOf(lab, second.version).includes('infected'))
    assert.equal(opens(lab, second.version), false)
  })
})
