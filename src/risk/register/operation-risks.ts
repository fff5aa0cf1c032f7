/** Risks to the network and to running it. */

import { MINUTE_MS } from '../../base/units.ts'
import type { RiskSpec } from '../risk.ts'
import { indicator } from './measures.ts'

export const OPERATION_RISKS: readonly RiskSpec[] = [
  {
    id: 'wan-saturation',
    title: 'A site link is saturated',
    description: 'Transfers fill the WAN link of a site, so that other work there is slow or stops.',
    category: 'network',
    threatEvents: ['Communications contention', 'Resource depletion'],
    inherent: {
      likelihood: 4,
      impact: 3,
      why: 'large releases come several times in a year, and thin links carry all else too'
    },
    indicators: [
      indicator('budget-used', 'likelihood', { target: 0.8, limit: 1 }),
      indicator('late-transfers', 'impact', { target: 0, limit: 3 })
    ],
    controls: [
      {
        ...{
          id: 'budget',
          title: 'a WAN budget that is not used up',
          factor: 'likelihood',
          basis: 'proved',
          steps: 1
        },
        indicators: ['budget-used'],
        evidence: 'counted bytes of this device: peerage limits list'
      },
      {
        ...{
          id: 'once',
          title: 'each byte crosses a site link once',
          factor: 'likelihood',
          basis: 'judged',
          steps: 1
        },
        indicators: [],
        evidence:
          'devices of a site share out what they bring (docs/adr/0008); measured in docs/BENCHMARKS.md'
      },
      {
        ...{
          id: 'deadlines',
          title: 'transfers keep their deadlines',
          factor: 'impact',
          basis: 'proved',
          steps: 1
        },
        indicators: ['late-transfers'],
        evidence: 'peerage transfers'
      }
    ],
    mapping: { csf: ['PR.IR-04', 'DE.CM-01'], iso: ['A.8.6', 'A.8.20'], gdpr: ['Art. 32(1)(b)'] }
  },
  {
    id: 'under-participation',
    title: 'Too few devices take part',
    description:
      'Devices are off or unlinked, so that copies are out of reach and repair has nobody to do it.',
    category: 'network',
    threatEvents: ['Resource depletion', 'Communications contention'],
    inherent: {
      likelihood: 4,
      impact: 3,
      why: 'desktops and laptops are off half of the time, and what they hold is then out of reach'
    },
    indicators: [
      indicator('members-present', 'likelihood', { target: 0.6, limit: 0.2 }),
      indicator('storage-present', 'likelihood', { target: 0.9, limit: 0.5 })
    ],
    controls: [
      {
        ...{
          id: 'present',
          title: 'enough devices are present',
          factor: 'likelihood',
          basis: 'proved',
          steps: 2
        },
        indicators: ['members-present', 'storage-present'],
        evidence: 'links that stand, and presence that was signed lately: peerage peers, peerage storage'
      },
      {
        ...{ id: 'replaced', title: 'who is gone is replaced', factor: 'impact', basis: 'judged', steps: 1 },
        indicators: [],
        evidence: 'after its grace a device counts as gone, and others take its copies (docs/adr/0015)'
      }
    ],
    mapping: { csf: ['PR.IR-04', 'ID.AM-01'], iso: ['A.5.30', 'A.8.14'], gdpr: ['Art. 32(1)(b)'] }
  },
  {
    id: 'old-software',
    title: 'Devices run old software',
    description: 'Members run a version with known faults, or one that is not supported any more.',
    category: 'operations',
    threatEvents: [
      'Exploit known vulnerabilities in mobile systems (e.g., laptops, PDAs, smart phones)',
      'Introduction of vulnerabilities into software products'
    ],
    inherent: {
      likelihood: 4,
      impact: 3,
      why: 'every program has faults that become known, and devices that nobody updates keep them'
    },
    indicators: [indicator('other-software', 'likelihood', { target: 0.1, limit: 0.5 })],
    controls: [
      {
        ...{
          id: 'updated',
          title: 'members run the version of this device',
          factor: 'likelihood',
          basis: 'attested'
        },
        ...{ steps: 2, indicators: ['other-software'] },
        evidence: 'what each device says of itself'
      }
    ],
    mapping: { csf: ['ID.RA-01', 'PR.PS-02', 'ID.AM-02'], iso: ['A.8.8', 'A.8.19'], gdpr: ['Art. 32(1)(d)'] }
  },
  {
    id: 'clock-drift',
    title: 'Clocks drift',
    description:
      'The clock of a device is wrong, so that it takes what has ended for valid, or denies what is valid.',
    category: 'operations',
    threatEvents: ['Incorrect privilege settings', 'Resource depletion'],
    inherent: {
      likelihood: 3,
      impact: 3,
      why: 'some clock is wrong about once in a year, and expiries and deadlines hang on it'
    },
    indicators: [indicator('clock-offset', 'likelihood', { target: MINUTE_MS, limit: 10 * MINUTE_MS })],
    controls: [
      {
        ...{
          id: 'beacons',
          title: 'the clock is held against those of beacon signers',
          factor: 'likelihood'
        },
        ...{ basis: 'proved', steps: 2, indicators: ['clock-offset'] },
        evidence: 'times in signed beacons: peerage status'
      }
    ],
    mapping: { csf: ['PR.PS-01', 'PR.PS-04'], iso: ['A.8.17'], gdpr: ['Art. 32(1)(b)'] }
  }
]
