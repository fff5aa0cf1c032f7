/** Sites, from the devices that lie in each, what is known of the site, and what goes between it and this node. */

import type { Activity } from '../../api/live.tsx'
import type { Answer } from '../../api/routes.ts'
import type { DeviceRow } from './device-rows.ts'
import type { SiteFacts } from './site-map.ts'

type Regions = Pick<Answer<'storage'>, 'sites'> | undefined

export function siteFacts(
  rows: readonly DeviceRow[],
  activity: Activity | null,
  storage: Regions
): SiteFacts[] {
  const links = new Map(activity?.links.map(link => [link.site, link]))
  const regions = new Map(storage?.sites.map(({ site, region }) => [site, region]))
  const members = rows.filter(({ record }) => record.standing === 'member')
  const own = activity?.device.site ?? members.find(({ record }) => record.self)?.record.site
  return [...Map.groupBy(members, ({ record }) => record.site)].map(([site, there]) => {
    const link = links.get(site)
    return {
      site,
      region: site === null ? null : (regions.get(site) ?? null),
      isOwn: site !== null && site === own,
      devices: there.length,
      linked: there.filter(({ state }) => state.says === 'linked').length,
      rttMs: link?.rttMs ?? null,
      receiveBytesPerSecond: link?.receiveBytesPerSecond ?? 0,
      sendBytesPerSecond: link?.sendBytesPerSecond ?? 0
    }
  })
}
