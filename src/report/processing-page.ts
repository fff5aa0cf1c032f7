/** The record of processing activities: as a page to print, and as a table with one row for each activity. */

import type { PlaceCount, ProcessingActivity, ProcessingRecord } from '../api/privacy.ts'
import { DAY_MS, formatBytes, formatDuration } from '../base/units.ts'
import { isoTime, named, plural } from '../base/words.ts'
import { csv, heading, listed, paragraph, printedPage, TO_FILL_IN, table } from './printed-page.ts'

const CONTROLLER_TITLES = {
  controller: 'Controller',
  contact: 'Contact',
  'joint-controllers': 'Joint controllers, if any',
  representative: 'Representative, if any',
  dpo: 'Data protection officer, if any',
  authority: 'Supervisory authority'
} as const satisfies Record<keyof ProcessingRecord['controller'], string>

const BASIS_WORDS = {
  adequacy: 'adequacy decision (Art. 45)',
  clauses: 'standard contractual clauses (Art. 46(2)(c))',
  rules: 'binding corporate rules (Art. 47)',
  derogation: 'derogation (Art. 49)',
  other: 'other safeguards (Art. 46)'
} as const satisfies Record<Exclude<PlaceCount['basis'], null>, string>

const STATE_WORDS = {
  'in-force': 'in force',
  'in-part': 'in part',
  off: 'not in force',
  unknown: 'not known'
} as const satisfies Record<ProcessingRecord['measures'][number]['state'], string>

export function basisText({ basis, reference }: Pick<PlaceCount, 'basis' | 'reference'>): string {
  if (basis === null) return TO_FILL_IN
  return reference === null ? BASIS_WORDS[basis] : `${BASIS_WORDS[basis]}: ${reference}`
}

/** "paris (fr-south, FR)". */
export function placeText({ site, region, country }: Omit<PlaceCount, 'devices'>): string {
  const within = [region, country ?? `country ${TO_FILL_IN}`].filter(each => each !== null)
  return `${site ?? 'a site that is not known'} (${within.join(', ')})`
}

export function controllerTable({ controller }: Pick<ProcessingRecord, 'controller'>): string {
  const rows = Object.entries(CONTROLLER_TITLES).map(([field, title]) => [
    title,
    controller[field as keyof typeof CONTROLLER_TITLES] ?? TO_FILL_IN
  ])
  return table(rows)
}

function placesText(places: readonly PlaceCount[]): string {
  return places.map(place => `${plural(place.devices, 'device')} in ${placeText(place)}`).join('; ') || '-'
}

function outside({ recipients, keepers }: ProcessingActivity): readonly PlaceCount[] {
  const all = [...recipients.places, ...keepers.places].filter(({ inside }) => inside !== true)
  return [...new Map(all.map(place => [placeText(place), place])).values()]
}

function transfersText(activity: ProcessingActivity): string {
  const places = outside(activity).map(place =>
    place.inside === null ? placeText(place) : `${placeText(place)}, by ${basisText(place)}`
  )
  const origins = activity.origins.map(host => `bytes can be had from ${host}, outside the organisation`)
  return [...places, ...origins].join('; ') || 'none by what is known'
}

function keptText({ retention, holds }: ProcessingActivity): string {
  const ends = retention.map(({ dataClass, keptMs }) => {
    if (keptMs === null) return `${dataClass}: no end is set`
    return `${dataClass}: ${keptMs % DAY_MS === 0 ? plural(keptMs / DAY_MS, 'day') : formatDuration(keptMs)}`
  })
  return [...ends, ...(holds === 0 ? [] : [`held from deletion by ${plural(holds, 'hold')}`])].join('; ')
}

/** Of versions of several classes, the widest. */
function accessText({ access, classes }: ProcessingActivity): string {
  if (access === 'granted') return 'by grant, beside owner, publishers and admins'
  if (classes.some(each => each === 'public' || each === 'internal'))
    return 'every device of the organisation'
  return classes.includes('confidential')
    ? 'by grant or the role reader, beside owner, publishers and admins'
    : 'by grant, beside owner, publishers and admins'
}

function recipientsText(activity: ProcessingActivity): string {
  const { recipients } = activity
  const { count, devices, groups } = recipients
  const more = count - devices.length
  return [
    accessText(activity),
    ...groups.map(({ name, devices: of }) => `group ${name} (${plural(of, 'device')})`),
    `${plural(count, 'device')} may read now: ${devices.map(named).join(', ') || 'none'}` +
      (more > 0 ? `, and ${more} more` : '')
  ].join('; ')
}

function purposesText({ purposes }: ProcessingActivity): string {
  return purposes.map(({ purpose, from }) => `${purpose} (${from})`).join('; ') || TO_FILL_IN
}

function personsText({ persons, personsKnown, pseudonyms }: ProcessingActivity): string {
  return `${persons ?? TO_FILL_IN}; ${plural(personsKnown, 'person')} known by tags, ${plural(pseudonyms, 'pseudonym')}`
}

function dataText({ data, labels, classes }: ProcessingActivity): string {
  return `${data ?? TO_FILL_IN}; class ${classes.join(', ')}; labels ${labels.join(', ') || '-'}`
}

export function processingPage(record: ProcessingRecord): string {
  const { org, device, software, atMs, territory, activities, without, measures, limits, toFillIn } = record
  return printedPage(`Record of processing activities of ${org.name}`, [
    paragraph(
      `GDPR, Article 30(1). Made at ${isoTime(atMs)} by ${named(device)} (${software}) from the ledger of the organisation ` +
        `and from notes on that device. ${TO_FILL_IN} stands where neither says anything.`
    ),
    controllerTable(record),
    table([
      ['Organisation in the network', `${org.name} (${org.id})`],
      ['Territory without transfers', territory]
    ]),
    ...(toFillIn.length === 0 ? [] : [paragraph(`Not noted yet: ${toFillIn.join(', ')}.`)]),
    ...activities.flatMap(activity => [
      heading(activity.name),
      table([
        ['Purposes', purposesText(activity)],
        ['Legal basis', activity.legalBasis ?? TO_FILL_IN],
        ['Categories of persons', personsText(activity)],
        ['Categories of data', dataText(activity)],
        ['Recipients', recipientsText(activity)],
        ['Where recipients are', placesText(activity.recipients.places)],
        ['Where it is kept', placesText(activity.keepers.places)],
        ['Transfers out of the territory', transfersText(activity)],
        ['Time limits', keptText(activity)],
        [
          'Content',
          `${plural(activity.versions, 'version')}, ${formatBytes(activity.bytes)}, from ${isoTime(activity.firstAtMs)} to ${isoTime(activity.lastAtMs)}; sealed: ${activity.sealed}`
        ],
        ['Owner', activity.owner === null ? 'the admins' : named(activity.owner)]
      ])
    ]),
    ...(activities.length === 0 ? [paragraph('No dataset is published.')] : []),
    heading('Without data about persons'),
    paragraph(without.length === 0 ? 'No dataset is noted to be so.' : `As noted: ${without.join(', ')}.`),
    heading('Technical and organisational measures (Art. 32(1))'),
    table(
      measures.map(({ title, article, state, detail }) => [title, article, STATE_WORDS[state], detail]),
      ['Measure', 'GDPR', 'State', 'What was found']
    ),
    heading('What this does not say'),
    listed(limits)
  ])
}

export function processingTable({ activities, controller }: ProcessingRecord): string {
  return csv([
    [
      ...['dataset', 'controller', 'purposes', 'legal_basis', 'categories_of_persons', 'persons_known'],
      ...['categories_of_data', 'classes', 'labels', 'recipients', 'recipient_devices', 'recipient_places'],
      ...['kept_at', 'transfers', 'time_limits', 'versions', 'bytes', 'sealed', 'to_fill_in']
    ],
    ...activities.map(each => [
      ...[each.name, controller.controller ?? TO_FILL_IN, purposesText(each)],
      ...[each.legalBasis ?? TO_FILL_IN, each.persons ?? TO_FILL_IN, each.personsKnown],
      ...[each.data ?? TO_FILL_IN, each.classes.join(' '), each.labels.join('; '), recipientsText(each)],
      ...[each.recipients.count, placesText(each.recipients.places), placesText(each.keepers.places)],
      ...[transfersText(each), keptText(each), each.versions, each.bytes, each.sealed],
      each.toFillIn.join('; ')
    ])
  ])
}
