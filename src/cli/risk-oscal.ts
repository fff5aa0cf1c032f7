/**
 * The risk register as OSCAL assessment results, version 1.1.3 (NIST): an observation for each indicator, a risk with
 * its facets for each risk, and a finding for each subcategory of NIST CSF 2.0 that risks map to.
 *
 * A finding is satisfied when no risk that maps to it is high or very high. Ids are drawn from what they name (UUID
 * version 5, RFC 9562), so that two reports of one register differ in their values alone.
 */

import { createHash } from 'node:crypto'
import type { Risk, RiskIndicator, RiskRegister } from '../api/risk.ts'
import { fromText, valueText } from './risk-text.ts'
import { isoTime } from './text.ts'

export const OSCAL_VERSION = '1.1.3'
const NAMESPACE = 'https://peerage.example/ns/oscal'
const SYSTEM_LIKELIHOOD = 'https://csrc.nist.gov/pubs/sp/800/30/r1/final'
const NAMESPACE_UUID = Buffer.from('6b1f4f0c5d3e4c53a2c07d1be7f0a941', 'hex')
/** How long what is observed counts as observed. */
const OBSERVED_FOR_MS = 86_400_000

/** Version 5: OSCAL takes 4 and 5 alone. */
function uuidOf(...of: readonly string[]): string {
  const bytes = createHash('sha1').update(NAMESPACE_UUID).update(of.join('\0')).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}

const prop = (name: string, value: string) => ({ name, ns: NAMESPACE, value })
/** A token of OSCAL begins with a letter or an underscore. */
const token = (text: string): string => text.replace(/[^\w.-]/g, '_')

export function oscalResults(register: RiskRegister): unknown {
  const { org, device, software, atMs, risks } = register
  const at = isoTime(atMs)
  const party = uuidOf('party', org.id)
  const component = uuidOf('component', org.id)
  return {
    'assessment-results': {
      uuid: uuidOf('assessment-results', org.id, device.id, at),
      metadata: {
        title: `Risk register of ${org.name}`,
        'last-modified': at,
        version: at,
        'oscal-version': OSCAL_VERSION,
        props: [prop('software', software)],
        parties: [{ uuid: party, type: 'organization', name: org.name }]
      },
      'import-ap': {
        href: '#assessment-plan',
        remarks: 'There is no separate plan: the register measures its indicators whenever it is asked.'
      },
      results: [
        {
          uuid: uuidOf('result', org.id, device.id, at),
          title: `Risks as read by ${device.name}`,
          description:
            'Indicators read from the running network, and what remains of each risk by a formula.',
          start: at,
          end: at,
          'local-definitions': {
            components: [
              {
                uuid: component,
                type: 'this-system',
                title: org.name,
                description: 'The storage and delivery network of the organisation.',
                status: { state: 'operational' }
              }
            ]
          },
          'reviewed-controls': {
            'control-selections': [
              { 'include-controls': subcategories(risks).map(id => ({ 'control-id': token(id) })) }
            ]
          },
          observations: risks.flatMap(risk =>
            risk.indicators.map(each => observation(risk, each, component))
          ),
          risks: risks.map(risk => oscalRisk(risk, party)),
          findings: subcategories(risks).map(id => finding(id, risks))
        }
      ]
    }
  }
}

function subcategories(risks: readonly Risk[]): string[] {
  return [...new Set(risks.flatMap(({ mapping }) => mapping.csf))].sort()
}

function observation(risk: Risk, indicator: RiskIndicator, component: string) {
  const { id, title, unit, value, unknown, detail, grade, target, limit, atMs } = indicator
  const said = value === null ? `not known: ${unknown ?? ''}` : valueText(unit, value)
  return {
    uuid: uuidOf('observation', risk.id, id),
    title,
    description: [`${title}: ${said}`, detail, `from ${fromText(indicator)}`].filter(Boolean).join('; '),
    props: [
      ...(value === null ? [] : [prop('value', String(value))]),
      ...[
        prop('unit', unit),
        prop('grade', grade),
        prop('target', String(target)),
        prop('limit', String(limit))
      ]
    ],
    methods: ['TEST'],
    types: ['control-objective'],
    subjects: [{ 'subject-uuid': component, type: 'component' }],
    collected: isoTime(atMs),
    expires: isoTime(atMs + OBSERVED_FOR_MS)
  }
}

function oscalRisk(risk: Risk, party: string) {
  const { id, title, description, inherent, residual, steps, treatment, owner, acceptances } = risk
  const accepted = acceptances.find(({ state }) => state === 'in-force')
  const facets = (stage: string, of: { likelihood: number; impact: number; score: number }) =>
    (['likelihood', 'impact', 'score'] as const).map(name => ({
      ...{ name: token(name), system: SYSTEM_LIKELIHOOD, value: String(of[name]) },
      props: [prop('state', stage)]
    }))
  return {
    uuid: uuidOf('risk', id),
    title,
    description,
    statement: [`Inherent: ${inherent.why}.`, ...steps.likelihood, ...steps.impact].join('\n'),
    props: [
      ...[prop('id', id), prop('level', residual.level), prop('treatment', treatment)],
      ...(owner === null ? [] : [prop('owner', owner)]),
      ...risk.mapping.iso.map(control => prop('iso-27001-2022', control)),
      ...risk.mapping.gdpr.map(article => prop('gdpr', article))
    ],
    // Of what OSCAL names; that it is accepted for a time does not close it.
    status: accepted === undefined ? 'open' : 'deviation-approved',
    'threat-ids': risk.threatEvents.map(event => ({
      system: SYSTEM_LIKELIHOOD,
      id: `urn:peerage:threat:${slug(event)}`
    })),
    characterizations: [
      {
        origin: { actors: [{ type: 'party', 'actor-uuid': party }] },
        facets: [...facets('initial', inherent), ...facets('adjusted', residual)]
      }
    ],
    'mitigating-factors': risk.controls.map(control => ({
      uuid: uuidOf('control', id, control.id),
      description: `${control.title} (${control.basis}): takes off ${control.takes} of ${control.factor}, as ${control.because}. ${control.evidence}`,
      props: [prop('basis', control.basis)]
    })),
    ...(accepted === undefined
      ? {}
      : {
          deadline: isoTime(accepted.untilMs),
          remediations: [
            {
              uuid: uuidOf('acceptance', accepted.operation),
              lifecycle: 'planned',
              title: 'Accepted for a time',
              description: `${accepted.reason} (operation ${accepted.operation})`
            }
          ]
        }),
    'related-observations': risk.indicators.map(each => ({
      'observation-uuid': uuidOf('observation', id, each.id)
    }))
  }
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}

function finding(id: string, risks: readonly Risk[]) {
  const mapped = risks.filter(({ mapping }) => mapping.csf.includes(id))
  const worst = mapped.filter(({ residual: { level } }) => level === 'high' || level === 'very high')
  return {
    uuid: uuidOf('finding', id),
    title: `NIST CSF 2.0 ${id}`,
    description:
      worst.length === 0
        ? 'No risk that maps to it is high or very high.'
        : `High or very high: ${worst.map(({ id: risk, residual }) => `${risk} (${residual.score})`).join(', ')}.`,
    target: {
      type: 'objective-id',
      'target-id': token(id),
      status: { state: worst.length === 0 ? 'satisfied' : 'not-satisfied' }
    },
    'related-risks': mapped.map(({ id: risk }) => ({ 'risk-uuid': uuidOf('risk', risk) }))
  }
}
