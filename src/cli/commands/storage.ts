/** `storage`, `capacity` and `whatif`: where there is room, where copies are, and what a loss would do. */

import { Option } from 'commander'
import { z } from 'zod'
import { datasetName } from '../../api/field.ts'
import type {
  Consequence,
  OwnRoom,
  PolicyPreview,
  StorageDevice,
  StorageReport,
  StorageSite
} from '../../api/storage.ts'
import { formatBytes } from '../../base/units.ts'
import { named, renderActed } from '../acted.ts'
import { command, size } from '../command.ts'
import { presenceText } from '../storage-text.ts'
import { type Column, type Paint, plural, printable, renderFields, renderTable } from '../text.ts'
import { scrubText } from './scrub.ts'

type Room = Pick<StorageSite, 'offeredBytes' | 'owedBytes' | 'usedBytes' | 'freeBytes'>

const ROOM_COLUMNS: readonly Column<Room>[] = [
  { title: 'OFFERED', align: 'right', value: row => formatBytes(row.offeredBytes) },
  { title: 'OWED', align: 'right', value: row => formatBytes(row.owedBytes) },
  { title: 'USED', align: 'right', value: row => formatBytes(row.usedBytes) },
  { title: 'FREE', align: 'right', value: row => formatBytes(row.freeBytes) }
]
const SITE_COLUMNS: readonly Column<StorageSite>[] = [
  { title: 'SITE', value: row => row.site },
  { title: 'REGION', value: row => row.region ?? '-' },
  { title: 'DEVICES', align: 'right', value: row => String(row.devices) },
  ...ROOM_COLUMNS
]
const DEVICE_COLUMNS: readonly Column<StorageDevice>[] = [
  { title: 'DEVICE', value: row => named(row) },
  { title: 'SITE', value: row => row.site ?? '-' },
  { title: 'KIND', value: row => row.kind },
  { title: 'STATE', value: row => row.state },
  { title: 'HERE', value: row => presenceText(row, row.state === 'present') },
  ...ROOM_COLUMNS
]

function renderOwn(own: OwnRoom, paint: Paint): string[] {
  const { capacityBytes, keepFreeShare, toldBytes, keptBytes, passingBytes, diskFreeBytes, diskTotalBytes } =
    own
  const less =
    toldBytes < capacityBytes ? `, ${formatBytes(toldBytes)} now: the disk has no more to spare` : ''
  return renderFields(
    [
      ['offered', capacityBytes === 0 ? 'nothing' : `${formatBytes(capacityBytes)}${less}`],
      ['kept for others', formatBytes(keptBytes)],
      ...(passingBytes === 0
        ? []
        : [['in passing', `${formatBytes(passingBytes)} (peerage boost)`] as const]),
      ['disk', `${formatBytes(diskFreeBytes)} free of ${formatBytes(diskTotalBytes)}`],
      ['stays free', `${Math.round(keepFreeShare * 1000) / 10} % of the disk`]
    ],
    paint
  )
}

function renderStorage(report: StorageReport, paint: Paint): string[] {
  const { own, sites, devices, versions, unsafe, unsafeCount, unplacedBytes, problems } = report
  const safe =
    unsafeCount === 0
      ? `${plural(versions, 'version')} stored, all safe`
      : paint('yellow', `${unsafeCount} of ${plural(versions, 'stored version')} not as safe as asked for`)
  return [
    ...renderOwn(own, paint),
    ...renderFields([['scrub', scrubText(report.scrub, Date.now())]], paint),
    '',
    ...(devices.length === 0
      ? ['no device offers room for copies; peerage capacity set has this one do so']
      : [...renderTable(sites, SITE_COLUMNS, paint), '', ...renderTable(devices, DEVICE_COLUMNS, paint)]),
    '',
    safe,
    ...unsafe.map(({ name, ordinal, says }) => `  ${name}@${ordinal}: ${says}`),
    ...(unplacedBytes > 0 ? [`${formatBytes(unplacedBytes)} have no place`] : []),
    ...problems.map(({ version, problem }) => `  ${version.slice(0, 12)}: ${printable(problem)}`)
  ]
}

export const showStorage = command({
  usage: 'show',
  isDefault: true,
  summary: 'show who offers room, what is used and owed by site, and what is not as safe as asked for',
  examples: ['peerage storage', 'peerage storage --json | jq ".sites[] | {site, freeBytes}"'],
  input: z.object({}),
  run: async invocation => {
    const report = await invocation.client.call('storage', {})
    invocation.result(report, paint => renderStorage(report, paint))
  }
})

export const setStoragePolicy = command({
  usage: 'policy <name> <policy>',
  summary: 'set how many copies of a dataset are kept, over how many sites, and where',
  description:
    'POLICY is copies=N, or shares=K+M of which K give the version back; and sites=N, region=NAME+NAME and ' +
    'kind=server+desktop as wanted, with commas between. What is too much is removed once the rest is proved. For its ' +
    'owner, and admins. With --dry-run nothing is set: it says what the policy would do.',
  examples: [
    'peerage storage policy payroll copies=3,sites=2',
    'peerage storage policy models copies=2,sites=2,region=eu,kind=server',
    'peerage storage policy archive shares=6+3,sites=3 --dry-run'
  ],
  options: [new Option('--dry-run', 'say what it would do, and set nothing')],
  input: z.object({ name: datasetName, policy: z.string().min(1), dryRun: z.boolean().default(false) }),
  run: async (invocation, { name, policy, dryRun }) => {
    if (dryRun) {
      const preview = await invocation.client.call('previewStoragePolicy', { name, policy })
      invocation.result(preview, paint => renderPreview(preview, paint))
      return
    }
    const acted = await invocation.client.call('setStoragePolicy', { name, policy })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})

function renderPreview(preview: PolicyPreview, paint: Paint): string[] {
  const { name, versions, before, after, devices, comingBytes, unmet } = preview
  const outlook = ({ policy, safeVersions, says }: PolicyPreview['before']): string =>
    policy === null ? says : `${policy}: ${safeVersions} of ${plural(versions, 'version')} safe, ${says}`
  const of = (change: 'stays' | 'comes' | 'goes'): string =>
    devices
      .filter(device => device[change] > 0)
      .map(named)
      .join(', ') || '-'
  return renderFields(
    [
      ['dataset', printable(name)],
      ['now', outlook(before)],
      ['then', outlook(after)],
      ['keep it', of('stays')],
      ['fetch it', `${of('comes')}${comingBytes > 0 ? ` (${formatBytes(comingBytes)})` : ''}`],
      ['let it go', of('goes')],
      ...unmet.map(
        ({ part, wanted, got, because }) =>
          [
            'can not be met',
            `${part}: ${got} of ${wanted}, as ${because === 'no-room' ? 'others are full' : 'nobody else offers room'}`
          ] as [string, string]
      )
    ],
    paint
  )
}

export const setRegion = command({
  usage: 'region <site> <region>',
  summary: 'say in which region a site lies, for rules that name regions',
  examples: ['peerage storage region paris eu'],
  input: z.object({ site: z.string().min(1), region: z.string().min(1) }),
  run: async (invocation, { site, region }) => {
    const acted = await invocation.client.call('setRegion', { site, region })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})

export const showCapacity = command({
  usage: 'show',
  isDefault: true,
  summary: 'show how much room this device offers',
  examples: ['peerage capacity'],
  input: z.object({}),
  run: async invocation => {
    const { own } = await invocation.client.call('storage', {})
    invocation.result(own, paint => renderOwn(own, paint))
  }
})

const room = size('write a size such as 200GB, or 0 for nothing', { hasZero: true })
const share = z.string().transform((text, context) => {
  const percent = /^(\d{1,2}(?:\.\d)?)%$/.exec(text)?.[1]
  if (percent !== undefined) return Number(percent) / 100
  context.addIssue({ code: 'custom', message: 'write a part of the disk such as 10%' })
  return z.NEVER
})

export const setCapacity = command({
  usage: 'set <size>',
  summary: 'set how much of its disk this device offers for copies',
  description:
    'A tenth of it is not placed upon, for repairs. Where the disk has less to spare, less is offered until there is ' +
    'more. With 0 it offers nothing, and what it keeps goes to others first.',
  examples: ['peerage capacity set 200GB --keep-free 10%', 'peerage capacity set 0'],
  options: [new Option('--keep-free <part>', 'part of the disk that stays free (default: 10%)')],
  input: z.object({ size: room, keepFree: share.optional() }),
  run: async (invocation, { size: capacityBytes, keepFree }) => {
    const own = await invocation.client.call('setCapacity', {
      capacityBytes,
      keepFreeShare: keepFree ?? null
    })
    invocation.result(own, paint => renderOwn(own, paint))
  }
})

const CONSEQUENCE_COLUMNS: readonly Column<Consequence>[] = [
  { title: 'DATASET', value: row => row.dataset },
  { title: 'VERSIONS', align: 'right', value: row => String(row.versions) },
  { title: 'LOSE A COPY', align: 'right', value: row => String(row.touched) },
  {
    title: 'LESS SAFE THAN ASKED',
    align: 'right',
    value: row => before(row.belowPolicy, row.belowPolicyBefore)
  },
  { title: 'UNREADABLE', align: 'right', value: row => before(row.unreadable, row.unreadableBefore) }
]

function before(after: number, now: number): string {
  return now === 0 ? String(after) : `${after} (${now} now)`
}

export const whatIf = command({
  usage: 'whatif',
  summary: 'tell what would be at risk, and what unreadable, if a site, region, device or group were lost',
  description: 'Copies in the rules of storage count; what people fetched into folders of theirs does not.',
  examples: ['peerage whatif --lose site:paris', 'peerage whatif --lose device:nas-1 --lose group:laptops'],
  options: [
    new Option('--lose <what>', 'site:NAME, region:NAME, device:NAME or group:NAME; repeatable')
      .makeOptionMandatory()
      .argParser((value: string, before: string[] | undefined) => [...(before ?? []), value])
  ],
  input: z.object({ lose: z.array(z.string().min(1)) }),
  run: async (invocation, { lose }) => {
    const report = await invocation.client.call('whatIf', { lose })
    invocation.result(report, paint => [
      `without ${report.lost.map(named).join(', ') || 'any device that offers room'}:`,
      ...(report.datasets.length === 0
        ? ['no stored version would lose a copy']
        : renderTable(report.datasets, CONSEQUENCE_COLUMNS, paint))
    ])
  }
})
