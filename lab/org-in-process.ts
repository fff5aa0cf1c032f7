/**
 * An org of real nodes in one process, each with its home, its disk and its TCP port: for tests that look inside a node
 * or let it do what no command offers.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { HOUR_MS } from '../src/base/units.ts'
import { keyPath, loadIdentity, sealingKeyPath } from '../src/node/home.ts'
import { type DeviceKey, loadDeviceKey } from '../src/node/keys/device-key.ts'
import { loadSealingKey } from '../src/node/keys/sealing-key.ts'
import { type Log, SILENT_LOG } from '../src/node/log.ts'
import { initHome, joinOrg } from '../src/node/membership.ts'
import { GOSSIP_TOPICS, Node } from '../src/node/node.ts'
import { LocalNodeService } from '../src/node/node-service.ts'
import type { OriginRules } from '../src/node/origin/origin-client.ts'
import type { DeviceKind } from '../src/node/service-words.ts'
import type { StorageSettings } from '../src/node/storage/node-storage.ts'
import { Libp2pTransport } from '../src/node/transport/libp2p-transport.ts'
import { AuditStore } from '../src/store/audit-store.ts'
import { FilesystemStore } from '../src/store/filesystem.ts'

export interface Running {
  readonly node: Node
  readonly service: LocalNodeService
}

/** What a node has of its own in place of what it would have. */
export interface StartOptions {
  readonly origins?: OriginRules | undefined
  readonly storage?: StorageSettings | undefined
}

export interface JoinOptions extends StartOptions {
  readonly site?: string
  readonly kind?: DeviceKind
}

export class OrgInProcess {
  readonly folder = mkdtempSync(join(tmpdir(), 'peerage-org-'))
  readonly running: Running[] = []
  protected readonly log: Log = SILENT_LOG

  async found(name: string, options?: StartOptions): Promise<Running> {
    const home = join(this.folder, name)
    await initHome({ home, org: 'acme', site: 'berlin', device: name, kind: 'server' })
    return await this.start(home, options)
  }

  async join(
    by: Running,
    name: string,
    { site = 'paris', kind = 'server', ...own }: JoinOptions = {}
  ): Promise<Running> {
    const home = join(this.folder, name)
    const { ticket } = await by.service.invite({ uses: 1, expiresInMs: HOUR_MS })
    const options = { home, ticket, site, device: name, kind }
    const signal = AbortSignal.timeout(30_000)
    await joinOrg({ ...options, signal }, key => new Libp2pTransport({ key, listen: [] }))
    return await this.start(home, own)
  }

  async start(home: string, { origins, storage }: StartOptions = {}): Promise<Running> {
    const identity = loadIdentity(home)
    const key = await loadDeviceKey(keyPath(home))
    const sealingKey = await loadSealingKey(sealingKeyPath(home))
    const store = await FilesystemStore.open({ home })
    const auditStore = new AuditStore({ home })
    const transport = this.createTransport(key, home)
    const node = new Node({
      ...{ home, software: 'test', identity, key, sealingKey, store, auditStore, transport },
      ...(origins === undefined ? {} : { origins }),
      ...(storage === undefined ? {} : { storage }),
      log: this.log
    })
    const running = { node, service: new LocalNodeService(node) }
    await node.start()
    this.running.push(running)
    return running
  }

  protected createTransport(key: DeviceKey, _home: string): Libp2pTransport {
    return new Libp2pTransport({ key, listen: ['/ip4/127.0.0.1/tcp/0'], topics: GOSSIP_TOPICS })
  }

  /** Waits until all are linked with all and know the same. */
  async settled(among: readonly Running[] = this.running): Promise<void> {
    await eventually('the org is linked and agrees', () => {
      const digests = new Set(
        among.map(({ node }) => Buffer.from(node.keeper.ledger.hello().digest).toString('hex'))
      )
      return (
        digests.size === 1 && among.every(({ node }) => node.transport.peers().length >= among.length - 1)
      )
    })
  }

  async stop(): Promise<void> {
    await Promise.all(this.running.map(({ node }) => node.stop()))
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export async function eventually(
  what: string | (() => string),
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 30_000
): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > deadlineMs) {
      throw new Error(`not within ${timeoutMs} ms: ${typeof what === 'string' ? what : what()}`)
    }
    await delay(5)
  }
}
