/** The detection of one node: its file, its policy, who looks, and what people are told. */

import { join } from 'node:path'
import { RULE_IDS, type RuleId } from '../../detection/finding.ts'
import type { RecordStore } from '../../store/records.ts'
import type { Log } from '../log.ts'
import type { DetectionMeasures } from '../measures/measures-terms.ts'
import { DetectionFile } from './detection-file.ts'
import { loadDetectionPolicy } from './detection-policy.ts'
import { LocalDetectionService, type RuledNode } from './detection-service.ts'
import { DetectionWatch, type WatchedNode } from './detection-watch.ts'

const DETECTION_FILE = 'detection.db'

export interface NodeDetectionInit {
  readonly home: string
  readonly node: WatchedNode & RuledNode
  readonly records: Pick<RecordStore, 'getBlob' | 'putBlob'>
  readonly log: Log
}

export class NodeDetection {
  readonly file: DetectionFile
  readonly watch: DetectionWatch
  readonly service: LocalDetectionService

  constructor({ home, node, records, log }: NodeDetectionInit) {
    this.file = new DetectionFile(join(home, DETECTION_FILE))
    const policy = loadDetectionPolicy(records, log)
    this.watch = new DetectionWatch({ node, file: this.file, policy, log })
    this.service = new LocalDetectionService({
      ...{ node, file: this.file, watch: this.watch },
      records,
      policy
    })
  }

  measures(): DetectionMeasures {
    const { open, raised } = this.file.counts()
    const ofAll = (counts: ReadonlyMap<string, number>) =>
      Object.fromEntries(RULE_IDS.map(rule => [rule, counts.get(rule) ?? 0])) as Record<RuleId, number>
    return { open: ofAll(open), raised: ofAll(raised) }
  }

  start(): void {
    this.watch.start()
  }

  async close(): Promise<void> {
    await this.watch.close()
    this.file.close()
  }
}
