/** Reads the numbers of a node from the parts that have them (measures-terms.ts). */

import { decodeEntry } from '../../audit/entry.ts'
import type { DeviceId } from '../../base/ids.ts'
import { isMember } from '../../ledger/fold/state.ts'
import { DIRECTIONS } from '../../swarm/bandwidth/policy.ts'
import { joinTimesIn } from '../ledger/join-times.ts'
import type { Node } from '../node.ts'
import type { DeviceKind, TransferState } from '../service-words.ts'
import { deadlineFields } from '../swarm/transfer-extras.ts'
import { isActive } from '../swarm/transfer-orders.ts'
import { inTurns } from '../turns.ts'
import type {
  AuditMeasures,
  LedgerMeasures,
  Measures,
  SitePeers,
  StorageMeasures,
  TransferMeasures
} from './measures-terms.ts'
import { OrgSurveyor, surveyOrg } from './org-survey.ts'

/** Checkpoints that are looked through for the newest that a peer has cosigned. */
const CHECKPOINTS_LOOK_MAX = 64

export class NodeMeter {
  readonly #node: Node
  readonly #surveyor: OrgSurveyor
  /** When devices joined, by how many operations. */
  #joined: { readonly operations: number; readonly times: ReadonlyMap<DeviceId, number> } | undefined

  constructor(node: Node) {
    this.#node = node
    this.#surveyor = new OrgSurveyor({ steps: () => this.#survey() })
  }

  async read(): Promise<Measures> {
    const survey = await this.#surveyor.read()
    const nowMs = Date.now()
    return {
      peers: this.#peers(),
      devices: this.#devices(nowMs),
      transfers: this.#transfers(nowMs),
      ledger: this.#ledger(nowMs),
      storage: this.#storage(nowMs),
      audit: this.#audit(nowMs),
      budgets: this.#budgets(),
      detection: this.#node.detection.measures(),
      survey
    }
  }

  async #survey() {
    const { keeper, storage } = this.#node
    if (!keeper.isWhole) return undefined
    const places = await storage.places()
    const { size } = keeper
    if (this.#joined?.operations !== size) {
      // Operations that are taken meanwhile are counted the next time.
      const times = await inTurns(joinTimesIn(keeper.ledger.operations()))
      this.#joined = { operations: size, times: times ?? new Map() }
    }
    return surveyOrg({
      ...{ state: keeper.state(), places, joinedMs: this.#joined.times },
      terms: { ...storage.times, nowMs: Date.now() }
    })
  }

  #peers(): SitePeers[] {
    const { transport, catalogue, keeper } = this.#node
    const { devices } = keeper.state()
    const peers = new Map<string, { site: string | null; kind: DeviceKind | null; count: number }>()
    for (const { device } of transport.peers()) {
      const { site } = catalogue.nameOf(device)
      const kind = devices.get(device)?.enrolment?.kind ?? null
      const key = JSON.stringify([site, kind])
      const known = peers.get(key) ?? { site, kind, count: 0 }
      known.count++
      peers.set(key, known)
    }
    return [...peers.values()]
  }

  #devices(nowMs: number): Measures['devices'] {
    const state = this.#node.keeper.state()
    const devices = { server: 0, desktop: 0, laptop: 0 }
    for (const [device, { enrolment }] of state.devices)
      if (isMember(state, device, nowMs)) devices[enrolment?.kind ?? 'server']++
    return devices
  }

  #transfers(nowMs: number): TransferMeasures {
    const { desk, hub, identity } = this.#node
    const byState: Record<TransferState, number> = {
      ...{ queued: 0, waiting: 0, fetching: 0, paused: 0, complete: 0, stopped: 0, failed: 0 }
    }
    let late = 0
    for (const view of desk.views()) {
      byState[view.state]++
      if (view.deadlineAtMs === null || !isActive(view.state)) continue
      const lackingBytes = (view.selected?.bytes ?? view.totalBytes) - view.haveBytes
      const bytesPerSecond = hub.status(view.version)?.downloadRate ?? 0
      if (deadlineFields(view, { lackingBytes, bytesPerSecond, nowMs }).outlook === 'late') late++
    }
    const { sites, origin, localBytes, verifiedBytes, wastedBytes, pieceFailures } = hub.totals()
    const own = sites.get(identity.site)
    const others = [...sites].filter(([site]) => site !== identity.site)
    const sum = (value: 'receivedBytes' | 'wastedBytes' | 'sentBytes') =>
      others.reduce((all, [, tally]) => all + tally[value], 0)
    const verified = {
      ...{ site: own?.receivedBytes ?? 0, wan: sum('receivedBytes') },
      ...{ origin: origin.verifiedBytes, local: localBytes }
    }
    const wasted = {
      ...{ site: own?.wastedBytes ?? 0, wan: sum('wastedBytes'), origin: origin.wastedBytes }
    }
    return {
      ...{ byState, late, pieceFailures },
      verifiedBytes: { ...verified, departed: restOf(verifiedBytes, verified) },
      wastedBytes: { ...wasted, departed: restOf(wastedBytes, wasted) },
      sentBytes: { lan: own?.sentBytes ?? 0, wan: sum('sentBytes') },
      wan: others.map(([site, tally]) => ({
        ...{ site, receivedBytes: tally.receivedBytes + tally.wastedBytes, sentBytes: tally.sentBytes }
      })),
      misbehaviours: hub.misbehaviours.counts()
    }
  }

  #ledger(nowMs: number): LedgerMeasures {
    const { keeper, sync, beacons } = this.#node
    const view = beacons.view()
    const { freeze, datasets } = keeper.state()
    return {
      ...{ feeds: keeper.hello().tips, operations: keeper.size, isWhole: keeper.isWhole },
      ...{ syncAgeMs: sync.completedAgoMs, datasets: datasets.size },
      beacon: view.enforced
        ? {
            ageMs: view.asOfMs === null ? null : Math.max(0, view.nowMs - view.asOfMs),
            expiresInMs: view.expiresMs === null ? null : view.expiresMs - nowMs,
            ...{ signers: view.signers, heard: view.heard.length, quorum: view.quorum },
            uncovered: view.uncovered.length
          }
        : null,
      ...{ isFrozen: freeze !== undefined, isClockWrong: view.clock.kind !== 'ok' }
    }
  }

  #storage(nowMs: number): StorageMeasures {
    const { room, vault, scrub, lacking, problems, boosts } = this.#node.storage
    const { totalBytes, freeBytes } = room.disk
    const { state, readBytes, badPieces, healedPieces, damagedCount, heldBytes, pass, last } = scrub.report()
    return {
      ...{ diskFreeBytes: freeBytes, diskTotalBytes: totalBytes, offeredBytes: room.toldBytes ?? 0 },
      ...{ keptBytes: vault.bytes(), lacking, failing: problems().size, boosts: boosts.measures() },
      scrub: {
        ...{ isPaused: state === 'paused', readBytesTotal: readBytes, badPiecesTotal: badPieces },
        ...{ healedPiecesTotal: healedPieces, damagedCopies: damagedCount, heldBytes },
        passShare: pass === null || heldBytes === 0 ? null : Math.min(1, pass.readBytes / heldBytes),
        lastPassAgeMs: last === null ? null : Math.max(0, nowMs - last.endedAtMs)
      }
    }
  }

  #budgets(): Measures['budgets'] {
    const { throttle } = this.#node.bandwidth
    return Object.fromEntries(
      DIRECTIONS.flatMap(direction => {
        const daily = throttle.budget(direction)?.daily
        return daily === undefined
          ? []
          : [[direction, { bytes: daily.budget.bytes, usedBytes: daily.usedBytes }]]
      })
    )
  }

  #audit(nowMs: number): AuditMeasures {
    const { keeper, audit } = this.#node
    const { log } = audit
    const entries = log.size
    const signed = log.latest()
    const findings = log.store.database.findings().length
    const hasCompany = keeper.state().devices.size > 1
    return {
      ...{ entries, signedEntries: signed?.size ?? 0, findings },
      uncosigned: hasCompany ? this.#uncosigned(entries, nowMs) : null
    }
  }

  #uncosigned(entries: number, nowMs: number): { entries: number; ageMs: number } {
    const { log } = this.#node.audit
    const { database } = log.store
    const cosigned = database
      .checkpoints(log.id, { limit: CHECKPOINTS_LOOK_MAX })
      .map(note => log.notes.open(note))
      .reduce(
        (most, opened) =>
          opened.ok && opened.value.cosignatures.length > 0 ? Math.max(most, opened.value.size) : most,
        0
      )
    const [oldest] = database.entries(log.id, { from: cosigned, limit: 1 })
    const entry = oldest && decodeEntry(oldest)
    const ageMs = entry?.ok === true ? Math.max(0, nowMs - entry.value.timeMs) : 0
    return { entries: Math.max(0, entries - cosigned), ageMs }
  }
}

function restOf(all: number, parts: Readonly<Record<string, number>>): number {
  return Math.max(0, all - Object.values(parts).reduce((sum, part) => sum + part, 0))
}
