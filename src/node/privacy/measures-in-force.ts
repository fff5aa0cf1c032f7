/**
 * The technical and organisational measures of the record of processing, as they are in force now: each is read from
 * the network, and says how far it reaches. What could not be read is said to be unknown.
 */

import { counted } from '../../base/units.ts'
import { classRules } from '../../ledger/fold/class-policy.ts'
import { isMember, type State } from '../../ledger/fold/state.ts'
import type { AuditCheckpoints } from '../audit/audit-report.ts'
import type { FreshnessStatus } from '../service.ts'
import type { StorageReport } from '../storage/storage-terms.ts'
import type { ProcessingActivity, ProtectiveMeasure } from './privacy-terms.ts'

export interface MeasuredView {
  readonly state: State
  readonly nowMs: number
  readonly activities: readonly ProcessingActivity[]
  readonly freshness: FreshnessStatus
  /** Undefined where they could not be read. */
  readonly storage: StorageReport | undefined
  readonly audit: AuditCheckpoints | undefined
}

export function measuresInForce(view: MeasuredView): ProtectiveMeasure[] {
  return [
    {
      title: 'Devices are known by their keys, and all links are encrypted both ways (mutual TLS 1.3)',
      ...{ article: '32(1)(a), (b)', state: 'in-force', detail: membersText(view) }
    },
    sealing(view),
    access(view),
    approvals(view),
    freshness(view.freshness),
    audit(view.audit),
    copies(view.storage),
    scrubbing(view.storage),
    retention(view),
    {
      title: 'Persons are in the ledger by pseudonyms, whose keys are on the devices of stewards alone',
      ...{ article: '25, 32(1)(a)', state: 'in-force' },
      detail: `${counted(
        view.activities.filter(({ pseudonyms }) => pseudonyms > 0).length,
        'dataset'
      )} of ${view.activities.length} are said to be about persons`
    },
    scanning(view)
  ]
}

/** How far something reaches, of all there is. */
function reach(part: number, all: number): ProtectiveMeasure['state'] {
  return part === 0 ? 'off' : part >= all ? 'in-force' : 'in-part'
}

function membersText({ state, nowMs }: MeasuredView): string {
  const members = [...state.devices.keys()].filter(device => isMember(state, device, nowMs))
  return `${counted(members.length, 'device')} enrolled; a device that is not is refused on every protocol`
}

function sealing({ activities }: MeasuredView): ProtectiveMeasure {
  const all = activities.filter(({ sealed }) => sealed === 'all').length
  const some = activities.filter(({ sealed }) => sealed === 'some').length
  return {
    title: 'Content is encrypted where it lies, for those who may read it (sealing)',
    article: '32(1)(a)',
    state: all + some === 0 ? 'off' : all === activities.length ? 'in-force' : 'in-part',
    detail: `every version of ${counted(all, 'dataset')}, some versions of ${some}, none of ${
      activities.length - all - some
    }`
  }
}

function access({ activities, state }: MeasuredView): ProtectiveMeasure {
  const isGranted = ({ access: of, classes }: ProcessingActivity) =>
    of === 'granted' || classes.every(each => each === 'confidential' || each === 'restricted')
  const granted = activities.filter(isGranted).length
  return {
    title: 'Only who was granted it reads, for a purpose and a time',
    article: '25(2), 32(1)(b)',
    state: reach(granted, activities.length),
    detail: `${granted} of ${counted(activities.length, 'dataset')} by grant (confidential ones also by the role reader); ${counted(state.grants.size, 'grant')}`
  }
}

function approvals({ state: { root } }: MeasuredView): ProtectiveMeasure {
  return {
    title: 'Who governs can not do so alone',
    article: '32(1)(b), (4)',
    state: root.threshold > 1 ? 'in-force' : 'off',
    detail: `${root.threshold} of ${counted(root.admins.length, 'admin')} sign authority, classes and erasures`
  }
}

function freshness({ enforced, quorum, signersTotal, classes }: FreshnessStatus): ProtectiveMeasure {
  const limited = classes.filter(({ limitMs }) => limitMs !== null).map(({ dataClass }) => dataClass)
  return {
    title: 'A right that was taken ends within a bounded time also on devices that are cut off (freshness)',
    article: '32(1)(b)',
    state: enforced ? reach(limited.length, classes.length) : 'off',
    detail: enforced
      ? `${quorum} of ${signersTotal} signers; limits for ${limited.join(', ') || 'no class'}`
      : 'the org runs without beacons'
  }
}

function audit(checkpoints: AuditCheckpoints | undefined): ProtectiveMeasure {
  const said = {
    title: 'What devices do is logged, signed, and cosigned by others',
    article: '5(2), 32(1)(d)'
  }
  if (checkpoints === undefined) return { ...said, state: 'unknown', detail: 'audit logs could not be read' }
  const { checkpoints: all, missing, findings } = checkpoints
  const cosigned = all.filter(({ witnesses, outside }) => witnesses.length + outside.length > 0).length
  const isWhole = cosigned === all.length && missing.length === 0 && findings.length === 0
  return {
    ...said,
    state: all.length === 0 ? 'off' : isWhole ? 'in-force' : 'in-part',
    detail: `${counted(all.length, 'log')} signed, ${cosigned} cosigned; ${missing.length} could not be had now; ${counted(findings.length, 'finding')}`
  }
}

function copies(storage: StorageReport | undefined): ProtectiveMeasure {
  const said = { title: 'Data is kept in copies on several devices and sites', article: '32(1)(b), (c)' }
  if (storage === undefined) return { ...said, state: 'unknown', detail: 'storage could not be read' }
  const { versions, unsafeCount } = storage
  return {
    ...said,
    state: reach(versions - unsafeCount, versions),
    detail: `of ${counted(versions, 'version')} that ask for copies, ${versions - unsafeCount} have them all`
  }
}

function scrubbing(storage: StorageReport | undefined): ProtectiveMeasure {
  const said = {
    title: 'Each piece is verified when it comes, and read again for rot',
    article: '5(1)(f), 32(1)(b)'
  }
  if (storage === undefined) return { ...said, state: 'unknown', detail: 'the scrub could not be read' }
  return {
    ...said,
    state: storage.scrub.state === 'paused' ? 'in-part' : 'in-force',
    detail: `on this device the scrub is ${storage.scrub.state}; of others it is not asked`
  }
}

function retention({ activities }: MeasuredView): ProtectiveMeasure {
  const limited = activities.filter(({ retention: of }) => of.every(({ keptMs }) => keptMs !== null)).length
  return {
    title: 'Time limits are set, after which data is to be erased',
    article: '5(1)(e)',
    state: reach(limited, activities.length),
    detail: `${limited} of ${counted(activities.length, 'dataset')} have an end in each class; erasing takes admins`
  }
}

function scanning({ state, activities }: MeasuredView): ProtectiveMeasure {
  const classes = [...new Set(activities.flatMap(each => each.classes))]
  const scanned = classes.filter(each => classRules(state, each).scan)
  return {
    title: 'Content is scanned for malware before it is read',
    article: '32(1)(b)',
    state: classes.length === 0 ? 'off' : reach(scanned.length, classes.length),
    detail: `${scanned.join(', ') || 'none'} of the classes in use, which are ${classes.join(', ') || 'none'}`
  }
}
