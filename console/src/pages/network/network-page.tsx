/** The map of sites, the sites and the devices. */

import { Badge, Chip, Group, SimpleGrid, Text } from '@mantine/core'
import { type ReactNode, useMemo, useState } from 'react'
import { useSearchParams } from 'react-router'
import { useAnswer } from '../../api/answers.ts'
import { useLive } from '../../api/live.tsx'
import { Ago } from '../../components/ago.tsx'
import { Answered } from '../../components/answered.tsx'
import { type Column, DataTable } from '../../components/data-table.tsx'
import { State } from '../../components/dot.tsx'
import { PageFrame } from '../../components/page-frame.tsx'
import { Panel } from '../../components/panel.tsx'
import { isMeant, SearchField } from '../../components/search-field.tsx'
import { counted, deviceText, formatBytes, formatRate } from '../../components/words.ts'
import { type DeviceRow, deviceRows, roleText } from './device-rows.ts'
import { type SiteFacts, siteRows } from './site-map.ts'
import { SiteMap } from './site-map-view.tsx'
import { siteFacts } from './sites.ts'

/** Who is linked is told live; this is for the rest. */
const PEERS_EVERY_MS = 15_000
const STORAGE_EVERY_MS = 60_000
const SITE_TABLE_PIXELS = 600
const UNKNOWN_SITE = '?'

function siteLink(site: string | null): string {
  return `?site=${encodeURIComponent(site ?? UNKNOWN_SITE)}`
}

export function NetworkPage(): ReactNode {
  const { activity, peers: live } = useLive()
  const devices = useAnswer('devices', {})
  const peers = useAnswer('peers', {}, { everyMs: PEERS_EVERY_MS })
  const storage = useAnswer('storage', {}, { everyMs: STORAGE_EVERY_MS })
  const rows = useMemo(
    () => deviceRows(devices.data?.devices ?? [], peers.data?.peers ?? [], live),
    [devices.data, peers.data, live]
  )
  const sites = useMemo(() => siteFacts(rows, activity, storage.data), [rows, activity, storage.data])
  const onMap = useMemo(() => siteRows(sites), [sites])
  // A table of what the map has already would say it twice.
  const isListed = onMap.some(({ isRest }) => isRest)
  const chosen = useSearchParams()[0].get('site')
  const members = rows.filter(({ record }) => record.standing === 'member').length
  return (
    <PageFrame
      title="Network"
      lead={
        `${counted(members, 'device')} in ${counted(sites.length, 'site')}, ` +
        'as the ledger that this node knows has them'
      }
    >
      <Answered of={devices}>
        {() => (
          <>
            <SimpleGrid cols={{ base: 1, lg: isListed ? 2 : 1 }}>
              <Panel
                title="Map"
                note="What this node receives from each site and sends there; what others send each other it does not see"
              >
                <SiteMap
                  rows={onMap}
                  node={activity?.device.name ?? 'this node'}
                  chosen={chosen === null ? null : siteLink(chosen)}
                  linkOf={({ site }) => siteLink(site)}
                />
              </Panel>
              {isListed && (
                <Panel title="All sites" note="Choose one to see its devices">
                  <DataTable
                    label="Sites"
                    rows={sites}
                    columns={SITE_COLUMNS}
                    keyOf={({ site }) => site ?? UNKNOWN_SITE}
                    linkOf={({ site }) => siteLink(site)}
                    empty="No site is known yet."
                    heightPixels={SITE_TABLE_PIXELS}
                  />
                </Panel>
              )}
            </SimpleGrid>
            <Devices rows={rows} />
          </>
        )}
      </Answered>
    </PageFrame>
  )
}

const SITE_COLUMNS: readonly Column<SiteFacts>[] = [
  {
    ...{ title: 'Site', width: 'minmax(96px, 1.4fr)' },
    value: ({ site, isOwn }) => `${site ?? 'not known'}${isOwn ? ' (here)' : ''}`,
    order: ({ site }) => site ?? ''
  },
  {
    ...{ title: 'Devices', width: '66px', align: 'right' },
    value: ({ devices }) => devices.toLocaleString('en'),
    order: ({ devices }) => devices
  },
  {
    ...{ title: 'Linked', width: '58px', align: 'right' },
    value: ({ linked }) => linked.toLocaleString('en'),
    order: ({ linked }) => linked
  },
  {
    ...{ title: 'From there', width: '86px', align: 'right', from: 'sm' },
    value: ({ receiveBytesPerSecond }) => formatRate(receiveBytesPerSecond),
    order: ({ receiveBytesPerSecond }) => receiveBytesPerSecond
  },
  {
    ...{ title: 'To there', width: '86px', align: 'right', from: 'sm' },
    value: ({ sendBytesPerSecond }) => formatRate(sendBytesPerSecond),
    order: ({ sendBytesPerSecond }) => sendBytesPerSecond
  },
  {
    ...{ title: 'Round trip', width: '84px', align: 'right', from: 'md' },
    value: ({ rttMs }) => (rttMs === null ? 'not known' : `${rttMs.toFixed(1)} ms`),
    order: ({ rttMs }) => rttMs ?? -1
  }
]

function Devices({ rows }: { readonly rows: readonly DeviceRow[] }): ReactNode {
  const [written, setWritten] = useState('')
  const [isLinkedOnly, setLinkedOnly] = useState(false)
  const [search, setSearch] = useSearchParams()
  const site = search.get('site')
  const shown = useMemo(
    () =>
      rows.filter(
        ({ record, state }) =>
          (site === null || (record.site ?? UNKNOWN_SITE) === site) &&
          (!isLinkedOnly || state.says === 'linked' || record.self) &&
          isMeant(written, [record.name, record.site, record.device, record.kind, roleText(record)])
      ),
    [rows, site, isLinkedOnly, written]
  )
  return (
    <Panel
      title="Devices"
      note={`${shown.length.toLocaleString('en')} of ${rows.length.toLocaleString('en')} shown`}
      aside={
        <Group gap="sm">
          {site !== null && (
            <Chip checked onChange={() => setSearch({})} size="sm">
              in {site === UNKNOWN_SITE ? 'a site not known' : site}
            </Chip>
          )}
          <Chip checked={isLinkedOnly} onChange={setLinkedOnly} size="sm">
            linked with this node
          </Chip>
          <SearchField label="Find a device" value={written} onChange={setWritten} />
        </Group>
      }
    >
      <DataTable
        label="Devices"
        rows={shown}
        columns={DEVICE_COLUMNS}
        keyOf={({ record }) => record.device}
        linkOf={({ record }) => `/console/network/devices/${record.device}`}
        empty="No device is meant by that."
      />
    </Panel>
  )
}

const DEVICE_COLUMNS: readonly Column<DeviceRow>[] = [
  {
    ...{ title: 'Device', width: 'minmax(110px, 1.6fr)' },
    value: ({ record }) => deviceText(record),
    order: ({ record }) => deviceText(record)
  },
  {
    ...{ title: 'State', width: '120px' },
    value: ({ state: { tone, says } }) => <State tone={tone}>{says}</State>,
    order: ({ state }) => state.order
  },
  {
    ...{ title: 'Site', width: 'minmax(70px, 1fr)', from: 'md' },
    value: ({ record }) => record.site ?? 'not known',
    order: ({ record }) => record.site ?? ''
  },
  {
    ...{ title: 'Kind', width: '80px', from: 'lg' },
    value: ({ record }) => record.kind ?? 'not known',
    order: ({ record }) => record.kind ?? ''
  },
  {
    ...{ title: 'Roles', width: 'minmax(80px, 1fr)', from: 'lg' },
    value: ({ record }) =>
      record.admin || record.roles.length > 0 ? (
        <Badge variant="default" tt="none" fw={500}>
          {roleText(record)}
        </Badge>
      ) : (
        <Text span inherit c="dimmed">
          none
        </Text>
      ),
    order: ({ record }) => roleText(record)
  },
  {
    ...{ title: 'From it', width: '90px', align: 'right', from: 'md' },
    value: ({ peer }) => (peer === null ? '' : formatBytes(peer.receivedBytes)),
    order: ({ peer }) => peer?.receivedBytes ?? -1
  },
  {
    ...{ title: 'To it', width: '90px', align: 'right', from: 'md' },
    value: ({ peer }) => (peer === null ? '' : formatBytes(peer.sentBytes)),
    order: ({ peer }) => peer?.sentBytes ?? -1
  },
  {
    ...{ title: 'Heard', width: '96px', align: 'right', from: 'lg' },
    value: ({ record, state, heardAtMs }) =>
      record.self || state.says === 'linked' ? 'now' : <Ago atMs={heardAtMs} />,
    order: ({ heardAtMs }) => heardAtMs ?? 0
  }
]
