/** `privacy`: what the org notes of itself, of places, and of its data, for the registers that it is asked for. */

import { Option } from 'commander'
import { z } from 'zod'
import { datasetName } from '../../api/field.ts'
import {
  controllerField,
  NOTE_CHARACTERS_MAX,
  type PrivacyNotes,
  privacyNoteRequest,
  transferBasis
} from '../../api/privacy.ts'
import { command } from '../command.ts'
import { isoTime, type Paint, printable, renderFields } from '../text.ts'

const NONE = 'none'
const line = z
  .string()
  .min(1, `write a line, or ${NONE} to take it away`)
  .max(NOTE_CHARACTERS_MAX, `write at most ${NOTE_CHARACTERS_MAX} characters`)
const orNull = line.transform(text => (text === NONE ? null : text))

function render({ controller, territory, places, datasets }: PrivacyNotes, paint: Paint): string[] {
  const said = (value: string | null): string => value ?? '-'
  return [
    ...renderFields(
      [
        ...controllerField.options.map(field => [field, said(controller[field])] as const),
        ['territory', territory]
      ],
      paint
    ),
    ...places.map(({ place, country, basis, reference, sinceAtMs }) =>
      printable(
        `${place}: ${said(country)}, basis ${said(basis)}${reference === null ? '' : ` (${reference})`}, noted ${isoTime(sinceAtMs)}`
      )
    ),
    ...datasets.map(({ name, purpose, legalBasis, persons, data, personal }) => {
      const of = personal === null ? 'not said' : personal ? 'yes' : 'no'
      return printable(
        `${name}: purpose ${said(purpose)}; legal basis ${said(legalBasis)}; persons ${said(persons)}; data ${said(data)}; about persons: ${of}`
      )
    })
  ]
}

export const showPrivacy = command({
  usage: 'show',
  isDefault: true,
  summary: 'show what is noted of the org, of places and of datasets for registers of privacy',
  description: 'Notes are on this device alone, which has to be an admin or have the role privacy.',
  examples: ['peerage privacy show'],
  input: z.object({}),
  run: async invocation => {
    const notes = await invocation.client.call('privacyNotes', {})
    invocation.result(notes, paint => render(notes, paint))
  }
})

export const setPrivacy = command({
  usage: 'set <field> <text>',
  summary:
    'note who the controller is, whom to ask, and within which territory data moves without a transfer',
  description:
    `FIELD is one of ${privacyNoteRequest.shape.field.options.join(', ')}. TEXT is one line of at most ${NOTE_CHARACTERS_MAX} ` +
    `characters, or ${NONE}. A territory is EEA, countries of two letters, or both, with commas between.`,
  examples: [
    'peerage privacy set controller "Acme GmbH, Berlin"',
    'peerage privacy set territory EEA,CH',
    'peerage privacy set representative none'
  ],
  input: z.object({
    field: z.enum(
      privacyNoteRequest.shape.field.options,
      `write one of ${privacyNoteRequest.shape.field.options.join(', ')}`
    ),
    text: orNull
  }),
  run: async (invocation, { field, text: value }) => {
    const notes = await invocation.client.call('setPrivacyNote', { field, value })
    invocation.result(notes, paint => render(notes, paint))
  }
})

export const placePrivacy = command({
  usage: 'place <place>',
  summary: 'note in which country a site, a region or a device is, and by which basis data may go there',
  description:
    'PLACE is site:NAME, region:NAME or device:NAME; the nearest note of a device counts. What is left out is taken away. The ' +
    `basis is one of ${transferBasis.options.join(', ')}: Art. 45, 46(2)(c), 47, 49 and 46 of the GDPR.`,
  examples: [
    'peerage privacy place site:paris --country FR',
    'peerage privacy place region:us-east --country US --basis clauses --reference "SCC of 2026-01-05"'
  ],
  options: [
    new Option('--country <code>', 'two letters of ISO 3166-1'),
    new Option('--basis <name>', transferBasis.options.join(', ')),
    new Option('--reference <text>', 'where the basis is written down')
  ],
  input: z.object({
    place: z.string().min(1, 'write site:NAME, region:NAME or device:NAME'),
    country: z.string().length(2, 'write two letters, such as DE').optional(),
    basis: z.enum(transferBasis.options, `write one of ${transferBasis.options.join(', ')}`).optional(),
    reference: line.optional()
  }),
  run: async (invocation, { place, country = null, basis = null, reference = null }) => {
    const notes = await invocation.client.call('setPlace', { place, country, basis, reference })
    invocation.result(notes, paint => render(notes, paint))
  }
})

export const describePrivacy = command({
  usage: 'describe <dataset>',
  summary: 'note what no network can know of a dataset: purpose, legal basis, categories of persons and data',
  description: `What is left out stays as it is; ${NONE} takes it away.`,
  examples: [
    'peerage privacy describe scans/2031 --legal-basis "Art. 9(2)(h)" --persons patients --data "findings"',
    'peerage privacy describe os-image --personal no'
  ],
  options: [
    new Option('--purpose <text>', 'what it is processed for'),
    new Option('--legal-basis <text>', 'by which law'),
    new Option('--persons <text>', 'categories of persons that it is about'),
    new Option('--data <text>', 'categories of data about them'),
    new Option('--personal <answer>', `whether it has data about persons: yes, no, or ${NONE}`)
  ],
  input: z
    .object({
      dataset: datasetName,
      purpose: orNull.optional(),
      legalBasis: orNull.optional(),
      persons: orNull.optional(),
      data: orNull.optional(),
      personal: z.enum(['yes', 'no', NONE], `write yes, no or ${NONE}`).optional()
    })
    .refine(({ dataset: _, ...rest }) => Object.values(rest).some(each => each !== undefined), {
      path: ['purpose'],
      message: 'write at least one of the options'
    }),
  run: async (invocation, { dataset: name, personal, ...lines }) => {
    const notes = await invocation.client.call('describeDataset', {
      ...{ name, ...lines },
      ...(personal === undefined ? {} : { personal: personal === NONE ? null : personal === 'yes' })
    })
    invocation.result(notes, paint => render(notes, paint))
  }
})
