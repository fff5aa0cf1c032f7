/** Risks that somebody reads or does what is not theirs. */

import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../base/units.ts'
import type { RiskSpec } from '../risk.ts'
import { indicator } from './measures.ts'

export const ACCESS_RISKS: readonly RiskSpec[] = [
  {
    id: 'unauthorised-access',
    title: 'Unauthorised access',
    description: 'A person or program that has no right to it reads content or calls the API.',
    category: 'access',
    threatEvents: [
      'Obtain unauthorized access',
      'Exploit poorly configured or unauthorized information systems exposed to the Internet'
    ],
    inherent: {
      likelihood: 4,
      impact: 4,
      why: 'an open network is tried several times in a year, and confidential data would be in wrong hands'
    },
    indicators: [
      indicator('refused-reads', 'likelihood', { target: 10, limit: 100 }),
      indicator('powerful-tokens', 'likelihood', { target: 0, limit: 5 }),
      indicator('access-detections', 'likelihood', { target: 0, limit: 3 }),
      indicator('unsealed-sensitive', 'impact', { target: 0, limit: 0.05 })
    ],
    controls: [
      {
        ...{ id: 'enrolled', title: 'only enrolled devices link, by mutual TLS', factor: 'likelihood' },
        ...{ basis: 'judged', steps: 1, indicators: [] },
        evidence: 'docs/SECURITY.md; each link is to a device key that the ledger enrols'
      },
      {
        ...{
          id: 'refusals',
          title: 'refused reads are recorded and few',
          factor: 'likelihood',
          basis: 'proved'
        },
        ...{ steps: 1, indicators: ['refused-reads', 'access-detections'] },
        evidence: 'peerage audit list --action denied; peerage detections'
      },
      {
        ...{
          id: 'tokens',
          title: 'tokens are narrow or short-lived',
          factor: 'likelihood',
          basis: 'proved',
          steps: 1
        },
        indicators: ['powerful-tokens'],
        evidence: 'peerage token list'
      },
      {
        ...{
          id: 'sealed',
          title: 'sensitive content is sealed to its readers',
          factor: 'impact',
          basis: 'proved'
        },
        ...{ steps: 2, indicators: ['unsealed-sensitive'] },
        evidence: 'sealed versions are encrypted before they leave their publisher: peerage show NAME'
      }
    ],
    mapping: {
      csf: ['PR.AA-01', 'PR.AA-03', 'PR.AA-05', 'PR.DS-01', 'PR.DS-02'],
      iso: ['A.5.15', 'A.8.3', 'A.8.5', 'A.8.24'],
      gdpr: ['Art. 5(1)(f)', 'Art. 32(1)(a)', 'Art. 33']
    }
  },
  {
    id: 'broad-grants',
    title: 'Grants that are too broad',
    description: 'Devices or groups may read more than their work needs, or for longer.',
    category: 'access',
    threatEvents: ['Incorrect privilege settings', 'Spill sensitive information'],
    inherent: {
      likelihood: 4,
      impact: 3,
      why: 'grants pile up in every org that does not end them; each of them widens what one stolen device reads'
    },
    indicators: [
      indicator('broad-grants', 'likelihood', { target: 0, limit: 0.2 }),
      indicator('endless-grants', 'likelihood', { target: 0.25, limit: 0.75 })
    ],
    controls: [
      {
        ...{
          id: 'narrow',
          title: 'grants name what they cover',
          factor: 'likelihood',
          basis: 'proved',
          steps: 2
        },
        indicators: ['broad-grants'],
        evidence: 'signed access.grant in the ledger: peerage access list'
      },
      {
        ...{
          id: 'ending',
          title: 'grants end by themselves',
          factor: 'likelihood',
          basis: 'proved',
          steps: 1
        },
        indicators: ['endless-grants'],
        evidence: 'the expiry of each access.grant: peerage access list'
      }
    ],
    mapping: {
      csf: ['PR.AA-05', 'ID.AM-08'],
      iso: ['A.5.15', 'A.5.18', 'A.8.3'],
      gdpr: ['Art. 5(1)(f)', 'Art. 25(2)', 'Art. 32(4)']
    }
  },
  {
    id: 'insider',
    title: 'A member acts against the org',
    description: 'Somebody with rights uses them to take, change or destroy what they may reach.',
    category: 'access',
    threatEvents: [
      'Insert subverted individuals into organizations',
      'Mishandling of critical and/or sensitive information by authorized users'
    ],
    inherent: {
      likelihood: 3,
      impact: 4,
      why: 'rights are misused about once in a year in an org of some size, and one person alone could destroy data'
    },
    indicators: [
      indicator('privileged-devices', 'likelihood', { target: 0.2, limit: 0.6 }),
      indicator('audit-findings', 'likelihood', { target: 0, limit: 1 }),
      indicator('insider-detections', 'likelihood', { target: 0, limit: 3 }),
      indicator('erase-admins', 'impact', { target: 2, limit: 1 })
    ],
    controls: [
      {
        ...{
          id: 'few',
          title: 'few devices have rights of their own',
          factor: 'likelihood',
          basis: 'proved',
          steps: 1
        },
        indicators: ['privileged-devices'],
        evidence: 'signed role.grant in the ledger: peerage role list'
      },
      {
        ...{
          id: 'logged',
          title: 'what is done can be proved afterwards',
          factor: 'likelihood',
          basis: 'proved'
        },
        ...{ steps: 1, indicators: ['audit-findings'] },
        evidence: 'signed feeds and audit logs: peerage audit verify'
      },
      {
        ...{
          id: 'watched',
          title: 'reads that are not as usual are found and looked at',
          factor: 'likelihood',
          basis: 'proved'
        },
        ...{ steps: 1, indicators: ['insider-detections'] },
        evidence: 'peerage detections'
      },
      {
        ...{ id: 'together', title: 'nobody erases alone', factor: 'impact', basis: 'proved', steps: 2 },
        indicators: ['erase-admins'],
        evidence: 'the root of the org: peerage admin status'
      }
    ],
    mapping: {
      csf: ['PR.AA-05', 'DE.CM-03', 'GV.RR-04'],
      iso: ['A.5.3', 'A.8.2', 'A.8.15'],
      gdpr: ['Art. 29', 'Art. 32(4)']
    }
  },
  {
    id: 'device-theft',
    title: 'A device or its key is stolen',
    description:
      'A laptop is lost or stolen, or its key is copied, and somebody else acts and reads as that device.',
    category: 'access',
    threatEvents: [
      'Obtain information by opportunistically stealing or scavenging information systems/components'
    ],
    inherent: {
      likelihood: 4,
      impact: 4,
      why: 'an org loses several laptops in a year, and each may hold confidential data'
    },
    indicators: [
      indicator('absent-members', 'likelihood', { target: 0.05, limit: 0.25 }),
      indicator('unsealed-sensitive', 'impact', { target: 0, limit: 0.05 })
    ],
    controls: [
      {
        ...{
          id: 'absent',
          title: 'devices that stay away are taken out',
          factor: 'likelihood',
          basis: 'proved'
        },
        ...{ steps: 1, indicators: ['absent-members'] },
        evidence: 'when each member was last seen: peerage peers'
      },
      {
        ...{
          id: 'revoke',
          title: 'a lost device can be revoked for good',
          factor: 'likelihood',
          basis: 'judged'
        },
        ...{ steps: 1, indicators: [] },
        evidence: 'peerage device revoke; how fast it takes effect is risk revocation-lag'
      },
      {
        ...{
          id: 'sealed',
          title: 'sensitive content is sealed to its readers',
          factor: 'impact',
          basis: 'proved'
        },
        ...{ steps: 1, indicators: ['unsealed-sensitive'] },
        evidence: 'who only stores a sealed version has no key of it; who reads it has: peerage readers NAME'
      }
    ],
    mapping: {
      csf: ['ID.AM-01', 'PR.AA-01', 'PR.DS-01', 'PR.PS-03'],
      iso: ['A.7.9', 'A.8.1', 'A.8.24'],
      gdpr: ['Art. 32(1)(a)', 'Art. 33', 'Art. 34(3)(a)']
    }
  },
  {
    id: 'revocation-lag',
    title: 'A revocation takes effect late',
    description:
      'A device that was revoked or whose grant was taken goes on reading from peers that have not heard of it.',
    category: 'access',
    threatEvents: ['Obtain unauthorized access', 'Incorrect privilege settings'],
    inherent: {
      likelihood: 3,
      impact: 4,
      why: 'without a bound, a peer that is cut off would serve a revoked device for as long as it is cut off'
    },
    indicators: [
      indicator('beacon-life', 'likelihood', { target: 15 * MINUTE_MS, limit: DAY_MS }),
      indicator('unlimited-staleness', 'impact', { target: 0, limit: 1 })
    ],
    controls: [
      {
        ...{
          id: 'beacons',
          title: 'beacons bound how old a view can be',
          factor: 'likelihood',
          basis: 'proved'
        },
        ...{ steps: 2, indicators: ['beacon-life'] },
        evidence: 'the beacon policy of the root: peerage admin status'
      },
      {
        ...{
          id: 'denied',
          title: 'sensitive classes are denied on an old view',
          factor: 'impact',
          basis: 'proved'
        },
        ...{ steps: 2, indicators: ['unlimited-staleness'] },
        evidence: 'the limits of root and class: peerage class list'
      }
    ],
    mapping: {
      csf: ['PR.AA-01', 'PR.AA-05', 'RS.MI-01'],
      iso: ['A.5.16', 'A.5.18', 'A.8.2'],
      gdpr: ['Art. 32(1)(b)']
    }
  },
  {
    id: 'stale-view',
    title: 'Devices act on an old view',
    description:
      'Beacons do not arrive, so devices deny what they may give, or do not hear what was decided.',
    category: 'governance',
    threatEvents: ['Conduct simple Denial of Service (DoS) attack', 'Communications contention'],
    inherent: {
      likelihood: 3,
      impact: 3,
      why: 'signers are off or cut off about once in a year, and a site then stops to read sensitive classes'
    },
    indicators: [
      indicator('view-age', 'likelihood', { target: 15 * MINUTE_MS, limit: 6 * HOUR_MS }),
      indicator('signer-margin', 'likelihood', { target: 1, limit: -1 })
    ],
    controls: [
      {
        ...{
          id: 'heard',
          title: 'more signers are heard than are needed',
          factor: 'likelihood',
          basis: 'proved'
        },
        ...{ steps: 2, indicators: ['view-age', 'signer-margin'] },
        evidence: 'signed beacons: peerage status'
      },
      {
        ...{
          id: 'override',
          title: 'admins can override for a day',
          factor: 'impact',
          basis: 'judged',
          steps: 1
        },
        indicators: [],
        evidence: 'peerage admin override make'
      }
    ],
    mapping: { csf: ['PR.IR-04', 'DE.CM-01'], iso: ['A.5.30', 'A.8.14'], gdpr: ['Art. 32(1)(b)'] }
  }
]
