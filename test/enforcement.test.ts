/**
 * What the ledger decides takes effect on live connections, at once, at every device, and is told to whom it concerns:
 * devices that are revoked or suspended, versions that are quarantined or recalled, grants that are taken. Against real
 * nodes over TLS.
 */

import assert from 'node:assert/strict'
import { closeSync, ftruncateSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import { AppError } from '../src/base/errors.ts'
import type { VersionId } from '../src/base/ids.ts'
import { createOperation } from '../src/ledger/operation/operation.ts'
import type { OperationContent, Scope } from '../src/ledger/operation/operation-content.ts'
import { keyPath } from '../src/node/home.ts'
import { loadDeviceKey } from '../src/node/keys/device-key.ts'
import type { DataClass } from '../src/node/service.ts'
import { sha256 } from '../src/store/sha256.ts'

const BYTES = 40_000_000
const FETCH_SECONDS = 60
const org = new OrgInProcess()
let admin: Running
let reader: Running
let peer: Running

before(async () => {
  admin = await org.found('admin')
  reader = await org.join(admin, 'reader')
  peer = await org.join(admin, 'peer')
  await org.settled()
  await slow()
})

after(() => org.stop())

/** So that what is fetched is there to be cut in the middle, however fast the machine is. */
async function slow(): Promise<void> {
  const cap = { id: null, direction: 'down', link: 'all', dataClass: 'all', hours: null } as const
  await reader.service.limits.setLimits([{ ...cap, bytesPerSecond: BYTES / FETCH_SECONDS }])
}

async function publish(name: string, dataClass: DataClass): Promise<VersionId> {
  const folder = join(org.folder, 'sources')
  mkdirSync(folder, { recursive: true })
  const file = openSync(join(folder, `${name}.bin`), 'w')
  ftruncateSync(file, BYTES)
  writeSync(file, name, 0)
  closeSync(file)
  const task = { signal: new AbortController().signal, onProgress: () => undefined }
  const request = { path: join(folder, `${name}.bin`), name, dataClass }
  const { version } = await admin.service.publish(request, task)
  await eventually(`${name} is known`, async () =>
    (await reader.service.datasets()).some(dataset => dataset.name === name)
  )
  return version
}

const get = (name: string, to = name) =>
  reader.service.startTransfer({
    name,
    version: null,
    ...{ purpose: null, priority: null, only: [] },
    destination: join(org.folder, 'got', to)
  })

async function underWay(id: string): Promise<void> {
  await eventually('the transfer is under way', async () => {
    const { haveBytes, state } = await reader.service.transfer(id)
    assert.notEqual(state, 'complete', 'it is too late to cut it in the middle')
    return haveBytes > 0
  })
}

const decide = (content: OperationContent) => admin.node.keeper.append(content)
const suspendReader = (type: 'device.suspend' | 'device.revoke', reason: string) =>
  decide({
    type,
    device: reader.node.identity.device,
    cutoffs: admin.node.keeper.ledger.cutoffsOf(reader.node.identity.device),
    reason
  })

const servesReader = (node: Running): boolean =>
  node.node.transport.peers().some(link => link.device === reader.node.identity.device)

async function waitsBecause(id: string, pattern: RegExp): Promise<void> {
  await eventually('the transfer waits and says why', async () => {
    const { state, problem } = await reader.service.transfer(id)
    return state === 'waiting' && pattern.test(problem?.message ?? '')
  })
}

async function completes(id: string): Promise<void> {
  await reader.service.limits.clearLimits()
  await eventually('the transfer is complete', async () => {
    const { state, problem } = await reader.service.transfer(id)
    assert.notEqual(state, 'failed', problem?.message)
    return state === 'complete'
  })
  await slow()
}

describe('enforcement', { timeout: 240_000 }, () => {
  it('a quarantine cuts transfers under way everywhere, and a release lets them go on', async () => {
    const version = await publish('quarantined', 'internal')
    const { id } = await get('quarantined')
    await underWay(id)
    decide({ type: 'content.quarantine', version, reason: 'a virus was found' })
    await waitsBecause(id, /quarantined: a virus was found/)
    for (const running of [admin, reader, peer])
      await eventually('no stream is left', () =>
        running.node.hub.streams().every(stream => stream.version !== version)
      )
    await assert.rejects(get('quarantined', 'elsewhere'), /quarantined: a virus was found/)
    decide({ type: 'content.release', version })
    await completes(id)
  })

  it('a recall is final', async () => {
    const version = await publish('recalled', 'internal')
    const { id } = await get('recalled')
    await underWay(id)
    decide({ type: 'content.recall', version, reason: 'wrong build' })
    decide({ type: 'content.release', version })
    await waitsBecause(id, /recalled: wrong build/)
    await assert.rejects(get('recalled', 'elsewhere'), error => {
      assert.ok(error instanceof AppError)
      assert.equal(error.code, 'NOT_AUTHORISED')
      return true
    })
    await reader.service.stopTransfer(id, { discard: true })
  })

  it('confidential data is read with a grant, for as long as that stands', async () => {
    await publish('secret', 'confidential')
    await assert.rejects(get('secret'), /read with a grant only/)
    const grantee = { kind: 'device' as const, device: reader.node.identity.device }
    const scope = { kind: 'name' as const, name: 'secret' }
    decide({ type: 'access.grant', grantee, scope, purpose: 'audit 2026' })
    await eventually('the grant is known', () => reader.node.keeper.state().grants.size === 1)
    const { id } = await get('secret')
    await underWay(id)
    decide({ type: 'access.revoke', grantee, scope })
    await waitsBecause(id, /read with a grant only/)
    decide({ type: 'access.grant', grantee, scope, purpose: 'audit 2026, again' })
    await completes(id)
  })

  it('a grant ends by itself when its time is up, in the middle of a transfer', async () => {
    const version = await publish('for-a-moment', 'restricted')
    const { device } = reader.node.identity
    const grantee = { kind: 'device' as const, device }
    const prefix = { kind: 'prefix' as const, prefix: 'for-a-moment/' }
    const [name, all] = [{ kind: 'name' as const, name: 'for-a-moment' }, { kind: 'all' as const }]
    const grant = (scope: Scope, expiresMs: number | null = null) =>
      admin.node.keeper.append({ type: 'access.grant', grantee, scope, purpose: null }, { expiresMs })
    const known = () =>
      eventually('the grants are known', () => {
        const [ours, theirs] = [admin, reader].map(({ node }) =>
          [...node.keeper.state().grants.keys()].sort()
        )
        return isDeepStrictEqual(ours, theirs)
      })
    grant(prefix, Date.now() + 60_000)
    await known()
    await assert.rejects(get('for-a-moment'), /grant/, 'a prefix does not cover its own name')
    grant(name)
    await known()
    const { id } = await get('for-a-moment')
    await underWay(id)
    // Where it was over before the other one was gone, it is given for longer.
    for (let lifeMs = 2500; ; lifeMs *= 2) {
      const expiresMs = Date.now() + lifeMs
      grant(all, expiresMs)
      decide({ type: 'access.revoke', grantee, scope: name })
      await known()
      const fault = reader.node.readFault(device, version)
      if (Date.now() < expiresMs) {
        assert.equal(fault, undefined)
        break
      }
      grant(name)
    }
    await waitsBecause(id, /grant/)
    await assert.rejects(get('for-a-moment', 'again'), /grant/)
    await reader.service.stopTransfer(id, { discard: true })
  })

  it('a suspended device is hung up by all, is told why, and goes on once it is readmitted', async () => {
    await publish('for-the-suspended', 'internal')
    const { id } = await get('for-the-suspended')
    await underWay(id)
    suspendReader('device.suspend', 'lost in a taxi')
    for (const running of [admin, peer])
      await eventually('the reader is hung up', () => !servesReader(running))
    await eventually('it is told why', async () =>
      (await reader.service.status()).problems.some(({ message }) =>
        /suspended in acme: lost in a taxi/.test(message)
      )
    )
    assert.notEqual((await reader.service.transfer(id)).state, 'complete')
    const { enrolment } = admin.node.keeper.state().devices.get(reader.node.identity.device) ?? {}
    assert.ok(enrolment)
    const { kind, nameCommitment } = enrolment
    decide({
      type: 'device.enrol',
      device: reader.node.identity.device,
      kind,
      nameCommitment,
      redemption: null
    })
    await completes(id)
  })

  it('a revoked device gets nothing and changes nothing, whatever it sends', async () => {
    await publish('for-the-revoked', 'internal')
    const { id } = await get('for-the-revoked')
    await underWay(id)
    const known = [...reader.node.keeper.ledger.operations()].map(operation => operation.record)
    suspendReader('device.revoke', 'stolen')
    for (const running of [admin, peer])
      await eventually('the reader is hung up', () => !servesReader(running))
    await eventually('it is told why', async () =>
      (await reader.service.status()).problems.some(({ message }) => /revoked in acme: stolen/.test(message))
    )
    await waitsBecause(id, /refuses? this one: this device was revoked in acme: stolen/)
    await eventually('the audit log says why it was refused', async () =>
      (await deniedReasons(admin)).includes('revoked')
    )
    assert.ok(!(await deniedReasons(admin)).includes('not-enrolled'), 'it was enrolled')

    const before = snapshot(admin)
    const key = await loadDeviceKey(keyPath(reader.node.home))
    const draft = reader.node.keeper.ledger.draft({
      author: key.id,
      incarnation: reader.node.keeper.incarnation,
      content: { type: 'dataset.retire', name: 'secret', version: null },
      nowMs: Date.now()
    })
    assert.ok(draft.ok)
    const sign = (message: Uint8Array): Uint8Array => key.sign(message)
    const backdated = createOperation(
      { ...draft.value, timeMs: Date.now() - 3_600_000, expiresMs: null },
      { sign, sha256 }
    )
    const forged = Uint8Array.from(known[0] ?? [])
    forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
    for (const running of [admin, peer]) running.node.keeper.take([...known, backdated.record, forged])
    assert.deepEqual(snapshot(admin), before)
    const inert = admin.node.keeper.state().inert.get(backdated.id)
    assert.equal(inert?.reason, 'author-revoked')
    assert.equal(servesReader(admin), false)
  })
})

/** Why a node refused the reader, by its own audit log. */
async function deniedReasons({ service }: Running): Promise<unknown[]> {
  const { entries } = await service.audit({
    ...{ device: null, dataset: null, action: 'denied', sinceMs: null, limit: 100 }
  })
  return entries.map(({ event }) => event.reason)
}

/** What a revoked device would like to change. */
function snapshot({ node }: Running): unknown {
  const { datasets, devices, grants } = node.keeper.state()
  return structuredClone({ datasets: [...datasets], devices: [...devices], grants: [...grants] })
}
