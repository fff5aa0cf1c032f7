/** What the steps of a generated history say, and what their authors would name had they read everything so far. */

import { defined } from '../../base/assert.ts'
import { toHex } from '../../base/bytes.ts'
import type { DeviceId, OperationId } from '../../base/ids.ts'
import { orgIdOf, type Root, rootBytes } from '../chain/root.ts'
import type { Operation } from '../operation/operation.ts'
import type {
  Cutoff,
  Grantee,
  OperationContent,
  OperationType,
  Scope
} from '../operation/operation-content.ts'
import { ADMINS, EVERYONE, type Step } from './governance-step.conformance.ts'
import { commitName } from './invite.ts'
import {
  enrolment,
  INCARNATION,
  keyNamed,
  OTHER_INCARNATION,
  publication,
  START_MS,
  saltOf,
  sha256,
  type TestKey,
  versionNamed
} from './org-fixture.conformance.ts'

const INVITE_KEYS = [keyNamed('invite 1'), keyNamed('invite 2')]
const NAMES = ['app/data', 'os', 'app/log', 'app/data', 'app/log']
const VERSION_NAMES = ['one', 'two', 'one', 'two', 'three']
const LABELS = ['eu', 'us']
const CLASSES = ['internal', 'confidential', 'restricted'] as const
const ROLES = [
  ...['desk', 'lead', 'publisher', 'reader', 'desk', 'lead', 'reader', 'device', 'admin', 'nobody'],
  ...['scanner', 'privacy']
]
const SCOPES: readonly Scope[] = [
  { kind: 'name', name: 'os' },
  { kind: 'name', name: 'app/data' },
  { kind: 'prefix', prefix: 'app/' },
  { kind: 'label', label: 'eu' },
  { kind: 'all' }
]
const APPROVED: readonly OperationType[] = ['device.suspend', 'role.grant', 'dataset.retire']
const MINUTE = 60_000
const SCANNED = ['clean', 'infected', 'unscanned'] as const
const SITES = ['berlin', 'lyon']

export const VERSIONS = [...new Set(VERSION_NAMES)].map(versionNamed)

export const at = <T>(list: readonly T[], index: number): T =>
  defined(list[index % Math.max(1, list.length)], 'an element of a list that is not empty')

/** What is written so far. */
export class Scene {
  readonly founding: Root
  readonly roots: Root[]
  readonly written: Operation[] = []

  constructor(founding: Root) {
    this.founding = founding
    this.roots = [founding]
  }

  feed(device: DeviceId, incarnation: string): Operation[] {
    return this.written.filter(other => other.author === device && other.incarnation === incarnation)
  }

  /** The last operations of a device's feeds but `spared`. */
  cutoffs(device: DeviceId, spared: number): Cutoff[] {
    return [INCARNATION, OTHER_INCARNATION].flatMap(incarnation => {
      const last = this.feed(device, incarnation).at(-1 - spared)
      return last === undefined ? [] : [{ incarnation, seq: last.seq, operation: last.id }]
    })
  }
}

export function contentOf(scene: Scene, next: Step, author: TestKey): OperationContent {
  const { action, target, pick } = next
  const key = at(EVERYONE, target)
  const device = key.id
  const role = at(ROLES, pick)
  const description = {
    kind: 'server',
    nameCommitment: commitName(`name ${pick}`, saltOf(key), sha256)
  } as const
  const reason = pick % 2 === 0 ? null : `reason ${pick}`
  switch (action) {
    case 'suspend':
      return { type: 'device.suspend', device, cutoffs: cutoffs(scene, device, pick), reason }
    case 'revoke':
      return { type: 'device.revoke', device, cutoffs: cutoffs(scene, device, pick), reason }
    case 'update':
      return { type: 'device.update', device: pick % 2 === 0 ? author.id : device, ...description }
    case 'grantRole':
      return { type: 'role.grant', device, role }
    case 'revokeRole':
      return { type: 'role.revoke', device, role, cutoffs: cutoffs(scene, device, pick >> 2) }
    case 'group':
      return { type: 'group.create', name: at(LABELS, pick) }
    case 'join':
    case 'leave': {
      const type = action === 'join' ? 'group.add' : 'group.remove'
      return { type, group: some(scene, pick, 'group.create')?.id ?? versionLike(pick), device }
    }
    case 'approve': {
      // Two admins have to agree on some types, so that what the other one said last is approved often.
      const grave = all(scene, 'class.policy', 'content.erase').findLast(other => other.author !== author.id)
      const waiting = pick % 3 > 0 && grave !== undefined ? grave : some(scene, pick, ...APPROVED)
      return { type: 'approve', operation: waiting?.id ?? versionLike(pick) }
    }
    case 'note':
      return { type: 'note', about: null, text: `note ${pick}` }
    case 'vote':
      return voteOf(scene, author, pick)
    default:
      return (
        inviteContentOf(scene, next) ??
        storageContentOf(scene, next, author.id) ??
        datasetContentOf(scene, next, author)
      )
  }
}

function inviteContentOf(scene: Scene, { action, target, pick }: Step): OperationContent | undefined {
  const key = at(EVERYONE, target)
  const org = orgIdOf(scene.founding)
  switch (action) {
    case 'invite':
      return {
        type: 'invite.create',
        inviteKey: at(INVITE_KEYS, pick).publicKey,
        uses: pick % 4 === 0 ? 2 : 1,
        expiresMs: START_MS + MINUTE * (70 + 5 * pick)
      }
    case 'redeem':
    case 'forge': {
      const invite = some(scene, pick, 'invite.create')
      if (invite?.content?.type !== 'invite.create') return enrolment(org, key)
      const { inviteKey } = invite.content
      const owner = INVITE_KEYS.find(other => Buffer.compare(other.publicKey, inviteKey) === 0)
      const signer = action === 'redeem' && owner !== undefined ? owner : keyNamed('forger')
      return enrolment(org, key, { operation: invite.id, key: signer })
    }
    case 'cancel':
      return { type: 'invite.cancel', invite: some(scene, pick, 'invite.create')?.id ?? versionLike(pick) }
    case 'enrol':
      return enrolment(org, key)
    default:
      return undefined
  }
}

function storageContentOf(
  scene: Scene,
  { action, target, pick }: Step,
  author: DeviceId
): OperationContent | undefined {
  const device = at(EVERYONE, target).id
  const name = at(NAMES, pick)
  const version = versionNamed(at(VERSION_NAMES, pick >> 1))
  const reason = pick % 2 === 0 ? null : `reason ${pick}`
  const recipient = sha256(Buffer.from(`recipient ${pick}`))
  const [copies, sites, retentionMs] = [1 + (pick % 3), 1 + (pick % 2), pick % 4 === 0 ? MINUTE * pick : null]
  const hex = (text: string, bytes: number) => toHex(sha256(Buffer.from(text)).subarray(0, bytes))
  switch (action) {
    case 'classPolicy':
      return {
        ...{ type: 'class.policy', class: at(CLASSES, pick), sealed: pick % 2 === 0, holders: 'storage' },
        ...{ stalenessMs: null, leaves: false, scan: pick % 4 > 0, copies, sites, retentionMs }
      }
    case 'sealing':
      return { type: 'device.sealing', device: pick % 4 === 0 ? device : author, recipient }
    case 'epoch': {
      const group = some(scene, pick, 'group.create')?.id ?? versionLike(pick)
      return { type: 'group.epoch', group, epoch: 1 + (pick % 3), recipient }
    }
    case 'region':
      return { type: 'site.region', site: at(SITES, pick), region: at(LABELS, pick >> 1) }
    case 'offer': {
      const about = pick % 3 === 0 ? device : author
      return { type: 'device.storage', device: about, site: at(SITES, pick), capacityBytes: 100 * pick }
    }
    case 'copies': {
      const versions = [version, versionNamed(at(VERSION_NAMES, pick >> 3))]
      const share = pick % 3 === 0 ? pick % 8 : null
      const told = [...new Set(versions)].sort().map(each => ({ version: each, share }))
      if (pick % 3 === 1) return { type: 'copy.dispute', device, copies: told, reason }
      if (pick % 11 === 2)
        return { type: 'copy.renew', device: pick % 5 === 0 ? device : author, untilMs: pick * MINUTE }
      const untilMs = pick % 4 === 0 ? 0 : pick % 4 === 2 ? null : START_MS + pick * MINUTE
      return { type: 'copy.state', device: pick % 7 === 0 ? device : author, untilMs, copies: told }
    }
    case 'keep': {
      const shares = pick % 5 === 0 ? { data: 4, parity: 2 } : null
      const where = { regions: ['eu'], kinds: pick % 2 === 0 ? [] : (['server'] as const) }
      return { type: 'dataset.storage', name, copies, sites, ...where, shares, retentionMs }
    }
    case 'subjects': {
      if (pick % 3 === 0)
        return { type: 'dataset.subjects', name, version, subjects: [hex(`person ${pick % 2}`, 32)] }
      const shares = [0, 1, 2, 3]
        .slice(0, 3 + (pick % 4 === 0 ? 1 : 0))
        .map(each => versionNamed(`share ${each}`))
      return {
        ...{ type: 'dataset.shares', name, version, data: 2, unitBytes: 16_384 },
        ...{ shares, files: 1, bytes: pick }
      }
    }
    case 'scan': {
      const verdict = at(SCANNED, pick)
      const found = verdict === 'infected' && pick % 2 === 0 ? 'Eicar' : null
      return { type: 'content.scan', version, engine: 'engine', database: `daily ${pick}`, verdict, found }
    }
    case 'erase':
      return {
        ...{ type: 'content.erase', version, case: hex(`case ${pick % 2}`, 16), reason, basis: 'art17' },
        subject: pick % 2 === 0 ? null : hex(`person ${pick % 3}`, 32)
      }
    case 'confirm': {
      const erase = some(scene, pick, 'content.erase', 'content.recall')?.id ?? versionLike(pick)
      const outcome = pick % 2 === 0 ? 'deleted' : 'not-held'
      return { type: 'erase.confirm', erase, outcome, bytes: pick, keys: pick % 3 === 0 }
    }
    case 'hold':
      return { type: 'hold.place', name, reason }
    case 'lift':
      return { type: 'hold.lift', hold: some(scene, pick, 'hold.place')?.id ?? versionLike(pick) }
    case 'accept':
      return {
        type: 'risk.accept',
        risk: at(RISKS, pick),
        score: 1 + (pick % 25),
        untilMs: pick + 1,
        reason: 'so be it'
      }
    case 'level':
      return {
        ...{ type: 'level.set', name: at(LABELS, pick) },
        objective:
          pick % 5 === 0
            ? null
            : {
                ...{ measure: 'distribute', dataset: pick % 2 === 0 ? name : null, site: null },
                ...{ limitMs: 1000 * pick, share: 950_000, windowMs: 60 * MINUTE }
              }
      }
    case 'price':
      return {
        ...{ type: 'price.set', site: at(SITES, pick) },
        price: pick % 5 === 0 ? null : { currency: 'EUR', microsPerGb: pick }
      }
    case 'withdraw':
      return { type: 'risk.withdraw', acceptance: some(scene, pick, 'risk.accept')?.id ?? versionLike(pick) }
    default:
      return undefined
  }
}

const RISKS = ['data-loss', 'site-loss']

function datasetContentOf(scene: Scene, { action, target, pick }: Step, author: TestKey): OperationContent {
  // A name on which an admin publishes is lost to others, so admins mostly keep to one.
  const isAdmin = EVERYONE.indexOf(author) < 2
  const name = isAdmin && pick % 6 > 0 ? 'os' : at(NAMES, pick)
  const versionName = at(VERSION_NAMES, pick >> 1)
  const version = versionNamed(versionName)
  const reason = pick % 2 === 0 ? null : `reason ${pick}`
  const group = some(scene, pick, 'group.create')
  const grantee: Grantee =
    pick % 3 === 0 && group !== undefined
      ? { kind: 'group', group: group.id }
      : { kind: 'device', device: at(EVERYONE, target).id }
  switch (action) {
    case 'retire':
      return { type: 'dataset.retire', name, version: pick % 4 === 0 ? null : version }
    case 'policy': {
      const labels = LABELS.filter((_, index) => (pick >> index) % 2 === 0)
      return { type: 'dataset.policy', name, labels, access: pick % 3 === 0 ? 'granted' : 'members' }
    }
    case 'origin': {
      const url = pick % 3 === 0 ? null : `https://origin.example/${pick}/`
      return { type: 'dataset.origin', name, version, url }
    }
    case 'grant':
      return {
        type: 'access.grant',
        grantee,
        scope: at(SCOPES, pick),
        purpose: pick % 2 === 0 ? null : 'audit'
      }
    case 'ungrant':
      return { type: 'access.revoke', grantee, scope: pick % 4 === 0 ? null : at(SCOPES, pick) }
    case 'quarantine':
      return { type: 'content.quarantine', version, reason }
    case 'release':
      return { type: 'content.release', version }
    case 'recall':
      return { type: 'content.recall', version, reason }
    default: {
      const published = publication(name, versionName)
      return published.type === 'dataset.publish'
        ? { ...published, class: at(CLASSES, pick >> 3), sealed: pick % 5 === 0 }
        : published
    }
  }
}

function voteOf(scene: Scene, author: TestKey, pick: number): OperationContent {
  const { hash, ...terms } = at(scene.roots, pick)
  if (pick % 2 === 0) return { type: 'root.propose', hash, bytes: rootBytes(terms) }
  return { type: 'root.vote', hash, key: author.id, signature: author.sign(hash) }
}

function all(scene: Scene, ...types: readonly OperationType[]): Operation[] {
  return scene.written.filter(({ content }) => content !== undefined && types.includes(content.type))
}

/**
 * Who takes a step, and in which feed: an invite is mostly redeemed and cancelled by who made it, and what needs admins
 * is mostly done by them.
 */
export function actorOf(scene: Scene, next: Step): { author: TestKey; incarnation: string } {
  const isForAdmins = ['approve', 'classPolicy', 'erase'].includes(next.action) && next.pick % 4 > 0
  const author = at(isForAdmins ? ADMINS : EVERYONE, next.actor)
  const incarnation = next.otherIncarnation ? OTHER_INCARNATION : INCARNATION
  const isAboutInvite = ['redeem', 'forge', 'cancel'].includes(next.action)
  const invite = isAboutInvite && next.pick % 4 > 0 ? some(scene, next.pick, 'invite.create') : undefined
  const inviter = EVERYONE.find(key => key.id === invite?.author)
  return invite === undefined || inviter === undefined
    ? { author, incarnation }
    : { author: inviter, incarnation: invite.incarnation }
}

/** One of the newest operations of some types. */
function some(scene: Scene, pick: number, ...types: readonly OperationType[]): Operation | undefined {
  const found = all(scene, ...types).slice(-3)
  return found.length === 0 ? undefined : at(found, pick)
}

/** An id that names nothing. */
function versionLike(pick: number): OperationId {
  return versionNamed(`nothing ${pick}`) as string as OperationId
}

/** All of a device's feeds, all but the last operations, or nothing. */
function cutoffs(scene: Scene, device: DeviceId, pick: number): Cutoff[] {
  return pick % 4 === 3 ? [] : scene.cutoffs(device, pick % 4)
}

/** The takes that an answer has to know of, what it answers, and what gave the author its rights. */
export function knowledgeOf(scene: Scene, author: DeviceId, content: OperationContent): OperationId[] {
  const isGiven = ({ content: other }: Operation) =>
    (other?.type === 'device.enrol' || other?.type === 'role.grant') && other.device === author
  const gives = scene.written.filter(isGiven).slice(-5)
  const takes = scene.written.filter(({ content: other }) => other !== undefined && answers(content, other))
  return [...takes.slice(-8), ...gives].map(({ id }) => id)
}

function answers(content: OperationContent, other: OperationContent): boolean {
  switch (content.type) {
    case 'device.enrol':
      return other.type === 'device.suspend' && other.device === content.device
    case 'role.grant':
      return other.type === 'role.revoke' && other.device === content.device && other.role === content.role
    case 'group.add':
      return other.type === 'group.remove' && other.device === content.device
    case 'access.grant':
      return other.type === 'access.revoke'
    case 'content.release':
      return (
        (other.type === 'content.quarantine' || other.type === 'content.scan') &&
        other.version === content.version
      )
    case 'dataset.publish':
      return other.type === 'dataset.retire' && other.name === content.name
    default:
      return false
  }
}
