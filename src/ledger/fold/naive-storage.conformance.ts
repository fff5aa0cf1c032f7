/** The oracle's rendering of what is said about storage, erasure and the content of versions. */

import type { DeviceId, OperationId, VersionId } from '../../base/ids.ts'
import type { Operation } from '../operation/operation.ts'
import type { OperationType } from '../operation/operation-content.ts'
import type { NaiveFold, Said } from './naive-fold.conformance.ts'
import type { LevelEntry, PriceEntry } from './performance-entry.ts'
import type {
  ContentEntry,
  CopyEntry,
  DeviceEntry,
  EraseConfirmation,
  ErasureEntry,
  GroupEpochEntry,
  State,
  Taking
} from './state.ts'

export function naiveSealing(fold: NaiveFold, device: DeviceId): DeviceEntry['sealing'] {
  const last = lastOf(
    fold,
    fold.said('device.sealing').filter(({ content }) => content.device === device)
  )
  return last && { operation: last.operation.id, recipient: last.content.recipient }
}

export function naiveDeviceStorage(fold: NaiveFold, device: DeviceId): DeviceEntry['storage'] {
  const about = fold.said('device.storage').filter(({ content }) => content.device === device)
  const own = lastOf(
    fold,
    about.filter(({ operation }) => operation.author === device)
  )?.content
  const ruled = lastOf(
    fold,
    about.filter(({ operation }) => operation.author !== device)
  )?.content
  if (own === undefined || ruled === undefined) {
    const only = own ?? ruled
    return only && { site: only.site, capacityBytes: only.capacityBytes }
  }
  return { site: ruled.site, capacityBytes: Math.min(own.capacityBytes, ruled.capacityBytes) }
}

export function naiveEpochs(fold: NaiveFold, group: OperationId): GroupEpochEntry[] {
  const epochs = fold.said('group.epoch').filter(({ content }) => content.group === group)
  const byId = epochs.sort((a, b) => (a.operation.id < b.operation.id ? 1 : -1))
  return byId
    .sort((a, b) => a.content.epoch - b.content.epoch)
    .map(({ operation, content: { epoch, recipient } }) => ({ operation: operation.id, epoch, recipient }))
}

export function naiveStorage(
  fold: NaiveFold
): Pick<
  State,
  | 'classes'
  | 'sites'
  | 'copies'
  | 'keptBy'
  | 'renewals'
  | 'erasures'
  | 'erasureCases'
  | 'holds'
  | 'acceptances'
  | 'levels'
  | 'prices'
> {
  const policies = fold.said('class.policy')
  const regions = fold.said('site.region')
  const erasures = fold.said('content.erase', 'content.recall')
  return {
    classes: byKey(
      policies,
      ({ content }) => content.class,
      (_, all) => {
        const { operation, content } = newest(fold, all)
        const { type: __, ...rules } = content
        return { ...rules, operation: operation.id, by: operation.author, timeMs: operation.timeMs }
      }
    ),
    sites: byKey(
      regions,
      ({ content }) => content.site,
      (site, all) => {
        const { operation, content } = newest(fold, all)
        return { site, region: content.region, operation: operation.id }
      }
    ),
    erasures: byKey(
      erasures,
      ({ operation }) => operation.id,
      (_, all) => erasureOf(fold, newest(fold, all))
    ),
    erasureCases: byKey(
      erasures,
      ({ operation, content }) =>
        content.type === 'content.erase' ? content.case : operation.id.slice(0, 32),
      (_, all) => new Set(all.map(({ operation }) => operation.id))
    ),
    renewals: byKey(
      fold.said('copy.renew'),
      ({ content }) => content.device,
      (device, all) => {
        const { operation, content } = newest(fold, all)
        return { device, operation: operation.id, untilMs: content.untilMs, timeMs: operation.timeMs }
      }
    ),
    ...performanceIn(fold),
    holds: holdsOf(fold),
    acceptances: acceptancesIn(fold),
    ...copiesIn(fold)
  }
}

function erasureOf(
  fold: NaiveFold,
  { operation, content }: Said<'content.erase' | 'content.recall'>
): ErasureEntry {
  const { id, author, timeMs } = operation
  const { version, reason } = content
  const isRecall = content.type === 'content.recall'
  const [kind, of, basis, subject] = isRecall
    ? (['recall', id.slice(0, 32), 'recall', null] as const)
    : (['erasure', content.case, content.basis, content.subject] as const)
  const confirms = fold.said('erase.confirm').filter(confirm => confirm.content.erase === id)
  const confirmations = byKey(
    confirms,
    confirm => confirm.operation.author,
    (_, all): EraseConfirmation => {
      const { operation: last, content: said } = newest(fold, all)
      const { outcome, bytes, keys } = said
      return { operation: last.id, outcome, bytes, keys, timeMs: last.timeMs }
    }
  )
  return { operation: id, kind, by: author, version, case: of, reason, basis, subject, timeMs, confirmations }
}

function copiesIn(fold: NaiveFold): Pick<State, 'copies' | 'keptBy'> {
  const words = fold
    .said('copy.state', 'copy.dispute')
    .flatMap(said => said.content.copies.map(({ version, share }) => ({ ...said, version, share })))
  const copies = new Map<DeviceId, Map<VersionId, CopyEntry>>()
  const keptBy = new Map<VersionId, Set<DeviceId>>()
  for (const { device } of words.map(({ content }) => content))
    for (const { version } of words) {
      const about = words.filter(word => word.content.device === device && word.version === version)
      const last = lastOf(
        fold,
        about.filter(({ content }) => content.type === 'copy.state')
      )
      const disputes = about.filter(({ content }) => content.type === 'copy.dispute')
      if (last?.content.type !== 'copy.state' || last.content.untilMs === 0) continue
      if (disputes.some(dispute => !fold.log.knows(last.operation, dispute.operation))) continue
      const { operation, share, content } = last
      const entry = { operation: operation.id, share, untilMs: content.untilMs, timeMs: operation.timeMs }
      copies.set(device, (copies.get(device) ?? new Map()).set(version, entry))
      keptBy.set(version, (keptBy.get(version) ?? new Set()).add(device))
    }
  return { copies, keptBy }
}

function holdsOf(fold: NaiveFold): Map<string, readonly Taking[]> {
  const lifts = fold.said('hold.lift')
  const standing = fold
    .said('hold.place')
    .filter(hold => !lifts.some(lift => lift.content.hold === hold.operation.id && lift.rank <= hold.rank))
  return byKey(
    standing,
    ({ content }) => content.name,
    (_, all) =>
      fold.log
        .inCausalOrder(all.map(({ operation }) => operation))
        .map(operation => takingOf(operation, reasonOf(operation)))
  )
}

function performanceIn(fold: NaiveFold): Pick<State, 'levels' | 'prices'> {
  const levels = new Map<string, LevelEntry>()
  for (const [name, all] of Map.groupBy(fold.said('level.set'), ({ content }) => content.name)) {
    const { operation, content } = newest(fold, all)
    const { id, author: by, timeMs } = operation
    if (content.objective !== null)
      levels.set(name, { name, ...content.objective, operation: id, by, timeMs })
  }
  const prices = new Map<string, PriceEntry>()
  for (const [site, all] of Map.groupBy(fold.said('price.set'), ({ content }) => content.site)) {
    const { operation, content } = newest(fold, all)
    const { id, author: by, timeMs } = operation
    if (content.price !== null) prices.set(site, { site, ...content.price, operation: id, by, timeMs })
  }
  return { levels, prices }
}

function acceptancesIn(fold: NaiveFold): State['acceptances'] {
  const withdrawals = fold.said('risk.withdraw')
  const isWithdrawn = ({ operation, rank }: Said<'risk.accept'>) =>
    withdrawals.some(end => end.content.acceptance === operation.id && end.rank <= rank)
  const standing = fold.said('risk.accept').filter(said => !isWithdrawn(said))
  return new Map(
    standing.map(({ operation: { id, author, timeMs }, content: { risk, score, untilMs, reason } }) => [
      id,
      { operation: id, by: author, risk, score, untilMs, reason, timeMs }
    ])
  )
}

export function naiveContents(fold: NaiveFold): Map<VersionId, ContentEntry> {
  const { log } = fold
  const said = fold.said(
    'content.quarantine',
    'content.recall',
    'content.erase',
    'content.scan',
    'content.release'
  )
  const contents = byKey(
    said,
    ({ content }) => content.version,
    (_, all): ContentEntry => {
      const inOrder = log.inCausalOrder(all.map(({ operation }) => operation))
      const of = (type: OperationType) => inOrder.filter(({ content }) => content?.type === type)
      const scans = of('content.scan')
      const held = inOrder.filter(
        operation =>
          (operation.content?.type === 'content.quarantine' || isInfected(operation)) &&
          !of('content.release').some(release => log.knows(release, operation))
      )
      const isLastWord = (scan: Operation) =>
        scans.findLast(({ author }) => author === scan.author)?.id === scan.id
      return {
        quarantines: held.map(operation => takingOf(operation, reasonOf(operation))),
        recalls: of('content.recall').map(operation => takingOf(operation, reasonOf(operation))),
        erasures: of('content.erase').map(operation => takingOf(operation, reasonOf(operation))),
        scans: scans.filter(isLastWord).flatMap(({ id, author, content, timeMs }) => {
          if (content?.type !== 'content.scan') return []
          const { engine, database, verdict, found } = content
          return [{ operation: id, by: author, engine, database, verdict, found, timeMs }]
        })
      }
    }
  )
  const isEmpty = (entry: ContentEntry) => Object.values(entry).flat().length === 0
  return new Map([...contents].filter(([, entry]) => !isEmpty(entry)))
}

const isInfected = ({ content }: Operation) =>
  content?.type === 'content.scan' && content.verdict === 'infected'

function reasonOf({ content }: Operation): string | null {
  if (content?.type === 'content.scan') return `a scan found ${content.found ?? 'it infected'}`
  return content !== undefined && 'reason' in content ? content.reason : null
}

function takingOf({ id, author, timeMs }: Operation, reason: string | null): Taking {
  return { operation: id, by: author, reason, timeMs }
}

function newest<S extends { readonly operation: Operation }>(fold: NaiveFold, all: readonly S[]): S {
  const [last] = all.filter(({ operation }) =>
    all.every(
      other =>
        fold.log.inCausalOrder([operation, other.operation]).at(-1) === operation ||
        other.operation === operation
    )
  )
  if (last === undefined) throw new Error('one of several is the last')
  return last
}

function lastOf<S extends { readonly operation: Operation }>(
  fold: NaiveFold,
  all: readonly S[]
): S | undefined {
  return all.length === 0 ? undefined : newest(fold, all)
}

function byKey<S, K, V>(
  all: readonly S[],
  keyOf: (one: S) => K,
  render: (key: K, all: readonly S[]) => V
): Map<K, V> {
  return new Map([...Map.groupBy(all, keyOf)].map(([key, of]) => [key, render(key, of)]))
}
