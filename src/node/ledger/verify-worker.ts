/** A thread that checks signatures of operations; see signature-pool.ts for the layout of a job. */

import { parentPort } from 'node:worker_threads'
import { defined } from '../../base/assert.ts'
import { deviceIdFromBytes, operationIdFromBytes } from '../../base/ids.ts'
import { operationMessage } from '../../ledger/operation/operation.ts'
import { verifySignature } from '../keys/device-key.ts'
import { CHECK_BYTES, CHECK_LAYOUT } from './signature-pool.ts'

const port = defined(parentPort, 'the port of a worker thread')

port.on('message', (job: Uint8Array) => {
  const verdicts = new Uint8Array(job.length / CHECK_BYTES)
  for (let check = 0; check < verdicts.length; check++) {
    const part = ({ from, to }: { from: number; to: number }) =>
      job.subarray(check * CHECK_BYTES + from, check * CHECK_BYTES + to)
    const author = deviceIdFromBytes(part(CHECK_LAYOUT.author))
    const message = operationMessage(operationIdFromBytes(part(CHECK_LAYOUT.operation)))
    verdicts[check] = verifySignature(author, message, part(CHECK_LAYOUT.signature)) ? 1 : 0
  }
  port.postMessage(verdicts)
})
