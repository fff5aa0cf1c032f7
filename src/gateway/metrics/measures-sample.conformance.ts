/** Numbers of a node, as tests expose them. */

import type { Measures } from '../../node/measures/measures-terms.ts'

const NO_FINDINGS = {
  ...{ 'mass-reads': 0, 'off-hours-reads': 0, 'dormant-reads': 0, 'bad-blocks': 0, spread: 0, 'fan-out': 0 },
  ...{ 'repeated-denials': 0, 'unknown-keys': 0, 'clock-drift': 0, 'beacon-starvation': 0 }
}

export const MEASURES: Measures = {
  peers: [
    { site: 'paris', kind: 'server', count: 2 },
    { site: null, kind: null, count: 1 }
  ],
  devices: { server: 3, desktop: 1, laptop: 0 },
  transfers: {
    byState: { queued: 0, waiting: 0, fetching: 1, paused: 0, complete: 4, stopped: 0, failed: 0 },
    late: 1,
    verifiedBytes: { site: 10, wan: 20, origin: 30, local: 40, departed: 5 },
    wastedBytes: { site: 1, wan: 2, origin: 3, departed: 0 },
    sentBytes: { lan: 7, wan: 8 },
    wan: [
      { site: 'paris', receivedBytes: 22, sentBytes: 8 },
      { site: 'rome', receivedBytes: 0, sentBytes: 1 }
    ],
    pieceFailures: { mismatch: 1, storage: 0, lost: 0 },
    misbehaviours: new Map([['bad-block', 1]])
  },
  ledger: {
    ...{ feeds: 3, operations: 12, isWhole: true, syncAgeMs: 1500, datasets: 2 },
    beacon: { ageMs: 90_000, expiresInMs: -500, signers: 3, heard: 1, uncovered: 0, quorum: 2 },
    ...{ isFrozen: false, isClockWrong: false }
  },
  storage: {
    ...{ diskFreeBytes: 100, diskTotalBytes: 1000, offeredBytes: 50, keptBytes: 20, lacking: 1, failing: 0 },
    boosts: { versions: 1, bytes: 7, begunTotal: 2, endedTotal: 1, lacking: 1 },
    scrub: {
      ...{ isPaused: false, readBytesTotal: 5, badPiecesTotal: 1, healedPiecesTotal: 1 },
      ...{ damagedCopies: 0, heldBytes: 20, passShare: 0.25, lastPassAgeMs: null }
    }
  },
  audit: { entries: 9, signedEntries: 8, uncosigned: { entries: 1, ageMs: 2000 }, findings: 0 },
  budgets: { up: { bytes: 1000, usedBytes: 900 } },
  detection: {
    open: { ...NO_FINDINGS, 'mass-reads': 1 },
    raised: { ...NO_FINDINGS, 'mass-reads': 3 }
  },
  survey: {
    units: { kept: 5, below: 1, 'at-risk': 1, unreadable: 0 },
    ...{ unplacedBytes: 0, cases: { waiting: 1, held: 0, confirmed: 2 } },
    ...{ casesOverdue: 1, confirmationsMissing: 2, ageMs: 250, tookMs: 100 }
  }
}
