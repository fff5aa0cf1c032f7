/** What founds, joins and runs a node: what the command line asks of the daemon, and of folders without a node. */

import type { DeviceId, OrgId } from '../base/ids.ts'
import type {
  AuditFolderRequest,
  AuditVerification,
  WitnessRun,
  WitnessRunRequest
} from './audit/audit-report.ts'
import type { Check } from './checkup/checkup-terms.ts'
import type { CertificateVerifier } from './erasure/erasure-terms.ts'
import type { LedgerFolderRequest, LedgerVerification } from './ledger/ledger-terms.ts'
import type { DeviceKind, OwnDevice } from './service-words.ts'

export interface InitOptions {
  readonly home: string
  readonly org: string
  readonly site: string
  readonly device: string
  readonly kind: DeviceKind
}

export interface JoinOptions {
  readonly home: string
  readonly ticket: string
  readonly site: string
  readonly device: string
  readonly kind: DeviceKind
  readonly signal: AbortSignal
}

/** Who a home folder has become by init or join. */
export interface Membership {
  readonly home: string
  readonly org: { readonly id: OrgId; readonly name: string }
  readonly device: OwnDevice
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent'

export interface DaemonOptions {
  readonly home: string
  /** Multiaddrs; empty for the defaults. */
  readonly listen: readonly string[]
  readonly mdns: boolean
  readonly logLevel: LogLevel
  /** Verifier keys of witnesses outside the org whose cosignatures count. */
  readonly auditWitnesses: readonly string[]
  /** Takes from HTTP origins at any address, those of this machine included. */
  readonly originAnyAddress?: boolean
  readonly storageGraceMs?: number | undefined
  /** How long entries of audit logs are kept, this device's own and those it collected. */
  readonly auditRetentionMs: number
  /** Where the API answers over TLS besides the local socket; undefined for nowhere. */
  readonly api?: ApiListen | undefined
  /** Lines of JSON, or text for people. Logs go to stderr. */
  readonly logFormat: 'json' | 'text'
  /** Called once, when the node is reachable and its admin API answers. */
  readonly onReady: (ready: NodeReady) => void
}

export interface ApiListen {
  readonly host: string
  readonly port: number
  /** PEM files; without them the node signs a certificate of its own. */
  readonly certificate?: { readonly cert: string; readonly key: string } | undefined
  /** What it is called besides `host` and what the certificate says. */
  readonly names?: readonly string[]
}

export interface NodeReady extends Membership {
  readonly addresses: readonly string[]
  /** Where the API answers over TLS, and the SHA-256 of its certificate. */
  readonly api: { readonly host: string; readonly port: number; readonly fingerprint: string } | null
  /** Path of the Unix socket or named pipe of the admin API. */
  readonly adminSocket: string
  readonly pid: number
  readonly startupMs: number
}

/** Key files (key-file.ts): a key under a passphrase, apart from any device. */
export interface KeyFiles {
  /** Makes a key and its file; rejects with KEY_FILE_EXISTS. */
  create(path: string, passphrase: string): Promise<DeviceId>
  /** The public key, and the cost of the passphrase (scrypt). */
  show(path: string): Promise<{ key: DeviceId; n: number; r: number; p: number }>
  /** Rejects with PASSPHRASE_WRONG. */
  changePassphrase(path: string, change: { from: string; to: string }): Promise<DeviceId>
  /**
   * Signs a root, here and not in a node, after a look at its bytes: rejects with RECORD_INVALID when they are not
   * those of a root with this hash (in hex, as the signature is).
   */
  signRoot(path: string, passphrase: string, root: { hash: string; bytes: string }): Promise<string>
  /** The same for an override of freshness. */
  signOverride(path: string, passphrase: string, override: { id: string; bytes: string }): Promise<string>
}

/** What src/daemon.ts offers to the command line. */
export interface Daemon extends CertificateVerifier {
  /** Makes the folder (mode 0700) and a new org; rejects with HOME_EXISTS. */
  initHome(options: InitOptions): Promise<Membership>
  /** Makes the folder (mode 0700) and enrols by redeeming a ticket; on failure the folder is as before. */
  joinOrg(options: JoinOptions): Promise<Membership>
  /** Runs a node until SIGTERM or SIGINT, drains it, and resolves to the exit code of the process. */
  runDaemon(options: DaemonOptions): Promise<number>
  readonly keys: KeyFiles
  /** Checks an exported folder of audit logs, on any machine; rejects with AUDIT_BROKEN when it can not be checked. */
  verifyAudit(request: AuditFolderRequest): Promise<AuditVerification>
  /** Answers the questions in a folder as a witness outside the org, on any machine. */
  witnessAudit(request: WitnessRunRequest): Promise<WitnessRun>
  /** What can be told of a machine on which no node runs: of the folder and of the port that one would have. */
  checkMachine(home: string): AsyncIterable<Check>
  /** Checks an exported ledger, on any machine; rejects with LEDGER_BROKEN when there is nothing to check. */
  verifyLedger(request: LedgerFolderRequest): Promise<LedgerVerification>
}
