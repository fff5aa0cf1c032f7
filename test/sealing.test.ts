/**
 * Sealed data from end to end, on real nodes: what a device holds and receives that may not read, who can open what,
 * and what changes of the readers do. sealing-cli.test.ts has the command line, and crashes.
 */

import assert from 'node:assert/strict'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import type { VersionId } from '../src/base/ids.ts'
import type { DeviceKey } from '../src/node/keys/device-key.ts'
import { GOSSIP_TOPICS } from '../src/node/node.ts'
import { ENVELOPES_PROTOCOL } from '../src/node/sealing/envelope-exchange.ts'
import type { Published } from '../src/node/service.ts'
import { Libp2pTransport } from '../src/node/transport/libp2p-transport.ts'
import type { OpenOptions, PeerStream, StreamHandler } from '../src/node/transport/transport.ts'

const MARKER = 'MARKER-of-the-payroll-0451'
const WAIT_MS = 30_000

/** Keeps all that comes in on streams and by gossip. */
class RecordingTransport extends Libp2pTransport {
  readonly received: Buffer[] = []
  /** Streams of this protocol that others open come to nothing. */
  lost: string | undefined

  override handle(protocol: string, handler: StreamHandler, options = {}): void {
    const onStream = (stream: PeerStream) =>
      protocol === this.lost ? stream.abort('lost') : handler(this.#recorded(stream))
    super.handle(protocol, onStream, options)
  }

  override async open(
    device: Parameters<Libp2pTransport['open']>[0],
    protocol: string,
    signal: AbortSignal,
    options?: OpenOptions
  ): Promise<PeerStream> {
    return this.#recorded(await super.open(device, protocol, signal, options))
  }

  override subscribe(topic: string, listener: Parameters<Libp2pTransport['subscribe']>[1]): void {
    super.subscribe(topic, (from, bytes) => {
      this.received.push(Buffer.from(bytes))
      listener(from, bytes)
    })
  }

  #recorded(stream: PeerStream): PeerStream {
    const onData = stream.onData.bind(stream)
    stream.onData = listener =>
      onData(chunk => {
        this.received.push(Buffer.from(chunk))
        listener(chunk)
      })
    return stream
  }
}

class RecordingOrg extends OrgInProcess {
  readonly transports: RecordingTransport[] = []

  protected override createTransport(key: DeviceKey): Libp2pTransport {
    const listen = ['/ip4/127.0.0.1/tcp/0']
    const transport = new RecordingTransport({ key, listen, topics: GOSSIP_TOPICS })
    this.transports.push(transport)
    return transport
  }
}

const folder = mkdtempSync(join(tmpdir(), 'peerage-sealing-'))
const source = join(folder, 'payroll')
const org = new RecordingOrg()
let build: Running
let lab: Running
let vault: Running

/** Every file and link below a folder, and what is in it. */
function contentsOf(base: string): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of readdirSync(base, { recursive: true, encoding: 'utf8' })) {
    const stats = lstatSync(join(base, name))
    if (stats.isFile())
      found[name] = `${stats.mode & 0o100 ? 'x' : '-'} ${readFileSync(join(base, name), 'utf8')}`
    else if (stats.isSymbolicLink()) found[name] = 'link'
  }
  return found
}

function everyByteBelow(base: string): Buffer {
  const files = readdirSync(base, { recursive: true, encoding: 'utf8' }).map(name => join(base, name))
  return Buffer.concat([
    Buffer.from(files.join('\n')),
    ...files.filter(path => lstatSync(path).isFile()).map(path => readFileSync(path))
  ])
}

async function publish(by: Running, path = source): Promise<Published> {
  const task = { signal: new AbortController().signal, onProgress: () => undefined }
  const published = await by.service.publish({ path, name: 'payroll', dataClass: 'confidential' }, task)
  await eventually('all know of it', () =>
    org.running.every(({ node }) => node.keeper.state().publishedAs.has(published.version))
  )
  return published
}

async function get(
  by: Running,
  to: string,
  { only = [], version = null }: { only?: readonly string[]; version?: string | null } = {}
): Promise<Record<string, string>> {
  const { id } = await by.service.startTransfer({
    ...{ name: 'payroll', version, destination: to, purpose: null, priority: null, only }
  })
  await eventually(`${to} is fetched`, async () => {
    const { state, problem } = await by.service.transfer(id)
    assert.notEqual(state, 'failed', problem?.message)
    return state === 'complete'
  })
  return contentsOf(to)
}

/** Has a device hold a version as it is, which no command does: what placement of copies is for. */
async function holdBlindly(by: Running, version: VersionId): Promise<string> {
  const { dataset, version: published } = by.node.catalogue.resolve({ name: 'payroll', version })
  const destination = join(folder, `blind-${version.slice(0, 8)}`)
  const id = by.node.desk.start({
    ...{ name: dataset.name, version, ordinal: published.ordinal, files: published.files },
    ...{
      totalBytes: published.bytes,
      destination,
      purpose: null,
      priority: null,
      deadlineAtMs: null,
      only: []
    }
  })
  await eventually('it is held', () => by.node.desk.view(id)?.state === 'complete')
  return destination
}

const deviceOf = ({ node }: Running) => node.identity.device
const opens = ({ node }: Running, version: VersionId) => node.sealing.keeper.keysOf(version).length > 0

before(async () => {
  mkdirSync(join(source, 'salaries of 2031'), { recursive: true })
  writeFileSync(join(source, 'salaries of 2031', 'board.txt'), `${MARKER} `.repeat(30_000))
  writeFileSync(join(source, 'executable-of-the-payroll'), '#!/bin/sh\n', { mode: 0o755 })
  writeFileSync(join(source, 'nothing-in-the-payroll'), '')
  symlinkSync('salaries of 2031/board.txt', join(source, 'link-to-the-board'))
  build = await org.found('build-1')
  lab = await org.join(build, 'lab-7')
  vault = await org.join(build, 'vault-2')
  await org.settled()
  await eventually('every device has said its sealing key', () =>
    org.running.every(each =>
      [build, lab, vault].every(
        of => each.node.keeper.state().devices.get(deviceOf(of))?.sealing !== undefined
      )
    )
  )
})

after(async () => {
  await org.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('sealed data', () => {
  let first: Published

  test('a holder without a right to read has, and was sent, nothing of names or content', async () => {
    first = await publish(build)
    assert.equal(first.sealed, true)
    assert.deepEqual([first.files, first.newBytes], [4, first.bytes])
    const held = await holdBlindly(vault, first.version)
    const names = ['salaries', 'board.txt', 'executable-of', 'nothing-in-the', 'link-to-the-board', MARKER]
    const onDisk = Buffer.concat([everyByteBelow(held), everyByteBelow(vault.node.home)])
    const received = Buffer.concat(org.transports[2]?.received ?? [])
    assert.ok(received.length > first.bytes, 'what it received was recorded')
    for (const name of names) {
      assert.equal(onDisk.includes(name), false, `${name} is on its disk`)
      assert.equal(received.includes(name), false, `${name} was sent to it`)
      // The search finds what is there.
      assert.equal(everyByteBelow(source).includes(name), true, name)
    }
    assert.equal(opens(vault, first.version), false)
    const refusal = vault.service.startTransfer({
      ...{
        name: 'payroll',
        version: null,
        destination: join(folder, 'no'),
        purpose: null,
        priority: null,
        only: []
      }
    })
    await assert.rejects(refusal, /needs? a grant|with a grant only/)
  })

  test('the ledger tells no sums but those of the objects', () => {
    const published = vault.node.keeper.state().datasets.get('payroll')?.versions.at(-1)
    assert.equal(published?.sealed, true)
    // A manifest beside an object for each file; links have none.
    assert.equal(published?.files, 4)
    assert.notEqual(published?.bytes, first.bytes)
    const holding = vault.node.catalogue.holdings(published ?? assert.fail('published'))[0]
    assert.equal(holding?.version.name, 'objects')
    for (const { path } of holding?.version.files ?? []) assert.match(path.join('/'), /^[0-9a-f]{32}$/)
  })

  test('a grant opens it at once, from a holder that can not open it too', async () => {
    assert.equal(opens(lab, first.version), false)
    await build.service.governance.grantAccess({
      ...{ who: 'lab-7', scope: { kind: 'name', name: 'payroll' }, purpose: 'audit', expiresInMs: null }
    })
    await eventually('lab can open it', () => opens(lab, first.version), WAIT_MS)
    const got = await get(lab, join(folder, 'got-1'))
    assert.deepEqual(got, contentsOf(source))
    assert.deepEqual(
      lab.node.store.holdings().filter(({ root }) => root.startsWith(folder)),
      [],
      'the plain copy is not held, and so not served'
    )
  })

  test('globs are of the plain names, and only what they choose is fetched', async () => {
    const got = await get(build, join(folder, 'got-2'), { only: ['exec*', 'nothing*'] })
    assert.deepEqual(Object.keys(got).sort(), ['executable-of-the-payroll', 'nothing-in-the-payroll'])
  })

  test('a new version takes over what has not changed, and is wrapped for those who may read it', async () => {
    writeFileSync(join(source, 'new-in-the-payroll'), 'a bonus')
    const second = await publish(build)
    assert.equal(second.newBytes, 7)
    const objectsOf = (version: VersionId) =>
      build.node.store
        .holdings()
        .find(holding => holding.version.id === version)
        ?.version.files.map(({ path, root }) => `${path.join('/')} ${root}`) ?? []
    const before = objectsOf(first.version)
    const shared = objectsOf(second.version).filter(object => before.includes(object))
    assert.equal(shared.length, 3)
    const got = await get(lab, join(folder, 'got-3'))
    assert.deepEqual(got, contentsOf(source))
    await assert.rejects(publish(build), /has this very content already/)
  })

  test('whoever leaves a group opens what is published then no more', async () => {
    const { governance } = build.service
    await governance.createGroup('clerks')
    await governance.addToGroup({ name: 'clerks', device: 'vault-2' })
    await governance.grantAccess({
      ...{ who: 'group:clerks', scope: { kind: 'name', name: 'payroll' }, purpose: null, expiresInMs: null }
    })
    await eventually('vault can open it', () => opens(vault, first.version), WAIT_MS)
    await governance.removeFromGroup({ name: 'clerks', device: 'vault-2' })
    writeFileSync(join(source, 'after-the-clerk-left'), 'secret')
    const third = await publish(build)
    await eventually('lab can open it', () => opens(lab, third.version), WAIT_MS)
    // As a member it may hold it, and gets the envelopes, of which none is for it.
    await holdBlindly(vault, third.version)
    await eventually('vault has an envelope', async () => {
      await vault.node.sealing.exchange.ask(deviceOf(build))
      return vault.node.sealing.shelf.has(third.version)
    })
    assert.equal(opens(vault, third.version), false)
  })

  test('a group gets a key epoch by itself, and another when somebody leaves', async () => {
    const { governance } = build.service
    await governance.createGroup('crew')
    for (const device of ['build-1', 'lab-7', 'vault-2'])
      await governance.addToGroup({ name: 'crew', device })
    const crew = { who: 'group:crew', scope: { kind: 'name', name: 'payroll' } } as const
    await governance.grantAccess({ ...crew, purpose: null, expiresInMs: null })
    const epochs = ({ node }: Running) =>
      [...node.keeper.state().groups.values()].find(({ name }) => name === 'crew')?.epochs ?? []
    await eventually('it has an epoch', () => epochs(vault).length === 1, WAIT_MS)
    writeFileSync(join(source, 'for-the-crew'), 'about')
    const sixth = await publish(build)
    const stanzas = () =>
      Buffer.from(
        build.node.sealing.shelf.recordsOf(sixth.version).find(({ author }) => author === deviceOf(build))
          ?.envelope ?? []
      ).toString()
    await eventually('it is wrapped to it', () => stanzas().includes('-> peerage-epoch '), WAIT_MS)
    // Of its own only the admin's; lab's grant, and vault's place in the group, are in that of the group.
    assert.equal(stanzas().match(/-> X25519 /g)?.length, 1)
    await eventually('vault can open it', () => opens(vault, sixth.version), WAIT_MS)
    await eventually('lab can open it', () => opens(lab, sixth.version), WAIT_MS)
    await governance.removeFromGroup({ name: 'crew', device: 'vault-2' })
    await eventually('it has another', () => epochs(vault).length === 2, WAIT_MS)
    const current = epochs(vault).at(-1)?.recipient ?? assert.fail('an epoch')
    assert.ok(vault.node.sealing.epochs.keyOf(epochs(vault)[0]?.recipient ?? current))
    writeFileSync(join(source, 'after-vault-left'), 'about')
    const seventh = await publish(build)
    await eventually('lab can open it', () => opens(lab, seventh.version), WAIT_MS)
    await eventually('lab has the key', () => lab.node.sealing.epochs.keyOf(current) !== undefined, WAIT_MS)
    await vault.node.sealing.exchange.ask(deviceOf(build))
    assert.equal(opens(vault, seventh.version), false)
    assert.equal(vault.node.sealing.epochs.keyOf(current), undefined)
    await governance.revokeAccess(crew)
  })

  test('who does not hear of an envelope asks for it', async () => {
    const [, transport] = org.transports
    assert.equal(lab.node.transport, transport)
    assert(transport !== undefined)
    transport.lost = ENVELOPES_PROTOCOL
    writeFileSync(join(source, 'unheard-of'), 'about')
    const unheard = await publish(build)
    await eventually('lab can open it', () => opens(lab, unheard.version), WAIT_MS / 2)
    transport.lost = undefined
  })

  test('a device that says a key to which nothing can be sealed keeps nobody else from theirs', async () => {
    // It would put it right by itself.
    vault.node.sealing.close()
    vault.node.keeper.append({
      type: 'device.sealing',
      device: deviceOf(vault),
      recipient: new Uint8Array(32)
    })
    const grant = {
      who: 'vault-2',
      scope: { kind: 'name', name: 'payroll' },
      purpose: null,
      expiresInMs: null
    } as const
    await build.service.governance.grantAccess(grant)
    await eventually('build knows the key', () => {
      const said = build.node.keeper.state().devices.get(deviceOf(vault))?.sealing?.recipient
      return said?.every(byte => byte === 0) === true
    })
    writeFileSync(join(source, 'with-a-useless-key'), 'about')
    const fourth = await publish(build)
    await eventually('lab can open it', () => opens(lab, fourth.version), WAIT_MS)
    assert.equal(opens(vault, fourth.version), false)
    await build.service.governance.revokeAccess({ who: 'vault-2', scope: grant.scope })
  })

  test('a quarantine stops blind holders as well', async () => {
    const version = build.node.keeper.state().datasets.get('payroll')?.versions.at(-1)?.version
    assert.ok(version)
    await build.service.governance.quarantine({ name: 'payroll', version, reason: 'wrong' })
    await eventually('vault knows', () => vault.node.holdFault(deviceOf(vault), version) !== undefined)
    assert.equal(vault.node.holdFault(deviceOf(vault), version)?.reason, 'the version is quarantined: wrong')
  })

  test('keys that were destroyed are gone, and do not come back', async () => {
    assert.equal(opens(lab, first.version), true)
    assert.ok(lab.node.sealing.destroyKeys(first.version) > 0)
    assert.equal(opens(lab, first.version), false)
    await lab.node.sealing.exchange.ask(deviceOf(build))
    assert.equal(lab.node.sealing.shelf.has(first.version), false)
    assert.equal(lab.node.sealing.destroyKeys(first.version), 0)
  })
})
