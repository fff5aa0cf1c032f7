/**
 * Who read what through this node, for the audit log: a reader asks for hundreds of ranges of a film, and that is one
 * read. Before the first byte of a version goes to a reader an entry is durable, with the bytes that were asked for
 * then; a log that can not be written lets nobody read. When the window is over, one entry more says how many bytes
 * went beyond that, if any did.
 */

import type { VersionId } from '../../base/ids.ts'
import { MINUTE_MS } from '../../base/units.ts'
import { isLabel, LABEL_CHARACTERS_MAX } from '../../ledger/encoding/names.ts'
import type { AuditLog } from '../audit/audit-log.ts'

export const READ_WINDOW_MS = 15 * MINUTE_MS
/** Accounts at once; the oldest are closed before their time. */
const ACCOUNTS_MAX = 1024
const PURPOSE = 'http: '

export interface ReadAccountsInit {
  readonly audit: Pick<AuditLog, 'record' | 'note'>
  readonly nowMs?: () => number
}

export interface AccountedRead {
  readonly dataset: string
  readonly version: VersionId
  readonly by: string
}

interface Account {
  readonly read: AccountedRead
  readonly noted: Promise<unknown>
  readonly notedBytes: number
  readonly endsMs: number
  bytes: number
}

export class ReadAccounts {
  readonly #init: ReadAccountsInit
  readonly #nowMs: () => number
  readonly #accounts = new Map<string, Account>()
  readonly #timer: NodeJS.Timeout

  constructor(init: ReadAccountsInit) {
    this.#init = init
    this.#nowMs = init.nowMs ?? Date.now
    this.#timer = setInterval(() => this.settle(), MINUTE_MS)
    this.#timer.unref()
  }

  /** Resolves once it is durable that this is read, to what is to be told of the bytes that go. */
  async begin(read: AccountedRead, bytes: number): Promise<(bytes: number) => void> {
    this.settle()
    const key = `${read.version} ${read.by}`
    let account = this.#accounts.get(key)
    if (account === undefined) {
      const noted = this.#init.audit.record({ action: 'read', ...eventOf(read), bytes })
      account = { read, noted, notedBytes: bytes, endsMs: this.#nowMs() + READ_WINDOW_MS, bytes: 0 }
      this.#accounts.set(key, account)
      noted.catch(() => this.#accounts.delete(key))
      for (const [old, each] of this.#accounts) {
        if (this.#accounts.size <= ACCOUNTS_MAX) break
        this.#close(old, each)
      }
    }
    const { noted } = account
    await noted
    return sent => this.#sent(read, key, sent)
  }

  /** Closes the accounts whose window is over. */
  settle(): void {
    const nowMs = this.#nowMs()
    for (const [key, account] of this.#accounts) if (account.endsMs <= nowMs) this.#close(key, account)
  }

  /** Call before the log is closed. */
  close(): void {
    clearInterval(this.#timer)
    for (const [key, account] of this.#accounts) this.#close(key, account)
  }

  /** Of a read that outlasts the window it began in, the rest is another account's. */
  #sent(read: AccountedRead, key: string, bytes: number): void {
    let account = this.#accounts.get(key)
    if (account === undefined) {
      const endsMs = this.#nowMs() + READ_WINDOW_MS
      account = { read, noted: Promise.resolve(), notedBytes: 0, endsMs, bytes: 0 }
      this.#accounts.set(key, account)
    }
    account.bytes += bytes
  }

  #close(key: string, { read, bytes, notedBytes }: Account): void {
    this.#accounts.delete(key)
    if (bytes > notedBytes)
      this.#init.audit.note({ action: 'read', ...eventOf(read), bytes: bytes - notedBytes })
  }
}

function eventOf({ dataset, version, by }: AccountedRead) {
  // The end of it is what tells tokens of one name apart.
  const purpose = PURPOSE + by.slice(-(LABEL_CHARACTERS_MAX - PURPOSE.length)).trimStart()
  return { dataset, version, purpose: isLabel(purpose) ? purpose : 'http' }
}
