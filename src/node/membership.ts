/** How a home folder becomes a device: by founding an org, or by redeeming a ticket. Neither needs a running node. */

import { fromUtf8, utf8 } from '../base/bytes.ts'
import { AppError } from '../base/errors.ts'
import { parseDeviceId } from '../base/ids.ts'
import { isoTime } from '../base/words.ts'
import { createRootRecord, decodeRoot, foundingTerms, orgIdOf } from '../ledger/chain/root.ts'
import { isLabel } from '../ledger/encoding/names.ts'
import { commitName } from '../ledger/fold/invite.ts'
import { decodeTicket, type Ticket } from '../ledger/join/ticket.ts'
import { FilesystemStore } from '../store/filesystem.ts'
import type { RecordStore } from '../store/records.ts'
import { sha256 } from '../store/sha256.ts'
import {
  createHome,
  discardHome,
  type Identity,
  keyPath,
  lockHome,
  newNameSalt,
  saveIdentity
} from './home.ts'
import { DeviceKey, saveDeviceKey } from './keys/device-key.ts'
import { redeemTicket } from './ledger/join-desk.ts'
import { saveRoots } from './ledger/kept-records.ts'
import { LedgerKeeper, verify } from './ledger/ledger-keeper.ts'
import type { Contact } from './links/connector.ts'
import { SILENT_LOG } from './log.ts'
import type { InitOptions, JoinOptions, Membership } from './service.ts'
import type { Transport } from './transport/transport.ts'

const CONTACT_KEY = 'contact/inviter'

/** Founds an org: root.v1 signed by this device, its first admin, and its own enrolment. */
export async function initHome(options: InitOptions): Promise<Membership> {
  requireLabels({ '--org': options.org, '--site': options.site, '--device': options.device })
  return await makeHome(options.home, async () => {
    const key = DeviceKey.generate()
    const terms = foundingTerms({ orgName: options.org, admin: key.id, timeMs: Date.now() })
    const signer = { key: key.id, sign: (message: Uint8Array) => key.sign(message) }
    const record = createRootRecord(terms, { signers: [signer], sha256 })
    const root = decodeRoot(record, { verify, sha256 })
    if (!root.ok) throw new AppError('RECORD_INVALID', `the org's first record is not valid: ${root.detail}`)
    const identity: Identity = {
      org: orgIdOf(root.value),
      orgName: options.org,
      device: key.id,
      name: options.device,
      nameSalt: newNameSalt(),
      site: options.site,
      kind: options.kind
    }
    await fillHome(options.home, { identity, key }, records => {
      saveRoots(records, [root.value])
      new LedgerKeeper({ records, key, log: SILENT_LOG }).append({
        type: 'device.enrol',
        device: key.id,
        kind: options.kind,
        nameCommitment: commitName(identity.name, identity.nameSalt, sha256),
        redemption: null
      })
    })
    return membershipOf(options.home, identity, true)
  })
}

/** Joins an org; `createTransport` makes one that dials and does not listen. */
export async function joinOrg(
  options: JoinOptions,
  createTransport: (key: DeviceKey) => Transport
): Promise<Membership> {
  requireLabels({ '--site': options.site, '--device': options.device })
  const ticket = readTicket(options.ticket)
  return await makeHome(options.home, async () => {
    const key = DeviceKey.generate()
    const nameSalt = newNameSalt()
    const transport = createTransport(key)
    // Until it is enrolled, this device admits the inviter alone: whoever else answers is not who the ticket names.
    transport.setGate(device =>
      device === ticket.inviter ? 'member' : { refuse: 'this device is joining an org' }
    )
    await transport.start()
    try {
      const newcomer = { key, name: options.device, nameSalt, kind: options.kind }
      const { roots, enrolment } = await redeemTicket(transport, { ticket, newcomer, signal: options.signal })
      const identity: Identity = {
        org: ticket.org,
        orgName: roots[0]?.orgName ?? ticket.orgName,
        device: key.id,
        name: options.device,
        nameSalt,
        site: options.site,
        kind: options.kind
      }
      await fillHome(options.home, { identity, key }, records => {
        saveRoots(records, roots)
        saveContact(records, ticket)
        // It stands on operations that the first sync brings; until then the ledger holds it as one that waits.
        new LedgerKeeper({ records, key, log: SILENT_LOG }).take([enrolment.record])
      })
      return membershipOf(options.home, identity, false)
    } finally {
      await transport.stop()
    }
  })
}

/** The device that this one joined through, for as long as nothing newer is known. */
export function loadContacts(records: RecordStore): Contact[] {
  const blob = records.getBlob(CONTACT_KEY)
  const text = blob && fromUtf8(blob)
  if (text === undefined) return []
  const { device, addresses } = JSON.parse(text) as { device: string; addresses: string[] }
  const id = parseDeviceId(device)
  return id === undefined ? [] : [{ device: id, addresses }]
}

function saveContact(records: RecordStore, ticket: Ticket): void {
  const contact = { v: 1, device: ticket.inviter, addresses: ticket.addresses }
  records.putBlob(CONTACT_KEY, utf8(JSON.stringify(contact)))
}

/** On failure the folder is as it was before. */
async function makeHome(home: string, fill: () => Promise<Membership>): Promise<Membership> {
  createHome(home)
  const unlock = lockHome(home)
  try {
    return await fill()
  } catch (thrown) {
    discardHome(home)
    throw thrown
  } finally {
    unlock()
  }
}

async function fillHome(
  home: string,
  { identity, key }: { identity: Identity; key: DeviceKey },
  write: (records: RecordStore) => void
): Promise<void> {
  await saveDeviceKey(keyPath(home), key)
  const store = await FilesystemStore.open({ home })
  try {
    write(store.records)
  } finally {
    await store.close()
  }
  saveIdentity(home, identity)
}

function readTicket(text: string): Ticket {
  const ticket = decodeTicket(text, sha256)
  if (!ticket.ok) {
    throw new AppError('TICKET_INVALID', `this is no usable ticket: ${ticket.detail}`, {
      details: { reason: ticket.reason }
    })
  }
  if (ticket.value.expiresMs <= Date.now()) {
    const since = isoTime(ticket.value.expiresMs)
    throw new AppError(
      'TICKET_REFUSED',
      `the ticket expired at ${since}; ask for a new one ('peerage invite')`,
      {
        details: { org: ticket.value.org, reason: 'expired' }
      }
    )
  }
  return ticket.value
}

function requireLabels(labels: Readonly<Record<string, string>>): void {
  for (const [option, label] of Object.entries(labels)) {
    if (isLabel(label)) continue
    throw new AppError(
      'USAGE',
      `${option} ${JSON.stringify(label)} can not be a name: it has 1 to 64 visible characters and no space at its ends`
    )
  }
}

function membershipOf(home: string, identity: Identity, admin: boolean): Membership {
  const { device, name, site, kind } = identity
  return {
    home,
    org: { id: identity.org, name: identity.orgName },
    device: { id: device, name, site, kind, admin }
  }
}
