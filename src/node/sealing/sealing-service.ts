/** The sealing part of the admin API: what people ask for of sealed versions beside publishing and getting them. */

import { randomBytes } from 'node:crypto'
import { AppError, messageOf, systemCodeOf } from '../../base/errors.ts'
import {
  decodeRecipient,
  encodeIdentity,
  encodeRecipient,
  X25519_BYTES
} from '../../content/sealing/age-x25519.ts'
import { manifestNameOf } from '../../content/sealing/manifest-name.ts'
import { mayWriteEnvelope, recipientsOf } from '../../ledger/sealing/envelope-rules.ts'
import { exportAsAge } from '../../store/sealing/age-export.ts'
import { hkdf } from '../../store/sealing/openssl-ciphers.ts'
import { readManifest } from '../../store/sealing/tree-opening.ts'
import { X25519Key } from '../../store/sealing/x25519.ts'
import { writePrivateFile } from '../keys/private-file.ts'
import type { Node } from '../node.ts'
import type { Task } from '../task.ts'
import { keyFor } from './manifest-key.ts'
import type {
  AgeExportProgress,
  AgeExportRecord,
  AgeExportRequest,
  RekeyRecord,
  SealingService
} from './sealing-terms.ts'

export class LocalSealingService implements SealingService {
  readonly #node: Node

  constructor(node: Node) {
    this.#node = node
  }

  async rekey(name: string): Promise<RekeyRecord> {
    const { catalogue, keeper, sealing, identity, transport } = this.#node
    const sealed = catalogue.entry(name).versions.filter(each => each.sealed)
    if (sealed.length === 0)
      throw new AppError('NO_CHANGE', `no version of ${name} is sealed: there is no key to change`)
    const nowMs = Date.now()
    const state = keeper.state()
    if (!sealed.some(({ version }) => mayWriteEnvelope(state, identity.device, version, nowMs)))
      throw new AppError(
        'NOT_AUTHORISED',
        `this device may not wrap the keys of ${name}: its publisher, its owner and admins may`,
        { details: { dataset: name } }
      )
    const versions = sealed.map(({ version, ordinal }) => {
      const { recipients, keyless } = recipientsOf(state, version, nowMs)
      const sums = { version, ordinal, recipients: recipients.length, keyless: keyless.length }
      const isOpen = sealing.keeper.keysOf(version).length > 0
      const rekeyed = sealing.keeper.wrap(version, { endsOthers: true })
      if (rekeyed) return { ...sums, rekeyed, reason: null }
      const reason = sealing.shelf.isDestroyed(version)
        ? 'its keys were destroyed'
        : !isOpen
          ? 'this device can not open it'
          : recipients.length === 0
            ? 'nobody may read it'
            : 'this device may not wrap its key'
      return { ...sums, rekeyed, reason }
    })
    return { name, versions, peersTold: transport.peers().length }
  }

  async exportAge(request: AgeExportRequest, task: Task<AgeExportProgress>): Promise<AgeExportRecord> {
    const { catalogue, sealing, audit } = this.#node
    const { dataset, version: published } = catalogue.resolve(request)
    const { name } = dataset
    if (!published.sealed)
      throw new AppError('USAGE', `${name}@${published.ordinal} is not sealed: its files are as they are`)
    this.#checkRead(name, published.version)
    const holding = catalogue.holdings(published).find(({ state }) => state === 'complete')
    if (holding === undefined)
      throw new AppError(
        'DATASET_UNKNOWN',
        `not all of ${name}@${published.ordinal} is here; 'peerage get ${name} DEST' fetches it`,
        { details: { dataset: name } }
      )
    const fileKey = keyFor(holding.version, sealing.keeper.keysOf(published.version))
    if (fileKey === undefined)
      throw new AppError(
        'SEALED_NO_KEY',
        `${name} can not be opened here: nobody has wrapped its key for this device`
      )
    const manifest = await readManifest(holding.root, manifestNameOf(fileKey, hkdf), fileKey)
    const recipients = request.recipients.map(recipientOf)
    const identity = request.identityOut === null ? undefined : await newIdentity(request.identityOut)
    if (identity !== undefined) recipients.push(identity)
    if (recipients.length === 0)
      throw new AppError('USAGE', 'say for whom: --recipient age1… or --identity-out FILE for a new key')
    const totals = {
      filesTotal: manifest.entries.filter(({ object }) => object !== undefined).length,
      bytesTotal: manifest.entries.reduce((sum, { bytes }) => sum + bytes, 0)
    }
    const { files, bytes, links } = await exportAsAge({
      ...{ manifest, folder: holding.root, destination: request.path, recipients, signal: task.signal },
      onProgress: done => task.onProgress({ filesDone: done.files, bytesDone: done.bytes, ...totals })
    })
    audit.recorder.read({ version: published.version, bytes, purpose: 'export' })
    return {
      ...{ name, version: published.version, path: request.path, files, bytes, linksLeftOut: links },
      ...{ recipients: recipients.map(encodeRecipient), identity: request.identityOut }
    }
  }

  #checkRead(name: string, version: Parameters<Node['readFault']>[1]): void {
    const refusal = this.#node.readFault(this.#node.identity.device, version)
    if (refusal !== undefined)
      throw new AppError('NOT_AUTHORISED', `${name} can not be exported: ${refusal.detail}`, {
        details: { dataset: name, version }
      })
  }
}

function recipientOf(text: string): Uint8Array {
  const recipient = decodeRecipient(text)
  if (recipient !== undefined) return recipient
  throw new AppError(
    'USAGE',
    `${JSON.stringify(text.slice(0, 100))} is no recipient of age: they begin with age1`
  )
}

/** Makes a key that only who can read the file has; AppError KEY_FILE_EXISTS, STORAGE_FAILED. */
async function newIdentity(path: string): Promise<Uint8Array> {
  const secret = new Uint8Array(randomBytes(X25519_BYTES))
  try {
    await writePrivateFile(path, `${encodeIdentity(secret)}\n`, 'create')
  } catch (cause) {
    if (systemCodeOf(cause) === 'EEXIST')
      throw new AppError('KEY_FILE_EXISTS', `${path} is there already; name another file`, {
        details: { path }
      })
    throw new AppError('STORAGE_FAILED', `can not write the key ${path}: ${messageOf(cause)}`, {
      details: { path },
      cause
    })
  }
  return new X25519Key(secret).publicKey
}
