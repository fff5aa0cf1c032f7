/**
 * Shorthand for scenes of governance: devices that say each thing in one word, an org of a few of them, and what came
 * of an operation as one word. Each device has a ledger and a chain of its own and knows what it was told.
 */

import { assert, defined } from '../../base/assert.ts'
import type { DeviceId, OperationId } from '../../base/ids.ts'
import { DEFAULT_RANKS, DEFAULT_ROLES, type Root, type RootTerms } from '../chain/root.ts'
import { RootChain } from '../chain/root-chain.ts'
import type { DatasetClass } from '../encoding/names.ts'
import type { Operation } from '../operation/operation.ts'
import type { Cutoff, Grantee, OperationContent, Scope } from '../operation/operation-content.ts'
import {
  foundOrg,
  keyNamed,
  publication,
  sha256,
  TestDevice,
  type TestKey,
  verify,
  versionNamed
} from './org-fixture.conformance.ts'

/** Between admins and publishers: what the defaults leave room for. */
const HELPDESK_TYPES = [
  'device.enrol',
  'device.revoke',
  'device.suspend',
  'device.update',
  'invite.cancel',
  'invite.create',
  'role.grant',
  'role.revoke'
]

/** The default role table with a helpdesk. */
export const TABLE: Pick<RootTerms, 'roles' | 'ranks'> = {
  roles: new Map([...DEFAULT_ROLES, ['helpdesk', HELPDESK_TYPES]]),
  ranks: new Map([...DEFAULT_RANKS, ['helpdesk', 2]])
}

type Options = { readonly timeMs?: number; readonly expiresMs?: number | null }

export class Actor extends TestDevice {
  readonly chain: RootChain

  constructor(key: TestKey, root: Root) {
    const chain = new RootChain(root, { verify, sha256 })
    super(key, chain)
    this.chain = chain
  }

  /** Takes what another device holds, its roots first. */
  override learn(from: TestDevice): void {
    if (from instanceof Actor) for (const root of from.chain.records()) this.take(root)
    super.learn(from)
  }

  /** Takes a root record, which may or may not become the head. */
  take(root: Root): void {
    const added = this.chain.add(root.record)
    assert(added.ok, `a root is taken: ${added.ok ? '' : added.detail}`)
    this.ledger.chainMoved()
  }

  /** What its ledger says of an operation: the role that it acts in, or why it is inert. */
  says({ id }: Operation): string {
    const inert = this.ledger.state().inert.get(id)
    const verdict = defined(this.ledger.verdict(id), 'verdict on an operation that is here')
    if (inert === undefined) assert(verdict.inForce, 'what is not inert is in force')
    return inert?.reason ?? (verdict.inForce ? verdict.role : verdict.inert.reason)
  }

  standingOf({ id }: { readonly id: DeviceId }): string {
    return this.ledger.state().devices.get(id)?.standing ?? 'stranger'
  }

  suspend(device: TestKey, cutoffs: readonly Cutoff[] = this.ledger.cutoffsOf(device.id)): Operation {
    return this.write({ type: 'device.suspend', device: device.id, cutoffs, reason: 'lost' })
  }

  revoke(device: TestKey, cutoffs: readonly Cutoff[] = this.ledger.cutoffsOf(device.id)): Operation {
    return this.write({ type: 'device.revoke', device: device.id, cutoffs, reason: 'stolen' })
  }

  update(device: TestKey): Operation {
    const nameCommitment = sha256(Buffer.from('another name'))
    return this.write({ type: 'device.update', device: device.id, kind: 'desktop', nameCommitment })
  }

  grantRole(device: TestKey, role: string, options: Options = {}): Operation {
    return this.write({ type: 'role.grant', device: device.id, role }, options)
  }

  revokeRole(
    device: TestKey,
    role: string,
    cutoffs: readonly Cutoff[] = this.ledger.cutoffsOf(device.id)
  ): Operation {
    return this.write({ type: 'role.revoke', device: device.id, role, cutoffs })
  }

  cancel(invite: Operation): Operation {
    return this.write({ type: 'invite.cancel', invite: invite.id })
  }

  createGroup(name: string): Operation {
    return this.write({ type: 'group.create', name })
  }

  addTo(group: Operation, device: TestKey, options: Options = {}): Operation {
    return this.write({ type: 'group.add', group: group.id, device: device.id }, options)
  }

  removeFrom(group: Operation, device: TestKey): Operation {
    return this.write({ type: 'group.remove', group: group.id, device: device.id })
  }

  grantAccess(grantee: Grantee, scope: Scope, options: Options = {}): Operation {
    return this.write({ type: 'access.grant', grantee, scope, purpose: null }, options)
  }

  revokeAccess(grantee: Grantee, scope: Scope | null): Operation {
    return this.write({ type: 'access.revoke', grantee, scope })
  }

  publishAs(dataClass: DatasetClass, name: string, version: string, options: Options = {}): Operation {
    return this.write({ ...publication(name, version), class: dataClass } as OperationContent, options)
  }

  policy(name: string, access: 'members' | 'granted', labels: readonly string[] = []): Operation {
    return this.write({ type: 'dataset.policy', name, labels, access })
  }

  quarantine(version: string): Operation {
    return this.write({ type: 'content.quarantine', version: versionNamed(version), reason: 'malware' })
  }

  release(version: string): Operation {
    return this.write({ type: 'content.release', version: versionNamed(version) })
  }

  recall(version: string): Operation {
    return this.write({ type: 'content.recall', version: versionNamed(version), reason: 'wrong patient' })
  }

  approve({ id }: { readonly id: OperationId }): Operation {
    return this.write({ type: 'approve', operation: id })
  }

  note(text: string): Operation {
    return this.write({ type: 'note', about: null, text })
  }
}

export const toDevice = (key: TestKey): Grantee => ({ kind: 'device', device: key.id })
export const toGroup = (group: Operation): Grantee => ({ kind: 'group', group: group.id })

/** Makes every actor know what every other knows. */
export function meet(...actors: readonly Actor[]): void {
  for (const actor of actors) for (const other of actors) if (other !== actor) actor.learn(other)
}

/** Terms of a successor, with the frontier as this actor sees the feeds of the admins of its head. */
export function succeed(actor: Actor, changes: Partial<RootTerms>): Partial<RootTerms> {
  const feeds = actor.ledger.frontierOf(actor.chain.head.admins)
  return { frontier: feeds.map(({ operation, ...feed }) => ({ ...feed, id: operation })), ...changes }
}

export interface Cast {
  readonly root: Root
  readonly admin: Actor
  readonly second: Actor
  readonly laptop: Actor
  readonly desktop: Actor
  readonly keys: Readonly<Record<'admin' | 'second' | 'laptop' | 'desktop', TestKey>>
}

/** An org of two admins and two enrolled devices, who all know all so far. */
export function cast(changes: Partial<RootTerms> = {}): Cast {
  const keys = {
    admin: keyNamed('admin'),
    second: keyNamed('second'),
    laptop: keyNamed('laptop'),
    desktop: keyNamed('desktop')
  }
  const root = foundOrg([keys.admin, keys.second], { ...TABLE, ...changes })
  const [admin, second, laptop, desktop] = [
    new Actor(keys.admin, root),
    new Actor(keys.second, root),
    new Actor(keys.laptop, root),
    new Actor(keys.desktop, root)
  ]
  for (const key of [keys.admin, keys.second, keys.laptop, keys.desktop]) admin.enrol(key)
  meet(admin, second, laptop, desktop)
  return { root, admin, second, laptop, desktop, keys }
}
