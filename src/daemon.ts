/** Starts a node with its gateways: what `peerage up`, `init` and `join` run. */

import { createRequire } from 'node:module'
import { join } from 'node:path'
import { env, pid } from 'node:process'
import { messageOf } from './base/errors.ts'
import { createAdminServer } from './gateway/http/admin-server.ts'
import { ConsoleRoutes } from './gateway/http/console-routes.ts'
import { UNSPECIFIED } from './gateway/http/own-site.ts'
import { SessionBook } from './gateway/http/session-book.ts'
import { TokenBook } from './gateway/http/token-book.ts'
import { ownCertificate, readCertificate, type WebCertificate } from './gateway/http/web-certificate.ts'
import { type ApiCall, WebServer } from './gateway/http/web-server.ts'
import { Exposition } from './gateway/metrics/exposition.ts'
import { ProviderSignIn } from './gateway/sign-in/provider-sign-in.ts'
import { verifyAuditFolder } from './node/audit/audit-folder.ts'
import type {
  AuditFolderRequest,
  AuditVerification,
  WitnessRun,
  WitnessRunRequest
} from './node/audit/audit-report.ts'
import { witnessKeysOf } from './node/audit/checkpoint-reader.ts'
import { witnessFolder } from './node/audit/outside-witness.ts'
import type { Check } from './node/checkup/checkup-terms.ts'
import { judgePort, machineChecks, NOT_RUNNING } from './node/checkup/machine-checks.ts'
import { listenFailure } from './node/checkup/tcp-probe.ts'
import { verifyCertificateFile } from './node/erasure/certificate-file.ts'
import { keyPath, loadIdentity, lockHome, requireDevice, sealingKeyPath } from './node/home.ts'
import { isJournal } from './node/journal.ts'
import { loadDeviceKey } from './node/keys/device-key.ts'
import {
  changePassphrase,
  createKeyFile,
  readKeyFile,
  signOverrideWithFile,
  signRootWithFile
} from './node/keys/key-file.ts'
import { loadSealingKey } from './node/keys/sealing-key.ts'
import { verifyLedgerFolder } from './node/ledger/ledger-folder.ts'
import type { LedgerFolderRequest, LedgerVerification } from './node/ledger/ledger-terms.ts'
import { initHome as initHomeHere, joinOrg as joinOrgHere } from './node/membership.ts'
import { GOSSIP_TOPICS, Node } from './node/node.ts'
import { LocalNodeService } from './node/node-service.ts'
import { openLog } from './node/open-log.ts'
import type {
  ApiListen,
  Daemon,
  DaemonOptions,
  InitOptions,
  JoinOptions,
  KeyFiles,
  Membership,
  NodeReady
} from './node/service.ts'
import { storageSettings } from './node/storage/node-storage.ts'
import { SystemdNotice } from './node/systemd-notice.ts'
import { startTracing } from './node/tracing/start-tracing.ts'
import { Libp2pTransport } from './node/transport/libp2p-transport.ts'
import { AuditStore } from './store/audit-store.ts'
import { FilesystemStore } from './store/filesystem.ts'
import { PrivacyStore } from './store/privacy-store.ts'
import { RiskStore } from './store/risk-store.ts'

export type { WitnessRun } from './node/audit/audit-report.ts'
export type { LedgerVerification } from './node/ledger/ledger-terms.ts'
export type {
  ApiListen,
  Daemon,
  DaemonOptions,
  InitOptions,
  JoinOptions,
  Membership,
  NodeReady
} from './node/service.ts'

export const DEFAULT_PORT = 4701
const DEFAULT_LISTEN = [`/ip4/0.0.0.0/tcp/${DEFAULT_PORT}`, `/ip6/::/tcp/${DEFAULT_PORT}`]

const manifest = createRequire(import.meta.url)('../package.json') as { name: string; version: string }

/** Hosts that stand for every address of the machine. */

/** What the node says it is. */
export const SOFTWARE = `${manifest.name}/${manifest.version}`

export async function initHome(options: InitOptions): Promise<Membership> {
  return await initHomeHere(options)
}

export async function joinOrg(options: JoinOptions): Promise<Membership> {
  return await joinOrgHere(options, key => new Libp2pTransport({ key, listen: [] }))
}

export async function verifyAudit(request: AuditFolderRequest): Promise<AuditVerification> {
  return await verifyAuditFolder(request)
}

export async function witnessAudit(request: WitnessRunRequest): Promise<WitnessRun> {
  return await witnessFolder(request)
}

export async function* checkMachine(home: string): AsyncGenerator<Check> {
  yield NOT_RUNNING
  yield* machineChecks(home)
  yield judgePort(DEFAULT_PORT, await listenFailure(DEFAULT_PORT))
}

export async function verifyLedger(request: LedgerFolderRequest): Promise<LedgerVerification> {
  return await verifyLedgerFolder(request)
}

export async function runDaemon(options: DaemonOptions): Promise<number> {
  const startedMs = performance.now()
  const { home } = options
  const log = openDaemonLog(options)
  const identity = loadIdentity(home)
  const systemd = new SystemdNotice({ log })
  const unlock = lockHome(home)
  try {
    const key = await loadDeviceKey(keyPath(home))
    requireDevice(identity, key)
    const sealingKey = await loadSealingKey(sealingKeyPath(home))
    const tracing = await startTracing({
      ...{ environment: env, software: SOFTWARE, instance: identity.device, log }
    })
    const store = await FilesystemStore.open({ home })
    const auditStore = new AuditStore({ home })
    const listen = options.listen.length > 0 ? options.listen : DEFAULT_LISTEN
    const transport = new Libp2pTransport({ key, listen, mdns: options.mdns, topics: GOSSIP_TOPICS })
    const audit = { witnesses: witnessKeysOf(options.auditWitnesses), retentionMs: options.auditRetentionMs }
    const origins = { anyAddress: options.originAnyAddress === true }
    const storage = storageSettings(options.storageGraceMs)
    const parts = { store, auditStore, transport, audit, origins, storage, log }
    const node = new Node({ home, software: SOFTWARE, identity, key, sealingKey, ...parts })
    const tokens = new TokenBook(home)
    const sessions = new SessionBook(tokens)
    const provider = new ProviderSignIn(home)
    const risks = { store: new RiskStore(join(home, 'risk.db')), tokens: () => tokens.list() }
    const privacy = new PrivacyStore(join(home, 'privacy.db'))
    const service = new LocalNodeService(node, { risks, privacy })
    const exposition = new Exposition({
      ...{ measures: () => service.measures(), software: SOFTWARE, ofProcess: true }
    })
    const gateway = { service, tokens, sessions, provider, exposition, software: SOFTWARE, log }
    const admin = createAdminServer(gateway)
    let web: WebServer | undefined
    const stopped = stopSignal()
    try {
      await node.start()
      service.risks.begin(error => log.warn({ error: messageOf(error) }, 'risks could not be read'))
      const adminSocket = await admin.listen(home)
      let api: NodeReady['api'] = null
      if (options.api !== undefined) {
        const certificate = await certificateFor(home, options.api)
        exposition.certified(certificate.endsMs)
        const onCall = (call: ApiCall): void => node.audit.log.called({ action: 'called', ...call })
        const names = [options.api.host, ...(options.api.names ?? [])]
        web = await WebServer.create({
          ...{ ...gateway, certificate, onCall, names },
          pages: app => void new ConsoleRoutes(app)
        })
        api = { ...(await web.listen(options.api)), fingerprint: certificate.fingerprint }
      }
      options.onReady({
        home,
        org: { id: identity.org, name: identity.orgName },
        device: node.ownDevice(),
        addresses: transport.addresses(),
        api,
        adminSocket,
        pid,
        startupMs: Math.round(performance.now() - startedMs)
      })
      systemd.ready(`${identity.name} (site ${identity.site}) of ${identity.orgName} is up`)
      const signal = await stopped
      log.info({ signal }, 'stopping: transfers are kept and go on at the next start')
      systemd.stopping()
    } finally {
      await web?.close()
      await admin.close()
      await tokens.close()
      await service.risks.end()
      await node.stop()
      privacy.close()
      await tracing.end()
    }
    return 0
  } finally {
    unlock()
  }
}

function openDaemonLog({ logLevel, logFormat }: DaemonOptions): ReturnType<typeof openLog> {
  const { stderr } = process
  return openLog({
    ...{ level: logLevel, format: logFormat, isJournal: isJournal(env.JOURNAL_STREAM, stderr.fd) },
    write: text => void stderr.write(text)
  })
}

async function certificateFor(
  home: string,
  { host, certificate, names: more = [] }: ApiListen
): Promise<WebCertificate> {
  if (certificate !== undefined) return readCertificate(certificate)
  const names = UNSPECIFIED.includes(host) ? more : [host, ...more]
  return await ownCertificate(home, { names, nowMs: Date.now() })
}

/** Resolves at the first signal to stop; a second one ends the process at once. */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise(resolve => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal))
  })
}

export const keys: KeyFiles = {
  create: (path, passphrase) => createKeyFile(path, { passphrase }),
  show: async path => {
    const { key, cost } = await readKeyFile(path)
    return { key, ...cost }
  },
  changePassphrase,
  signRoot: signRootWithFile,
  signOverride: signOverrideWithFile
}

export const verifyCertificate = verifyCertificateFile

const daemon: Daemon = {
  ...{ initHome, joinOrg, runDaemon, keys, verifyAudit, verifyLedger, witnessAudit, checkMachine },
  verifyCertificate
}
export default daemon
