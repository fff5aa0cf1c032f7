/** Goes through copies of logs from the first entry on, wherever they lie, and gathers what they prove together. */

import type { SignedCheckpoint } from '../../audit/checkpoint.ts'
import { type LoggedEntry, pairReads, type ReadEvidence } from '../../audit/evidence.ts'
import { type Finding, LogVerifier, witnessesOf } from '../../audit/log-verification.ts'
import { type DeviceId, type OrgId, shortId } from '../../base/ids.ts'
import { sha256 } from '../../store/sha256.ts'
import { verify } from '../ledger/ledger-keeper.ts'
import type { DeviceName } from '../service.ts'
import type { AuditLogStatus } from './audit-report.ts'

export interface LogCopy {
  readonly device: DeviceId
  readonly checkpoint: SignedCheckpoint | undefined
  readonly seen: readonly SignedCheckpoint[]
  /** In order, a bounded number at a time. */
  readonly pages: AsyncIterable<readonly Uint8Array[]>
  readonly leafHash?: (position: number) => Uint8Array | undefined
}

export interface CopiesCheckInit {
  readonly org: OrgId
  readonly isMember: (device: DeviceId) => boolean
  readonly nameOf: (device: DeviceId) => DeviceName
  readonly onProgress: (progress: { readonly entriesDone: number }) => void
}

/** What the copies that were checked so far prove together. */
export class CopiesCheck {
  readonly findings: Finding[] = []
  readonly logs: AuditLogStatus[] = []
  readonly #init: CopiesCheckInit
  readonly #collected = new Set<DeviceId>()
  /** Entries that are traces of reads; the others are not needed again. */
  readonly #traces: LoggedEntry[] = []
  #entriesDone = 0

  constructor(init: CopiesCheckInit) {
    this.#init = init
  }

  async add(copy: LogCopy): Promise<void> {
    const { device, checkpoint, seen, leafHash } = copy
    const verifier = new LogVerifier({ device, checkpoint, seen, sha256, ...(leafHash && { leafHash }) })
    for await (const page of copy.pages) {
      for (const bytes of page) this.#note(device, verifier.add(bytes))
      this.#entriesDone += page.length
      this.#init.onProgress({ entriesDone: this.#entriesDone })
    }
    this.findings.push(...verifier.finish(), ...this.#strangers(copy))
    this.#collected.add(device)
    const all = checkpoint === undefined ? seen : [checkpoint, ...seen]
    this.logs.push(
      statusOf({
        device: this.#init.nameOf(device),
        entries: verifier.size,
        checkpoints: all.filter(({ size }) => size <= verifier.size),
        isMember: this.#init.isMember
      })
    )
  }

  reads(): ReadEvidence[] {
    return pairReads(this.#traces, {
      ...{ org: this.#init.org, collected: this.#collected, verify, sha256 }
    })
  }

  #note(device: DeviceId, entry: ReturnType<LogVerifier['add']>): void {
    const action = entry?.event.action
    if (entry === undefined || action === undefined) return
    if (/^(serving|served|received|receipted|read)$/.test(action)) this.#traces.push({ ...entry, device })
  }

  #strangers({ device, checkpoint }: LogCopy): Finding[] {
    const { isMember } = this.#init
    const findings: Finding[] = []
    const add = (stranger: DeviceId, detail: string): void => {
      findings.push({
        ...{ kind: 'stranger', device, position: null, witnesses: [stranger] },
        detail: `log of ${shortId(device)}: ${detail}`
      })
    }
    if (!isMember(device)) add(device, 'the ledger knows no such device in this org')
    for (const { witness } of checkpoint?.cosignatures ?? [])
      if (!isMember(witness))
        add(witness, `${shortId(witness)} cosigned it, and is no device of this org by the ledger`)
    return findings
  }
}

export function statusOf(log: {
  readonly device: DeviceName
  readonly entries: number
  readonly checkpoints: readonly SignedCheckpoint[]
  readonly isMember: (device: DeviceId) => boolean
}): AuditLogStatus {
  const { device, entries, checkpoints, isMember } = log
  const vouched = checkpoints.map(checkpoint => ({
    size: checkpoint.size,
    witnesses: witnessesOf([checkpoint]).filter(witness => witness !== device.device && isMember(witness))
      .length
  }))
  const most = Math.max(0, ...vouched.map(({ witnesses }) => witnesses))
  return {
    ...{ device, entries, signedEntries: Math.max(0, ...checkpoints.map(({ size }) => size)) },
    cosigned: Array.from({ length: most }, (_, index) => ({
      witnesses: index + 1,
      entries: Math.max(...vouched.filter(({ witnesses }) => witnesses > index).map(({ size }) => size))
    }))
  }
}
