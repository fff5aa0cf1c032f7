/** `export`: what any BitTorrent v2 client understands, and of what is sealed what the age tool opens. */

import { Option } from 'commander'
import { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { formatBytes } from '../../base/units.ts'
import { command, type Invocation } from '../command.ts'
import { type DatasetReference, datasetReference } from '../dataset-reference.ts'
import { writeFileAtomically } from '../file-writer.ts'
import { absolutePathOf } from '../paths.ts'
import { plural } from '../text.ts'
import { selectVersions } from './datasets.ts'

const STANDARD_OUTPUT = '-'

export const exportCommand = command({
  usage: 'export <dataset>',
  summary: 'write the .torrent file of a version, print its magnet link, or write a sealed one as age files',
  description:
    'The file, or folder, appears whole or not at all. --age needs a sealed version that is here and may be read: each ' +
    'file becomes NAME.age in a new folder, which age --decrypt opens with the key of a --recipient, or with the new one ' +
    'that --identity-out writes. Names are plain in it, links are left out.',
  examples: [
    'peerage export os-image --torrent os-image.torrent',
    'peerage export os-image@3 --torrent - > os-image.torrent',
    'peerage export os-image --magnet',
    'peerage export payroll --age ./payroll-age --identity-out ./payroll.key',
    'peerage export payroll --age ./payroll-age --recipient age1…'
  ],
  options: [
    new Option('--torrent <file>', 'where to write the .torrent file; - for stdout').conflicts('magnet'),
    new Option('--magnet', 'print the magnet link instead'),
    new Option('--force', 'replace a file that is there already'),
    new Option('--age <folder>', 'write a sealed version as age files into a new folder').conflicts([
      'magnet',
      'torrent'
    ]),
    new Option('--recipient <recipient...>', 'age1…: who opens the age files'),
    new Option('--identity-out <file>', 'write a new private key that opens the age files')
  ],
  input: z.object({
    dataset: datasetReference,
    torrent: z.string().min(1, 'write a path').optional(),
    magnet: z.boolean().default(false),
    force: z.boolean().default(false),
    age: z.string().min(1, 'write a path').optional(),
    recipient: z.array(z.string().min(1)).default([]),
    identityOut: z.string().min(1, 'write a path').optional()
  }),
  run: async (invocation, { dataset: reference, torrent, magnet, force, ...rest }) => {
    const { client, context, json } = invocation
    if (rest.age !== undefined) return await exportAge(invocation, reference, { ...rest, age: rest.age })
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
      return undefined
    }
    if (torrent === undefined)
      throw new AppError(
        'USAGE',
        'export needs --torrent FILE, --torrent - for stdout, --magnet, or --age FOLDER'
      )
    if (torrent === STANDARD_OUTPUT && json)
      throw new AppError('USAGE', 'stdout can not carry both the .torrent file and --json; name a file')
    const bytes = await client.bytes('torrent', reference)
    if (torrent === STANDARD_OUTPUT) {
      context.stdout.write(bytes)
      return undefined
    }
    const path = absolutePathOf(torrent, context)
    await writeFileAtomically(path, bytes, { replace: force })
    invocation.result({ name: reference.name, torrent: path, bytes: bytes.length }, () => [
      `wrote ${path}, ${formatBytes(bytes.length)}`
    ])
    return undefined
  }
})

async function exportAge(
  invocation: Invocation,
  reference: DatasetReference,
  order: {
    readonly age: string
    readonly recipient: readonly string[]
    readonly identityOut?: string | undefined
  }
): Promise<undefined> {
  const { client, context } = invocation
  const { age, recipient, identityOut } = order
  const exported = await client.stream(
    'exportAge',
    {
      ...{ ...reference, path: absolutePathOf(age, context), recipients: [...recipient] },
      identityOut: identityOut === undefined ? null : absolutePathOf(identityOut, context)
    },
    {
      signal: context.catchInterrupt(),
      onProgress: ({ filesDone, filesTotal, bytesDone, bytesTotal }) =>
        invocation.meter.update(
          () =>
            `${plural(filesDone, 'file')} of ${filesTotal}, ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}`
        )
    }
  )
  invocation.result(exported, () => [
    `wrote ${exported.path}: ${plural(exported.files, 'file')}, ${formatBytes(exported.bytes)}`,
    ...(exported.linksLeftOut > 0 ? [`left out ${plural(exported.linksLeftOut, 'link')}`] : []),
    ...(exported.identity === null ? [] : [`the key is ${exported.identity}: whoever has it can open them`]),
    `open one with: age --decrypt -i KEY FILE.age`
  ])
}
