/** Risks to who decides, and to the proof of what was decided and done. */

import type { RiskSpec } from '../risk.ts'
import { indicator } from './measures.ts'

export const GOVERNANCE_RISKS: readonly RiskSpec[] = [
  {
    id: 'admin-key',
    title: 'An admin key is compromised',
    description: 'Somebody else can sign as an admin: make roots, grant, revoke and erase.',
    category: 'governance',
    threatEvents: [
      'Compromise critical information systems via physical access',
      'Obtain unauthorized access'
    ],
    inherent: {
      likelihood: 2,
      impact: 5,
      why: 'admin keys are few and seldom used, but who has enough of them has the org'
    },
    indicators: [
      indicator('equivocations', 'likelihood', { target: 0, limit: 1 }),
      indicator('root-threshold', 'impact', { target: 2, limit: 1 }),
      indicator('recovery-keys', 'impact', { target: 1, limit: 0 })
    ],
    controls: [
      {
        ...{
          id: 'equivocation',
          title: 'two roots of one version prove it',
          factor: 'likelihood',
          basis: 'proved'
        },
        ...{ steps: 1, indicators: ['equivocations'] },
        evidence: 'signatures of the authority chain: peerage admin status'
      },
      {
        ...{
          id: 'several',
          title: 'one key alone makes no root',
          factor: 'impact',
          basis: 'proved',
          steps: 2
        },
        indicators: ['root-threshold'],
        evidence: 'the threshold of the root: peerage admin status'
      },
      {
        ...{
          id: 'recovery',
          title: 'recovery keys take the org back',
          factor: 'impact',
          basis: 'attested',
          steps: 1
        },
        indicators: ['recovery-keys'],
        evidence: 'named in the root; that they are kept safely offline is for people to see to'
      }
    ],
    mapping: {
      csf: ['PR.AA-01', 'PR.AA-05', 'GV.RR-02'],
      iso: ['A.5.3', 'A.8.2', 'A.8.24'],
      gdpr: ['Art. 32(1)(b)']
    }
  },
  {
    id: 'lost-quorum',
    title: 'Too few admins are left',
    description:
      'Admin keys are lost, so that no root can be signed any more: nobody can be added or removed as admin.',
    category: 'governance',
    threatEvents: ['Resource depletion', 'Disk error'],
    inherent: {
      likelihood: 3,
      impact: 5,
      why: 'people leave and disks fail every year; without a quorum the org can not be governed'
    },
    indicators: [
      indicator('admin-margin', 'likelihood', { target: 1, limit: 0 }),
      indicator('recovery-keys', 'impact', { target: 1, limit: 0 })
    ],
    controls: [
      {
        ...{
          id: 'spare',
          title: 'one admin key may be lost',
          factor: 'likelihood',
          basis: 'proved',
          steps: 2
        },
        indicators: ['admin-margin'],
        evidence: 'admins and threshold of the root: peerage admin status'
      },
      {
        ...{ id: 'recovery', title: 'recovery keys lead on', factor: 'impact', basis: 'attested', steps: 3 },
        indicators: ['recovery-keys'],
        evidence: 'named in the root; that they are kept safely offline is for people to see to'
      }
    ],
    mapping: {
      csf: ['GV.RR-02', 'PR.IR-03', 'RC.RP-05'],
      iso: ['A.5.29', 'A.5.30', 'A.8.14'],
      gdpr: ['Art. 32(1)(b)']
    }
  },
  {
    id: 'audit-gap',
    title: 'The record has gaps or was changed',
    description:
      'What devices did can not be proved: a log is missing, was cut, or differs from what was shown before.',
    category: 'governance',
    threatEvents: [
      'Obfuscate adversary actions',
      'Cause integrity loss by polluting or corrupting critical data'
    ],
    inherent: {
      likelihood: 3,
      impact: 4,
      why: 'who breaks in tries to hide it, and without a record a breach can neither be bounded nor reported'
    },
    indicators: [
      indicator('audit-findings', 'likelihood', { target: 0, limit: 1 }),
      indicator('audit-missing', 'likelihood', { target: 0.1, limit: 0.5 }),
      indicator('uncosigned-entries', 'impact', { target: 0.1, limit: 0.5 })
    ],
    controls: [
      {
        ...{ id: 'compared', title: 'logs are append-only trees that peers compare', factor: 'likelihood' },
        ...{ basis: 'proved', steps: 2, indicators: ['audit-findings', 'audit-missing'] },
        evidence: 'RFC 6962 consistency of what each device showed: peerage audit verify'
      },
      {
        ...{
          id: 'cosigned',
          title: 'witnesses cosign the logs',
          factor: 'impact',
          basis: 'proved',
          steps: 2
        },
        indicators: ['uncosigned-entries'],
        evidence: 'C2SP cosignatures under checkpoints: peerage audit checkpoint'
      }
    ],
    mapping: {
      csf: ['PR.PS-04', 'DE.CM-09', 'RS.AN-06', 'RS.AN-07'],
      iso: ['A.5.28', 'A.5.33', 'A.8.15'],
      gdpr: ['Art. 5(2)', 'Art. 33(5)']
    }
  },
  {
    id: 'eclipse-sybil',
    title: 'A device sees only what attackers show it',
    description:
      'Many enrolled devices in one hand surround another, or stand in for many, and bend what it sees.',
    category: 'governance',
    threatEvents: [
      'Insert subverted individuals into organizations',
      'Conduct communications interception attacks'
    ],
    inherent: {
      likelihood: 2,
      impact: 4,
      why: 'it takes invites or stolen keys; who is surrounded hears of no revocation and no quarantine'
    },
    indicators: [
      indicator('open-invites', 'likelihood', { target: 10, limit: 100 }),
      indicator('linked-sites', 'likelihood', { target: 2, limit: 0 }),
      indicator('forked-feeds', 'impact', { target: 0, limit: 1 })
    ],
    controls: [
      {
        ...{
          id: 'invited',
          title: 'few devices can enrol, and links go to several sites',
          factor: 'likelihood'
        },
        ...{ basis: 'proved', steps: 1, indicators: ['open-invites', 'linked-sites'] },
        evidence: 'peerage invite list, peerage peers'
      },
      {
        ...{
          id: 'forks',
          title: 'two histories of one device prove it',
          factor: 'impact',
          basis: 'proved',
          steps: 1
        },
        indicators: ['forked-feeds'],
        evidence: 'signed feeds that fork: peerage ledger list'
      }
    ],
    mapping: {
      csf: ['PR.AA-01', 'PR.AA-03', 'DE.CM-01'],
      iso: ['A.5.16', 'A.8.20', 'A.8.21'],
      gdpr: ['Art. 32(1)(b)']
    }
  }
]
