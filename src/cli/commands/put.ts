/** `put`, and how safe a dataset is: publishing into the storage of the org, and waiting until it is there. */

import { setTimeout as delay } from 'node:timers/promises'
import { Option } from 'commander'
import { z } from 'zod'
import { dataClass, datasetName } from '../../api/field.ts'
import type { VersionStorage } from '../../api/storage.ts'
import { AppError } from '../../base/errors.ts'
import { command, duration, type Invocation } from '../command.ts'
import { absolutePathOf } from '../paths.ts'
import { publishLine } from '../progress.ts'
import { renderVersionStorage } from '../storage-text.ts'
import { prepareTags, tagInput, tagOptions, tagPublished } from '../tags.ts'

const LOOK_MS = 250

/** Whether as much is durable as is waited for. */
/** One copy, or as many shares as give one back, is enough to read it. */
function isReached(wait: 'none' | 'one' | 'safe', { isSafe, survives }: VersionStorage): boolean {
  return wait === 'none' || (wait === 'one' ? survives !== null : isSafe)
}

export const put = command({
  usage: 'put <path>',
  summary: 'publish a file or a folder and keep copies of it, and return once they are durable',
  description:
    'Returns when as many devices, on as many sites, have the whole of it on disk as the policy asks for. What is put is ' +
    'published and stays so if that is not waited for, with Ctrl-C or --wait: copies go on being made.',
  examples: [
    'peerage put ./payroll --name payroll --policy copies=3,sites=2',
    'peerage put ./model.bin --name models/base --policy copies=2,region=eu --wait one',
    'peerage put ./archive --name archive --policy shares=6+3,sites=3'
  ],
  options: [
    new Option(
      '--name <dataset>',
      'the dataset to add a version to; made if it is new'
    ).makeOptionMandatory(),
    new Option('--policy <policy>', 'such as copies=3,sites=2,region=eu,kind=server; as before if left out'),
    new Option('--class <class>', 'how sensitive it is').choices(dataClass.options).default('internal'),
    ...tagOptions(),
    new Option('--wait <until>', 'until it is safe by its policy, one copy is durable, or not at all')
      .choices(['none', 'one', 'safe'])
      .default('safe'),
    new Option('--timeout <duration>', 'how long to wait at most (default: for ever)')
  ],
  input: z.object({
    path: z.string().min(1),
    name: datasetName,
    policy: z.string().min(1).optional(),
    class: dataClass,
    ...tagInput,
    wait: z.enum(['none', 'one', 'safe']),
    timeout: duration.optional()
  }),
  streams: true,
  run: async (invocation, input) => {
    const { client, context } = invocation
    const { path, name, policy, wait, timeout: timeoutMs } = input
    // What is no policy is refused before anything is hashed.
    if (policy !== undefined) await client.call('checkStoragePolicy', { policy })
    await prepareTags(client, input)
    const signal = context.catchInterrupt()
    const version = await client
      .stream(
        'publish',
        { path: absolutePathOf(path, context), name, dataClass: input.class, origin: null },
        { signal, onProgress: progress => invocation.progress(progress, () => publishLine(progress)) }
      )
      .then(published => published.version, publishedBefore)
    await tagPublished(client, { name, version }, input)
    if (policy !== undefined) await client.call('setStoragePolicy', { name, policy })
    const of = { name, version }
    const storage = await waitUntil(invocation, of, { wait, timeoutMs, signal })
    invocation.streamResult(storage, paint => renderVersionStorage(storage, paint))
  }
})

/** What was put before and waited for in vain, or not at all, is not published twice: it is waited for. */
function publishedBefore(thrown: unknown): string {
  const version = thrown instanceof AppError && thrown.code === 'DATASET_EXISTS' && thrown.details.version
  if (typeof version === 'string') return version
  throw thrown
}

async function waitUntil(
  invocation: Invocation,
  of: { readonly name: string; readonly version: string },
  {
    wait,
    timeoutMs,
    signal
  }: {
    readonly wait: 'none' | 'one' | 'safe'
    readonly timeoutMs: number | undefined
    readonly signal: AbortSignal
  }
): Promise<VersionStorage> {
  const { client, context } = invocation
  const untilMs = context.monotonicMs() + (timeoutMs ?? Number.POSITIVE_INFINITY)
  for (;;) {
    const storage = await client.call('versionStorage', of)
    if (storage.policy === null && wait !== 'none')
      throw new AppError(
        'USAGE',
        `${of.name} is published, but nobody asks for copies of it: give --policy, as in --policy copies=2`
      )
    if (isReached(wait, storage)) return storage
    const published = `${of.name}@${storage.ordinal} is published, and copies go on being made`
    if (signal.aborted) throw new AppError('INTERRUPTED', `${published}: ${storage.says}`)
    if (context.monotonicMs() >= untilMs)
      throw new AppError('COPIES_PENDING', `${published}; after the time that was given: ${storage.says}`)
    invocation.progress(storage, () => `storing  ${storage.says}`)
    await delay(LOOK_MS)
  }
}
