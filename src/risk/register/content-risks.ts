/** Risks that lie in what is published, and in who gives it. */

import { DAY_MS } from '../../base/units.ts'
import type { RiskSpec } from '../risk.ts'
import { indicator } from './measures.ts'

export const CONTENT_RISKS: readonly RiskSpec[] = [
  {
    id: 'malware-spread',
    title: 'Malware is spread',
    description:
      'A version carries malware, and the network brings it to many devices as fast as anything else.',
    category: 'content',
    threatEvents: [
      'Deliver known malware to internal organizational information systems (e.g., virus via email)',
      'Insert untargeted malware into downloadable software and/or into commercial information technology products'
    ],
    inherent: {
      likelihood: 4,
      impact: 5,
      why: 'infected files turn up several times in a year, and what reaches all devices can take control of them'
    },
    indicators: [
      indicator('last-scan-age', 'likelihood', { target: 7 * DAY_MS, limit: 30 * DAY_MS }),
      indicator('infected-open', 'likelihood', { target: 0, limit: 1 }),
      indicator('infected-kept', 'impact', { target: 0, limit: 1 })
    ],
    controls: [
      {
        ...{ id: 'scanned', title: 'versions are scanned, and taken back when found', factor: 'likelihood' },
        ...{ basis: 'attested', steps: 2, indicators: ['last-scan-age', 'infected-open'] },
        evidence: 'signed content.scan of each scanner: peerage scan status'
      },
      {
        ...{
          id: 'removed',
          title: 'what was found is recalled or erased',
          factor: 'impact',
          basis: 'proved',
          steps: 2
        },
        indicators: ['infected-kept'],
        evidence: 'content.recall and content.erase in the ledger: peerage scan list'
      }
    ],
    mapping: {
      csf: ['DE.CM-09', 'PR.PS-05', 'RS.MI-01', 'RS.MI-02'],
      iso: ['A.8.7', 'A.8.19'],
      gdpr: ['Art. 32(1)(b)']
    }
  },
  {
    id: 'unscanned-content',
    title: 'Content is read unscanned',
    description: 'Versions are used of which no scanner has said that they are clean.',
    category: 'content',
    threatEvents: [
      'Deliver known malware to internal organizational information systems (e.g., virus via email)'
    ],
    inherent: {
      likelihood: 4,
      impact: 3,
      why: 'without a rule nobody scans, and one infected file stops a site for a day'
    },
    indicators: [
      indicator('unscanned-versions', 'likelihood', { target: 0.1, limit: 0.5 }),
      indicator('last-scan-age', 'likelihood', { target: 7 * DAY_MS, limit: 30 * DAY_MS })
    ],
    controls: [
      {
        ...{ id: 'clean', title: 'a scan found it clean', factor: 'likelihood', basis: 'attested', steps: 2 },
        indicators: ['unscanned-versions', 'last-scan-age'],
        evidence: 'signed content.scan: peerage scan status, peerage scan show NAME'
      }
    ],
    mapping: { csf: ['DE.CM-09', 'PR.PS-05'], iso: ['A.8.7'], gdpr: ['Art. 32(1)(d)'] }
  },
  {
    id: 'bad-peers',
    title: 'Peers give bad content',
    description:
      'A device that is broken or taken over sends blocks that are not what was published, or floods others.',
    category: 'content',
    threatEvents: [
      'Cause integrity loss by injecting false but believable data into organizational information systems',
      'Conduct simple Denial of Service (DoS) attack'
    ],
    inherent: {
      likelihood: 3,
      impact: 3,
      why: 'a faulty device turns up about once in a year, and would stop transfers of a site'
    },
    indicators: [
      indicator('misbehaved-peers', 'likelihood', { target: 0, limit: 5 }),
      indicator('wasted-bytes', 'likelihood', { target: 0.05, limit: 0.25 })
    ],
    controls: [
      {
        ...{
          id: 'cut-off',
          title: 'who breaks the rules is cut off',
          factor: 'likelihood',
          basis: 'proved',
          steps: 2
        },
        indicators: ['misbehaved-peers', 'wasted-bytes'],
        evidence: 'peerage status lists who misbehaved; peerage audit list has each violation'
      },
      {
        ...{
          id: 'verified',
          title: 'every block is held against the version id',
          factor: 'impact',
          basis: 'judged'
        },
        ...{ steps: 1, indicators: [] },
        evidence: 'BEP 52 Merkle trees: no block is kept or served that fails its hash (docs/PROTOCOL.md)'
      }
    ],
    mapping: {
      csf: ['PR.DS-02', 'DE.CM-01', 'RS.MI-01'],
      iso: ['A.8.16', 'A.8.20', 'A.8.24'],
      gdpr: ['Art. 5(1)(f)', 'Art. 32(1)(b)']
    }
  }
]
