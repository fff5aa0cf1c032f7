/**
 * `get`: fetches versions and stays until they are there. The node does the work, and goes on when this process
 * is killed or its terminal closes; Ctrl-C and --timeout stop the transfers and keep what is stored.
 */

import { Option } from 'commander'
import { z } from 'zod'
import { toErrorObject } from '../../api/error.ts'
import { label } from '../../api/field.ts'
import { fileGlob, PRIORITIES, type Transfer, transferPriority } from '../../api/transfer.ts'
import { ERROR_CODES } from '../../base/error-codes.ts'
import { AppError } from '../../base/errors.ts'
import { command, duration, type Invocation } from '../command.ts'
import { type DatasetReference, datasetReference, referenceText } from '../dataset-reference.ts'
import { deadline, futureOf } from '../instant.ts'
import { absolutePathOf } from '../paths.ts'
import { printable } from '../text.ts'
import { failureOf, renderDone, TransferWatch } from '../transfer-watch.ts'

interface Order {
  readonly dataset: DatasetReference
  readonly destination: string
}

/** Several go below the last argument, each into a folder of its name. */
function ordersOf(datasets: readonly DatasetReference[], destination: string): Order[] {
  const [only] = datasets
  if (datasets.length === 1 && only !== undefined) return [{ dataset: only, destination }]
  const names = datasets.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined)
    throw new AppError(
      'USAGE',
      `${twice} is named twice: both versions would go into the folder ${twice}; fetch them one by one`,
      { details: { name: twice } }
    )
  const below = destination.replace(/[/\\]*$/, '')
  return datasets.map(dataset => ({ dataset, destination: `${below}/${dataset.name}/` }))
}

/** Throws AppError USAGE. */
function referencesOf(texts: readonly string[]): DatasetReference[] {
  return texts.map(text => {
    const read = datasetReference.safeParse(text)
    if (read.success) return read.data
    const why = read.error.issues.map(({ message }) => message).join('; ')
    throw new AppError('USAGE', `<dataset> can not be ${JSON.stringify(text)}: ${why}`, {
      details: { command: 'get' }
    })
  })
}

/** What became of one of several. */
interface Outcome {
  readonly name: string
  readonly transfer: Transfer | null
  readonly error: AppError | null
}

async function getOne(watch: TransferWatch, start: () => Promise<Transfer>, name: string): Promise<Outcome> {
  let transfer: Transfer | null = null
  try {
    transfer = await watch.follow(await start())
    return { name, transfer, error: transfer.state === 'complete' ? null : failureOf(transfer) }
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    return { name, transfer, error: thrown }
  }
}

function report(invocation: Invocation, outcomes: readonly Outcome[]): number {
  invocation.meter.clear()
  for (const { name, error } of outcomes)
    if (error !== null) invocation.note(printable(`peerage: ${name}: ${error.message} (${error.code})`))
  const value = {
    transfers: outcomes.map(({ name, transfer, error }) => ({
      name,
      transfer,
      error: error === null ? null : toErrorObject(error)
    }))
  }
  invocation.streamResult(value, () =>
    outcomes.flatMap(({ transfer, error }) =>
      transfer === null || error !== null ? [] : renderDone(transfer)
    )
  )
  const first = outcomes.find(({ error }) => error !== null)?.error
  return first === undefined || first === null ? 0 : ERROR_CODES[first.code].exitCode
}

export const get = command({
  usage: 'get <dataset> <destination...>',
  summary: 'fetch one version or several, verified, and serve them to others from there',
  description:
    'Ends with exit code 0 only when every byte is verified and on disk. A version of several files goes into the ' +
    'folder DESTINATION; a version that is one file goes to the file DESTINATION, or into it when it is a folder. ' +
    'Of several datasets each goes into the folder DESTINATION/NAME; one that fails does not stop the others. ' +
    'An interrupted get resumes where it stopped when it is given again. While no reachable device has the missing ' +
    'pieces it waits, unless --timeout says otherwise. With --only, only the files are fetched whose path a glob ' +
    'names: * and ? stop at /, ** does not, [a-z] is one character of a set, and ! in front leaves files out.',
  examples: [
    'peerage get os-image ./image.qcow2',
    'peerage get ml/models@3 /srv/models/ --timeout 60s',
    "peerage get debian /srv/mirror --only '**/*.deb' --only '!**/*-dbg_*'",
    'peerage get os-image ml/models scans /srv/data --priority high',
    'peerage get os-image ./image.qcow2 --deadline 18:00',
    'peerage get scans/2031 ./scans --purpose "study 17"'
  ],
  options: [
    new Option('--timeout <duration>', 'give up after so long without any source'),
    new Option(
      '--purpose <text>',
      'what it is read for, as a ticket or a study: kept in the audit logs of both sides'
    ),
    new Option(
      '--priority <priority>',
      'before other transfers of this node, or after all of them (default: normal)'
    ).choices([...PRIORITIES]),
    new Option(
      '--deadline <when>',
      'by when it should be here: a duration, a time of day or a date; the origin steps in if peers are too slow'
    ),
    new Option('--only <glob>', 'fetch only the files that it names; may be given again').argParser(
      (glob: string, before: readonly string[] | undefined) => [...(before ?? []), glob]
    )
  ],
  input: z.object({
    dataset: z.string(),
    destination: z.array(z.string()).min(1, 'write a path'),
    timeout: duration.optional(),
    purpose: label.optional(),
    priority: transferPriority.optional(),
    deadline: deadline.optional(),
    only: z.array(fileGlob).optional()
  }),
  streams: true,
  run: async (invocation, { dataset, destination, timeout, purpose, priority, deadline: by, only }) => {
    const { context, client } = invocation
    const interrupt = context.catchInterrupt()
    const datasets = referencesOf([dataset, ...destination.slice(0, -1)])
    const typed = destination.at(-1) ?? ''
    if (typed === '') throw new AppError('USAGE', '<destination> can not be "": write a path')
    const path = absolutePathOf(typed, context)
    const orders = ordersOf(datasets, path)
    const watch = new TransferWatch(invocation, { timeoutMs: timeout, interrupt })
    const deadlineAtMs = futureOf(by, context.nowMs())
    const start = (order: Order) =>
      client.call('startTransfer', {
        ...{ ...order.dataset, destination: order.destination },
        ...{ purpose: purpose ?? null, priority: priority ?? null, deadlineAtMs, only: only ?? [] }
      })
    const [single] = orders
    if (orders.length === 1 && single !== undefined) {
      const finished = await watch.follow(await start(single))
      if (finished.state !== 'complete') throw failureOf(finished)
      invocation.streamResult(finished, () => renderDone(finished))
      return 0
    }
    const outcomes = await Promise.all(
      orders.map(order => getOne(watch, () => start(order), referenceText(order.dataset)))
    )
    return report(invocation, outcomes)
  }
})
