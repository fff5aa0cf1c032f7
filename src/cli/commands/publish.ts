/** `publish` and `retire`: what the org is offered. */

import { Option } from 'commander'
import { z } from 'zod'
import { dataClass, datasetName } from '../../api/field.ts'
import { formatBytes, formatDuration, formatRate, SECOND_MS } from '../../base/units.ts'
import { command } from '../command.ts'
import { datasetReference } from '../dataset-reference.ts'
import { absolutePathOf } from '../paths.ts'
import { publishLine } from '../progress.ts'
import { prepareTags, tagInput, tagOptions, tagPublished } from '../tags.ts'
import { plural, renderFields } from '../text.ts'

export const publish = command({
  usage: 'publish <path>',
  summary: 'publish a file or a folder as a new version of a dataset',
  description:
    'Nothing is copied: the node serves the files where they lie. A file that is changed later is no longer ' +
    'served, and reported by peerage status. What is confidential or restricted, unless the rules of the class say ' +
    'otherwise, and what --sealed asks for is encrypted into the home of the node first, and served from there: ' +
    'devices that hold it without a right to read it can not. Content that the dataset has already, and this device does ' +
    'not hold any more, is served again under its number. Ctrl-C publishes nothing.',
  examples: [
    'peerage publish ./image.qcow2 --name os-image',
    'peerage publish /srv/models --name ml/models --class public',
    'peerage publish ./image.qcow2 --name os-image --origin https://mirror.example/os/image.qcow2'
  ],
  options: [
    new Option('--name <dataset>', 'the dataset to add a version to; made if it is new'),
    new Option('--class <class>', 'how sensitive it is').choices(dataClass.options).default('internal'),
    new Option(
      '--origin <url>',
      'where the same bytes lie on a web server: a file, or with a slash at its end a folder'
    ),
    ...tagOptions(),
    new Option('--sealed', 'encrypt it whatever the rules of its class say')
  ],
  input: z.object({
    path: z.string().min(1),
    name: datasetName,
    class: dataClass,
    origin: z.string().min(1).optional(),
    ...tagInput,
    sealed: z.boolean().default(false)
  }),
  streams: true,
  run: async (invocation, { path, name, class: dataClass, origin, sealed, subject, label }) => {
    const { client, context } = invocation
    await prepareTags(client, { subject, label })
    const published = await client.stream(
      'publish',
      { path: absolutePathOf(path, context), name, dataClass, origin: origin ?? null, sealed },
      {
        signal: context.catchInterrupt(),
        onProgress: progress => invocation.progress(progress, () => publishLine(progress))
      }
    )
    await tagPublished(client, published, { subject, label })
    const { bytes, durationMs, newBytes } = published
    invocation.streamResult(published, paint =>
      renderFields(
        [
          [published.again ? 'serves again' : 'published', `${published.name}@${published.ordinal}`],
          ['version', published.version],
          ['content', `${plural(published.files, 'file')}, ${formatBytes(bytes)}`],
          ...(newBytes === null || published.ordinal === 1
            ? []
            : [['new', `${formatBytes(newBytes)} against the version before`] as const]),
          ['class', published.sealed ? `${published.dataClass}, sealed` : published.dataClass],
          ...(subject.length === 0 ? [] : [['about', plural(subject.length, 'person')] as const]),
          ...(label.length === 0 ? [] : [['labels', label.join(', ')] as const]),
          ['served from', published.path],
          ...(origin === undefined ? [] : [['origin', origin] as const]),
          [
            'took',
            `${formatDuration(durationMs)}, ${formatRate((bytes * SECOND_MS) / Math.max(1, durationMs))}`
          ],
          ['magnet', published.magnet]
        ],
        paint
      )
    )
  }
})

export const retire = command({
  usage: 'retire <dataset>',
  summary: 'withdraw a dataset, or with NAME@VERSION one version of it',
  description: 'Devices that learn of it stop offering and fetching it. Files that are already there stay.',
  examples: ['peerage retire os-image@3', 'peerage retire os-image'],
  input: z.object({ dataset: datasetReference }),
  run: async (invocation, { dataset }) => {
    const retired = await invocation.client.call('retire', dataset)
    invocation.result(retired, () => [
      `retired ${plural(retired.versions.length, 'version')} of ${retired.name}`,
      ...retired.versions.map(version => `  ${version}`)
    ])
  }
})
