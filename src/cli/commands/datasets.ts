/** `datasets` and `show`: what there is, and where. */

import { z } from 'zod'
import type { Dataset, DatasetSummary, DatasetVersion } from '../../api/dataset.ts'
import type { DeviceName } from '../../api/field.ts'
import { AppError } from '../../base/errors.ts'
import { shortId } from '../../base/ids.ts'
import { formatBytes } from '../../base/units.ts'
import { command } from '../command.ts'
import { type DatasetReference, datasetReference, referenceText } from '../dataset-reference.ts'
import {
  type Column,
  isoTime,
  type Paint,
  plural,
  printable,
  relativeTime,
  renderFields,
  renderTable
} from '../text.ts'

export function nameOf({ device, name, site }: DeviceName): string {
  const short = shortId(device)
  return name === null ? short : `${name}${site === null ? '' : ` (${site})`}`
}

function summaryColumns(nowMs: number): Column<DatasetSummary>[] {
  return [
    { title: 'NAME', value: row => row.name },
    { title: 'VERSION', align: 'right', value: row => String(row.ordinal) },
    { title: 'SIZE', align: 'right', value: row => formatBytes(row.bytes) },
    { title: 'FILES', align: 'right', value: row => String(row.files) },
    { title: 'CLASS', value: row => row.dataClass },
    { title: 'PUBLISHER', value: row => nameOf(row.publisher) },
    { title: 'PUBLISHED', value: row => relativeTime(row.publishedAtMs, nowMs) },
    { title: 'HERE', value: row => row.closed?.reason ?? (row.retired ? 'retired' : row.local) }
  ]
}

export const datasets = command({
  usage: 'datasets',
  summary: 'list the datasets of the org',
  examples: ['peerage datasets', 'peerage datasets --json | jq -r ".datasets[].name"'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('datasets', {})
    invocation.result(list, paint =>
      list.datasets.length === 0
        ? ['no datasets yet; publish one with: peerage publish PATH --name NAME']
        : renderTable(list.datasets, summaryColumns(invocation.context.nowMs()), paint)
    )
  }
})

function renderVersion(version: DatasetVersion, name: string, paint: Paint): string[] {
  const holders = version.holders.map(holder => `${nameOf(holder)}${holder.complete ? '' : ' (in part)'}`)
  const title = printable(`${name}@${version.ordinal}`)
  const fields: [string, string][] = [
    ['version', version.version],
    ['content', `${plural(version.files, 'file')}, ${formatBytes(version.bytes)}`],
    ['piece size', formatBytes(version.pieceBytes)],
    ['class', version.dataClass],
    ...(version.origin === null ? [] : [['origin', version.origin] satisfies [string, string]]),
    ['publisher', nameOf(version.publisher)],
    ['published', isoTime(version.publishedAtMs)],
    ['holders', holders.length === 0 ? 'none connected' : holders.join(', ')],
    ['magnet', version.magnet]
  ]
  if (version.closed !== null) fields.unshift(['closed', version.closed.detail])
  for (const copy of version.local) {
    const { selected } = copy
    const whole = `${formatBytes(version.bytes)}`
    const part = selected === null ? whole : `${formatBytes(selected.bytes)}`
    const chosen =
      selected === null ? '' : `, ${selected.files} of ${plural(version.files, 'file')}, ${part} of ${whole}`
    const amount = (copy.state === 'fetching' ? `, ${formatBytes(copy.haveBytes)} of ${part}` : '') + chosen
    const problem = copy.problem === null ? '' : `: ${copy.problem.message}`
    fields.push(['here', `${copy.path} (${copy.state}${amount})${problem}`])
  }
  const marks = [
    ...(version.retired ? [paint('yellow', 'retired')] : []),
    ...(version.closed === null ? [] : [paint('red', version.closed.reason)])
  ]
  return [[paint('bold', title), ...marks].join(' '), ...renderFields(fields, paint).map(line => `  ${line}`)]
}

/** Keeps the version that the reference names; all of them when it names none. */
export function selectVersions(dataset: Dataset, reference: DatasetReference): Dataset {
  const { version: wanted } = reference
  if (wanted === null) return dataset
  const versions = dataset.versions.filter(
    ({ version, ordinal }) => String(ordinal) === wanted || (wanted.length >= 8 && version.startsWith(wanted))
  )
  if (versions.length > 0) return { ...dataset, versions }
  const known = dataset.versions.map(({ ordinal }) => ordinal).join(', ')
  throw new AppError(
    'DATASET_UNKNOWN',
    `there is no version ${referenceText(reference)}; ${dataset.name} has ${plural(dataset.versions.length, 'version')}: ${known}`,
    { details: { name: reference.name, version: wanted } }
  )
}

export const show = command({
  usage: 'show <dataset>',
  summary: 'show the versions of a dataset, who holds them, and their magnet links',
  examples: ['peerage show os-image', 'peerage show os-image@3 --json'],
  input: z.object({ dataset: datasetReference }),
  run: async (invocation, { dataset: reference }) => {
    const dataset = selectVersions(
      await invocation.client.call('dataset', { name: reference.name }),
      reference
    )
    invocation.result(dataset, paint =>
      dataset.versions.flatMap((version, index) => [
        ...(index === 0 ? [] : ['']),
        ...renderVersion(version, dataset.name, paint)
      ])
    )
  }
})
