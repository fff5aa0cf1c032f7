/** `cache`: what the node keeps for a while of what was read through it. */

import { z } from 'zod'
import type { CacheUsage } from '../../api/cache.ts'
import { formatBytes } from '../../base/units.ts'
import { command, size } from '../command.ts'
import { plural } from '../text.ts'

const limit = size('write a size such as 500MB or 20GB, or 0 for no cache', { hasZero: true })

function renderUsage({ limitBytes, usedBytes, pieces, versions }: CacheUsage): string[] {
  if (limitBytes === 0)
    return ['no cache: what is not here is not given to readers; make one with: peerage cache set 2GB']
  const of = plural(versions, 'version')
  return [`${formatBytes(usedBytes)} of ${formatBytes(limitBytes)} are used, by ${pieces} pieces of ${of}`]
}

export const showCache = command({
  usage: 'show',
  isDefault: true,
  summary: 'show how much is kept of what was read through this node',
  description:
    'Files of versions that this node does not hold are fetched piece by piece while they are read over HTTP, and kept ' +
    'for who reads them next. It counts as no copy.',
  examples: ['peerage cache', 'peerage cache --json | jq .usedBytes'],
  input: z.object({}),
  run: async ({ client, result }) => {
    const usage = await client.call('cache', {})
    result(usage, () => renderUsage(usage))
    return undefined
  }
})

export const setCache = command({
  usage: 'set <size>',
  summary: 'say how much may be kept of what was read through this node',
  description:
    'It holds at once: what is too much goes, and first what was not used for the longest time. With 0 there is no ' +
    'cache, and what this node does not hold is not given to readers.',
  examples: ['peerage cache set 20GB', 'peerage cache set 0'],
  input: z.object({ size: limit }),
  run: async ({ client, result }, { size: bytes }) => {
    const usage = await client.call('setCache', { bytes })
    result(usage, () => renderUsage(usage))
    return undefined
  }
})
