/** Risks to the duties of privacy law. */

import type { RiskSpec } from '../risk.ts'
import { indicator } from './measures.ts'

export const PRIVACY_RISKS: readonly RiskSpec[] = [
  {
    id: 'residency',
    title: 'Data lies where it must not',
    description: 'Copies are kept in a region that the rule of their dataset does not name.',
    category: 'privacy',
    threatEvents: ['Spill sensitive information', 'Incorrect privilege settings'],
    inherent: {
      likelihood: 3,
      impact: 4,
      why: 'a device that is moved or a rule that is forgotten brings it about once in a year; it can break contracts and law'
    },
    indicators: [
      indicator('copies-outside', 'likelihood', { target: 0, limit: 1 }),
      indicator('sites-without-region', 'likelihood', { target: 0, limit: 1 })
    ],
    controls: [
      {
        ...{ id: 'regions', title: 'placement keeps to the regions of the rule', factor: 'likelihood' },
        ...{ basis: 'attested', steps: 2, indicators: ['copies-outside', 'sites-without-region'] },
        evidence:
          'regions of sites by signed site.region, copies by signed copy.state: peerage storage show NAME'
      }
    ],
    mapping: {
      csf: ['GV.OC-03', 'ID.AM-07', 'PR.DS-01'],
      iso: ['A.5.31', 'A.5.34'],
      gdpr: ['Art. 24', 'Art. 28(3)(a)', 'Art. 32']
    }
  },
  {
    id: 'transfer-outside',
    title: 'Data goes to others or to a third country',
    description:
      'Confidential content leaves the transport of the org, or is served from an origin outside of it.',
    category: 'privacy',
    threatEvents: [
      'Spill sensitive information',
      'Mishandling of critical and/or sensitive information by authorized users'
    ],
    inherent: {
      likelihood: 3,
      impact: 4,
      why: 'a rule that lets a class leave is easily made by mistake, and a transfer can not be taken back'
    },
    indicators: [
      indicator('leaving-classes', 'likelihood', { target: 0, limit: 1 }),
      indicator('sensitive-origins', 'likelihood', { target: 0, limit: 1 }),
      indicator('unsealed-sensitive', 'impact', { target: 0, limit: 0.05 })
    ],
    controls: [
      {
        ...{
          id: 'stays',
          title: 'sensitive classes stay in the org',
          factor: 'likelihood',
          basis: 'proved',
          steps: 2
        },
        indicators: ['leaving-classes', 'sensitive-origins'],
        evidence: 'signed class.policy and dataset.origin: peerage class list, peerage show NAME'
      },
      {
        ...{
          id: 'sealed',
          title: 'sensitive content is sealed to its readers',
          factor: 'impact',
          basis: 'proved'
        },
        ...{ steps: 1, indicators: ['unsealed-sensitive'] },
        evidence: 'sealed versions are encrypted before they leave their publisher: peerage show NAME'
      }
    ],
    mapping: {
      csf: ['GV.OC-03', 'PR.DS-02', 'ID.AM-03'],
      iso: ['A.5.14', 'A.5.34', 'A.8.12'],
      gdpr: ['Art. 44', 'Art. 46', 'Art. 30(1)(e)']
    }
  },
  {
    id: 'erasure-overdue',
    title: 'An erasure is overdue',
    description: 'Somebody asked for erasure, and copies remain or are not confirmed as gone within a month.',
    category: 'privacy',
    threatEvents: ['Mishandling of critical and/or sensitive information by authorized users'],
    inherent: {
      likelihood: 4,
      impact: 3,
      why: 'devices that are off or lost do not answer, several times in a year, and the month of Art. 12(3) runs'
    },
    indicators: [
      indicator('overdue-erasures', 'likelihood', { target: 0, limit: 1 }),
      indicator('unconfirmed-erasures', 'likelihood', { target: 0, limit: 0.5 })
    ],
    controls: [
      {
        ...{
          id: 'confirmed',
          title: 'each device confirms that it deleted',
          factor: 'likelihood',
          basis: 'attested'
        },
        ...{ steps: 2, indicators: ['overdue-erasures', 'unconfirmed-erasures'] },
        evidence: 'signed erase.confirm of each device: peerage erase list'
      },
      {
        ...{
          id: 'denied',
          title: 'what is erased is read by nobody at once',
          factor: 'impact',
          basis: 'judged'
        },
        ...{ steps: 1, indicators: [] },
        evidence:
          'content.erase is remove-wins; keys of sealed versions are destroyed (docs/protocol-erasure.md)'
      }
    ],
    mapping: {
      csf: ['GV.OC-03', 'ID.AM-08'],
      iso: ['A.5.34', 'A.8.10'],
      gdpr: ['Art. 12(3)', 'Art. 17(1)', 'Art. 19']
    }
  },
  {
    id: 'retention-overdue',
    title: 'Data is kept for too long',
    description: 'Versions are kept for longer than their rule says, or nobody has said for how long.',
    category: 'privacy',
    threatEvents: ['Mishandling of critical and/or sensitive information by authorized users'],
    inherent: {
      likelihood: 4,
      impact: 3,
      why: 'data that nobody deletes stays; each year of it is a breach of storage limitation'
    },
    indicators: [
      indicator('over-retention', 'likelihood', { target: 0, limit: 0.05 }),
      indicator('kept-for-ever', 'likelihood', { target: 0.25, limit: 1 })
    ],
    controls: [
      {
        ...{
          id: 'ruled',
          title: 'classes and datasets say for how long',
          factor: 'likelihood',
          basis: 'proved'
        },
        ...{ steps: 1, indicators: ['kept-for-ever'] },
        evidence: 'signed class.policy and dataset.storage: peerage retention show'
      },
      {
        ...{ id: 'run', title: 'what is over is erased', factor: 'likelihood', basis: 'proved', steps: 1 },
        indicators: ['over-retention'],
        evidence: 'peerage retention show'
      }
    ],
    mapping: {
      csf: ['ID.AM-08', 'GV.OC-03'],
      iso: ['A.5.33', 'A.8.10'],
      gdpr: ['Art. 5(1)(e)', 'Art. 25(2)']
    }
  }
]
