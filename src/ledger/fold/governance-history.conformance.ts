/** Plays steps (governance-step.conformance.ts) into signed operations and roots. */

import fc from 'fast-check'
import { assert, defined } from '../../base/assert.ts'
import { idBytes, type OperationId } from '../../base/ids.ts'
import { orgIdOf, type Root, type RootTerms } from '../chain/root.ts'
import { rootAfter } from '../chain/root-fixture.conformance.ts'
import { createOperation, DEPS_MAX, decodeOperation, type Operation } from '../operation/operation.ts'
import { actorOf, at, contentOf, knowledgeOf, Scene } from './governance-content.conformance.ts'
import {
  APPROVALS,
  EVERYONE,
  OPENING,
  rarely,
  type Step,
  step,
  TABLES
} from './governance-step.conformance.ts'
import {
  foundOrg,
  rawEnvelope,
  START_MS,
  sha256,
  signRaw,
  type TestKey,
  verify
} from './org-fixture.conformance.ts'

const MINUTE = 60_000
const ROOTS_MAX = 4

export type Event = Operation | Root

export interface History {
  readonly founding: Root
  /** Operations and the roots after the founding one, in the order in which they were made. */
  readonly events: readonly Event[]
}

export const isRoot = (event: Event): event is Root => 'succession' in event

export const operationsOf = (events: readonly Event[]): Operation[] =>
  events.filter((event): event is Operation => !isRoot(event))

/** First roots of orgs of several tables. */
export const foundings: fc.Arbitrary<Root> = fc
  .record({
    table: fc.constantFrom(...TABLES),
    admins: rarely(2, 2, fc.constant(1)),
    approvals: fc.constantFrom(...APPROVALS),
    expiresMinutes: rarely<number | null>(null, 6, fc.integer({ min: 10, max: 60 }))
  })
  .map(({ table, admins, approvals: asked, expiresMinutes }) => {
    const approvals = new Map([...asked].filter(([, count]) => count <= admins))
    const expiresMs = expiresMinutes === null ? null : minute(expiresMinutes)
    return foundOrg(EVERYONE.slice(0, admins), { ...table, approvals, expiresMs })
  })

export function histories(stepsMax: number): fc.Arbitrary<History> {
  return fc
    .record({ founding: foundings, steps: fc.array(step, { maxLength: stepsMax, size: 'max' }) })
    .map(({ founding, steps }) => play(founding, steps))
}

export const minute = (index: number) => START_MS + MINUTE * (60 + index)

/** A step that its author could not sign at all is left out. */
export function play(founding: Root, steps: readonly Step[]): History {
  const scene = new Scene(founding)
  const events: Event[] = []
  for (const [index, next] of [...OPENING, ...steps].entries()) {
    if (next.action === 'root' || next.action === 'contest') {
      if (scene.roots.length >= ROOTS_MAX) continue
      const root = succeed(scene, next, index)
      scene.roots.push(root)
      events.push(root)
    } else {
      const operation = write(scene, next, minute(index + next.skewMinutes))
      if (operation === undefined || scene.written.some(({ id }) => id === operation.id)) continue
      scene.written.push(operation)
      events.push(operation)
    }
  }
  return { founding, events }
}

/** A successor of the newest root, or a second one of the root before it. */
export function succeed(scene: Scene, { action, pick, target }: Step, index: number): Root {
  const { roots } = scene
  const predecessor = at(roots, Math.max(0, roots.length - (action === 'contest' ? 2 : 1)))
  const [first, second, third] = EVERYONE
  const admins = at([[first, second], [first, second, third], [first], [second, third]], pick).map(key =>
    defined(key, 'an admin')
  )
  const isSigner = ({ id }: TestKey) =>
    predecessor.admins.includes(id) || admins.some(admin => admin.id === id)
  const approvals = [...at(APPROVALS, pick)].filter(([, count]) => count <= admins.length)
  return rootAfter(predecessor, EVERYONE.filter(isSigner), {
    ...at(TABLES, target),
    admins: admins.map(({ id }) => id),
    threshold: Math.floor(admins.length / 2) + 1,
    approvals: new Map(approvals),
    expiresMs: pick % 5 === 0 ? minute(index + 10) : null,
    timeMs: START_MS + index,
    frontier: frontierOf(scene, predecessor, pick)
  })
}

/** Where the feeds of the admins before stand, or stood some operations ago. */
function frontierOf(scene: Scene, predecessor: Root, pick: number): RootTerms['frontier'] {
  return predecessor.admins.flatMap((author, index) =>
    scene.cutoffs(author, (pick >> (index + 1)) % 3).map(({ incarnation, seq, operation }) => {
      return { author, incarnation, seq, id: operation }
    })
  )
}

function write(scene: Scene, next: Step, timeMs: number): Operation | undefined {
  const { author, incarnation } = actorOf(scene, next)
  const prev = scene.feed(author.id, incarnation).at(-1 - next.back)
  const content = contentOf(scene, next, author)
  const introduction = scene.written.find(
    other => other.content?.type === 'device.enrol' && other.content.device === author.id
  )
  const isFounder = scene.founding.admins.includes(author.id)
  if (prev === undefined && introduction === undefined && !isFounder) return undefined
  const deps = new Set<OperationId>()
  if (prev === undefined && introduction !== undefined) deps.add(introduction.id)
  if (next.isInformed) for (const id of knowledgeOf(scene, author.id, content)) deps.add(id)
  if (scene.written.length > 0) for (const dep of next.deps) deps.add(at(scene.written, dep).id)
  if (prev !== undefined) deps.delete(prev.id)
  const root = at(scene.roots, Math.max(0, scene.roots.length - 1 - next.rootBack))
  const position = {
    root: root.hash,
    seq: (prev?.seq ?? 0) + 1,
    prev: prev?.id ?? null,
    deps: [...deps].slice(0, DEPS_MAX).sort()
  }
  const org = orgIdOf(scene.founding)
  if (next.action !== 'flaw') {
    const isShort = next.action === 'grantRole' && next.pick % 3 === 0
    const lifeMinutes = next.lifeMinutes ?? (isShort ? 5 : null)
    const expiresMs = lifeMinutes === null ? null : timeMs + MINUTE * lifeMinutes
    return createOperation(
      { ...position, org, author: author.id, incarnation, content, timeMs, expiresMs },
      { sign: author.sign, sha256 }
    )
  }
  const record = signRaw(author, {
    ...rawEnvelope(root, author),
    ...position,
    prev: position.prev === null ? null : idBytes(position.prev),
    deps: position.deps.map(idBytes),
    org: idBytes(org),
    incarnation: Buffer.from(incarnation, 'hex'),
    time: timeMs,
    ...(next.pick % 2 === 0 ? { type: 'dataset.sing' } : { body: { version: 1 } })
  })
  const decoded = decodeOperation(record, { verify, sha256 })
  assert(decoded.ok, 'a flaw of the body leaves an operation readable')
  return decoded.value
}

const NUMBERED = /[0-9a-f]{64}/g

/** A history in a line per event, short enough to read when a property fails. */
export function tellHistory({ founding, events }: History): string {
  const roots = [founding, ...events.filter(isRoot)]
  const written = operationsOf(events)
  const nameOf = (id: string) => {
    const device = EVERYONE.findIndex(key => key.id === id)
    const index = written.findIndex(operation => operation.id === id)
    return device >= 0 ? `D${device}` : index >= 0 ? `#${index}` : id.slice(0, 6)
  }
  const rootName = (hash: Uint8Array) => `R${roots.findIndex(root => Buffer.compare(root.hash, hash) === 0)}`
  return events
    .map(event => {
      if (isRoot(event))
        return `root ${rootName(event.hash)} after ${rootName(event.prev ?? event.hash)}, admins ${event.admins.map(nameOf)}`
      const { id, author, incarnation, seq, deps, content, type, root, timeMs, expiresMs } = event
      const { type: _, ...said } = content ?? { type, flaw: true }
      const text = JSON.stringify(said, (_key, value) => (value instanceof Uint8Array ? undefined : value))
      const life = expiresMs === null ? '' : `-${(expiresMs - START_MS) / MINUTE}`
      const when = `${(timeMs - START_MS) / MINUTE}${life}`
      return `${nameOf(id)} ${nameOf(author)}/${incarnation.slice(-2)}:${seq} ${rootName(root)} ${when} ${type} ${text
        .replaceAll(NUMBERED, nameOf)
        .slice(0, 160)} [${deps.map(nameOf)}]`
    })
    .join('\n')
}
