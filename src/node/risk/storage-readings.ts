/** Readings of stored content: copies, sites, rot and room. */

import { contentFault } from '../../ledger/fold/access.ts'
import { type DatasetVersion, isAvailable, isMember, type State } from '../../ledger/fold/state.ts'
import type { NetworkView } from './network-view.ts'
import { type Readings, reading, readingOf, share } from './reading.ts'

/** What can be read now, each version once. */
export function versionsInUse({ state, nowMs }: Pick<NetworkView, 'state' | 'nowMs'>): DatasetVersion[] {
  const found = new Map<string, DatasetVersion>()
  for (const { versions } of state.datasets.values())
    for (const version of versions)
      if (isAvailable(version, nowMs) && contentFault(state.content.get(version.version)) === undefined)
        found.set(version.version, version)
  return [...found.values()]
}

export function copyReadings(
  view: NetworkView
): Readings<
  | 'unsafe-versions'
  | 'unruled-versions'
  | 'lost-by-one-device'
  | 'lost-by-one-site'
  | 'storage-sites'
  | 'storage-present'
> {
  const inUse = versionsInUse(view).length
  const { storage, losses } = view
  const holders = storage.known ? storage.value.devices.filter(({ offeredBytes }) => offeredBytes > 0) : []
  const devices = holders.map(({ device }) => device)
  const ruled = storage.known ? storage.value.versions : 0
  const lost = (kind: 'byDevice' | 'bySite', what: string) =>
    readingOf(view, losses, found => ({
      value: share(found[kind].versions, ruled),
      devices,
      detail:
        found[kind].name === null
          ? `no loss of one ${what} makes a version unreadable, of ${ruled} that are placed`
          : `${found[kind].versions} of ${ruled} by the loss of ${what} ${found[kind].name}`
    }))
  return {
    'unsafe-versions': readingOf(view, storage, ({ unsafeCount, versions }) => ({
      value: share(unsafeCount, versions),
      devices,
      detail: `${unsafeCount} of ${versions}`
    })),
    'unruled-versions': readingOf(view, storage, ({ versions }) => {
      const unruled = Math.max(0, inUse - versions)
      return { value: share(unruled, inUse), devices: [view.self], detail: `${unruled} of ${inUse}` }
    }),
    'lost-by-one-device': lost('byDevice', 'device'),
    'lost-by-one-site': lost('bySite', 'site'),
    'storage-sites': readingOf(view, storage, ({ sites }) => ({
      value: sites.filter(({ offeredBytes }) => offeredBytes > 0).length,
      devices
    })),
    'storage-present': readingOf(view, storage, () => {
      if (holders.length === 0) return { why: 'no device offers room for copies' }
      const present = holders.filter(({ state }) => state === 'present').length
      return { value: share(present, holders.length), devices, detail: `${present} of ${holders.length}` }
    })
  }
}

export function roomReadings(
  view: NetworkView
): Readings<
  'room-used' | 'own-disk-used' | 'unplaced-bytes' | 'damaged-copies' | 'scrub-age' | 'bad-pieces'
> {
  const { storage, self } = view
  const devices = storage.known ? storage.value.devices.map(({ device }) => device) : []
  const neverScrubbed = 'no scrub of this device has ended yet'
  return {
    'room-used': readingOf(view, storage, ({ sites }) => {
      const offered = sites.reduce((sum, { offeredBytes }) => sum + offeredBytes, 0)
      const taken = sites.reduce((sum, { owedBytes, usedBytes }) => sum + Math.max(owedBytes, usedBytes), 0)
      return offered === 0
        ? { why: 'no device offers room for copies' }
        : { value: share(taken, offered), devices, detail: `${taken} of ${offered} bytes` }
    }),
    'own-disk-used': readingOf(view, storage, ({ own: { diskFreeBytes, diskTotalBytes } }) => ({
      value: share(diskTotalBytes - diskFreeBytes, diskTotalBytes),
      devices: [self]
    })),
    'unplaced-bytes': readingOf(view, storage, ({ unplacedBytes }) => ({ value: unplacedBytes, devices })),
    'damaged-copies': readingOf(view, storage, ({ scrub }) => ({
      value: scrub.damagedCount,
      devices: [self]
    })),
    'scrub-age': readingOf(view, storage, ({ scrub: { last, heldBytes } }) => {
      if (heldBytes === 0) return { value: 0, devices: [self], detail: 'this device holds nothing' }
      return last === null ? { why: neverScrubbed } : { value: view.nowMs - last.endedAtMs, devices: [self] }
    }),
    'bad-pieces': readingOf(view, storage, ({ scrub: { last, heldBytes } }) => {
      if (heldBytes === 0) return { value: 0, devices: [self], detail: 'this device holds nothing' }
      return last === null ? { why: neverScrubbed } : { value: last.badPieces, devices: [self] }
    })
  }
}

/** Where copies are, and where their rules let them be. */
export function regionReadings(view: NetworkView): Readings<'copies-outside' | 'sites-without-region'> {
  const { state, nowMs, self } = view
  const ruled = new Map([...state.datasets].filter(([, { storage }]) => (storage?.regions.length ?? 0) > 0))
  const outside: string[] = []
  const unknownSites = new Set<string>()
  for (const [device, copies] of state.copies) {
    if (!isMember(state, device, nowMs)) continue
    const site = state.devices.get(device)?.storage?.site
    const region = site === undefined ? undefined : state.sites.get(site)?.region
    for (const version of copies.keys())
      for (const name of namesOf(state, version)) {
        const regions = ruled.get(name)?.storage?.regions
        if (regions === undefined) continue
        if (region === undefined) unknownSites.add(site ?? `that of ${device}`)
        else if (!regions.includes(region)) outside.push(device)
      }
  }
  const detail = `${ruled.size} datasets name regions`
  return {
    'copies-outside': reading(view, {
      ...{ value: outside.length, detail },
      devices: outside.length > 0 ? [...new Set(outside)] : [self]
    }),
    'sites-without-region': reading(view, { value: unknownSites.size, detail, devices: [self] })
  }
}

function namesOf(state: State, version: DatasetVersion['version']): Set<string> {
  return new Set([...(state.publishedAs.get(version) ?? []), ...(state.sharedAs.get(version) ?? [])])
}
