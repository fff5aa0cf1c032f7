/** `export`: what any BitTorrent v2 client understands. */

import { Option } from 'commander'
import { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { formatBytes } from '../../base/units.ts'
import { command } from '../command.ts'
import { datasetReference } from '../dataset-reference.ts'
import { writeFileAtomically } from '../file-writer.ts'
import { absolutePathOf } from '../paths.ts'
import { selectVersions } from './datasets.ts'

const STANDARD_OUTPUT = '-'

export const exportCommand = command({
  usage: 'export <dataset>',
  summary: 'write the BitTorrent v2 .torrent file of a version, or print its magnet link',
  description: 'The file appears whole or not at all.',
  examples: [
    'peerage export os-image --torrent os-image.torrent',
    'peerage export os-image@3 --torrent - > os-image.torrent',
    'peerage export os-image --magnet'
  ],
  options: [
    new Option('--torrent <file>', 'where to write the .torrent file; - for stdout').conflicts('magnet'),
    new Option('--magnet', 'print the magnet link instead'),
    new Option('--force', 'replace a file that is there already')
  ],
  input: z.object({
    dataset: datasetReference,
    torrent: z.string().min(1, 'write a path').optional(),
    magnet: z.boolean().default(false),
    force: z.boolean().default(false)
  }),
  run: async (invocation, { dataset: reference, torrent, magnet, force }) => {
    const { client, context, json } = invocation
    if (magnet) {
      const dataset = await client.call('dataset', { name: reference.name })
      const newest = selectVersions(dataset, reference).versions.find(
        ({ retired }) => reference.version !== null || !retired
      )
      if (newest === undefined)
        throw new AppError(
          'DATASET_UNKNOWN',
          `every version of ${reference.name} is retired; name one with @VERSION`,
          {
            details: { name: reference.name }
          }
        )
      const { version, magnet: link } = newest
      invocation.result({ name: reference.name, version, magnet: link }, () => [link])
      return
    }
    if (torrent === undefined)
      throw new AppError('USAGE', 'export needs --torrent FILE, --torrent - for stdout, or --magnet')
    if (torrent === STANDARD_OUTPUT && json)
      throw new AppError('USAGE', 'stdout can not carry both the .torrent file and --json; name a file')
    const bytes = await client.bytes('torrent', reference)
    if (torrent === STANDARD_OUTPUT) {
      context.stdout.write(bytes)
      return
    }
    const path = absolutePathOf(torrent, context)
    await writeFileAtomically(path, bytes, { replace: force })
    invocation.result({ name: reference.name, torrent: path, bytes: bytes.length }, () => [
      `wrote ${path}, ${formatBytes(bytes.length)}`
    ])
  }
})
