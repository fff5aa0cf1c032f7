/** Risks to the content that is stored. */

import { DAY_MS } from '../../base/units.ts'
import type { RiskSpec } from '../risk.ts'
import { indicator } from './measures.ts'

export const STORAGE_RISKS: readonly RiskSpec[] = [
  {
    id: 'data-loss',
    title: 'Data loss',
    description: 'The last copy of a version is lost with the device, disk or share that held it.',
    category: 'storage',
    threatEvents: [
      'Disk error',
      'Pervasive disk error',
      'Cause deterioration/destruction of critical information system components and functions'
    ],
    inherent: {
      likelihood: 4,
      impact: 5,
      why: 'disks and devices fail every year in any fleet, and what exists once is gone with them'
    },
    indicators: [
      indicator('unsafe-versions', 'likelihood', { target: 0, limit: 0.05 }),
      indicator('unruled-versions', 'likelihood', { target: 0, limit: 0.25 }),
      indicator('lost-by-one-device', 'likelihood', { target: 0, limit: 0.01 })
    ],
    controls: [
      {
        ...{
          id: 'copies',
          title: 'copies as the storage policy asks for',
          factor: 'likelihood',
          basis: 'attested'
        },
        ...{ steps: 2, indicators: ['unsafe-versions', 'unruled-versions'] },
        evidence:
          'signed copy.state of each holder, disputed when it fails a proof of possession: peerage storage'
      },
      {
        ...{ id: 'one-device', title: 'any one device may be lost', factor: 'likelihood', basis: 'attested' },
        ...{ steps: 1, indicators: ['lost-by-one-device'] },
        evidence: 'peerage whatif device:NAME, for each device that holds copies'
      }
    ],
    mapping: {
      csf: ['PR.DS-01', 'PR.DS-11', 'PR.IR-04', 'RC.RP-03'],
      iso: ['A.8.13', 'A.8.14'],
      gdpr: ['Art. 5(1)(f)', 'Art. 32(1)(b)', 'Art. 32(1)(c)']
    }
  },
  {
    id: 'site-loss',
    title: 'Loss of a site',
    description: 'A site burns down, is flooded, is cut off or loses its power, with all that is held there.',
    category: 'storage',
    threatEvents: ['Fire at primary facility', 'Flood at primary facility', 'Earthquake at primary facility'],
    inherent: {
      likelihood: 3,
      impact: 5,
      why: 'some site is cut off about once in a year; what lies only there can not be read, or never again'
    },
    indicators: [
      indicator('lost-by-one-site', 'impact', { target: 0, limit: 0.05 }),
      indicator('storage-sites', 'impact', { target: 2, limit: 1 })
    ],
    controls: [
      {
        ...{
          id: 'spread',
          title: 'copies over several sites',
          factor: 'impact',
          basis: 'attested',
          steps: 3
        },
        indicators: ['lost-by-one-site', 'storage-sites'],
        evidence: 'peerage whatif site:NAME, for each site that holds copies'
      }
    ],
    mapping: {
      csf: ['PR.IR-02', 'PR.IR-03', 'PR.DS-11', 'RC.RP-05'],
      iso: ['A.5.29', 'A.5.30', 'A.7.5', 'A.8.14'],
      gdpr: ['Art. 32(1)(b)', 'Art. 32(1)(c)']
    }
  },
  {
    id: 'integrity',
    title: 'Rot of stored content',
    description: 'Bytes that are held change on their disk, and nobody notices until they are needed.',
    category: 'storage',
    threatEvents: ['Disk error', 'Cause integrity loss by polluting or corrupting critical data'],
    inherent: {
      likelihood: 3,
      impact: 4,
      why: 'large fleets see silent disk errors each year; a damaged copy is no copy when the others are gone'
    },
    indicators: [
      indicator('scrub-age', 'likelihood', { target: 30 * DAY_MS, limit: 90 * DAY_MS }),
      indicator('bad-pieces', 'likelihood', { target: 0, limit: 16 }),
      indicator('damaged-copies', 'impact', { target: 0, limit: 1 })
    ],
    controls: [
      {
        ...{
          id: 'scrub',
          title: 'all that is held is read again',
          factor: 'likelihood',
          basis: 'proved',
          steps: 2
        },
        indicators: ['scrub-age', 'bad-pieces'],
        evidence: 'each piece held against the hash in its version id: peerage storage scrub status'
      },
      {
        ...{
          id: 'heal',
          title: 'damaged pieces are fetched again',
          factor: 'impact',
          basis: 'proved',
          steps: 2
        },
        indicators: ['damaged-copies'],
        evidence: 'peerage storage scrub status lists what is damaged and what was healed'
      }
    ],
    mapping: {
      csf: ['PR.DS-01', 'DE.CM-09', 'RC.RP-03'],
      iso: ['A.8.13', 'A.8.16'],
      gdpr: ['Art. 5(1)(f)', 'Art. 32(1)(b)']
    }
  },
  {
    id: 'capacity',
    title: 'Room runs out',
    description:
      'Devices that hold copies are full, so that new versions find no place or fewer places than they need.',
    category: 'storage',
    threatEvents: ['Resource depletion'],
    inherent: {
      likelihood: 4,
      impact: 3,
      why: 'data grows all the time; what finds no place is kept by its publisher alone'
    },
    indicators: [
      indicator('room-used', 'likelihood', { target: 0.8, limit: 0.95 }),
      indicator('own-disk-used', 'likelihood', { target: 0.85, limit: 0.95 }),
      indicator('unplaced-bytes', 'impact', { target: 0, limit: 1 })
    ],
    controls: [
      {
        ...{ id: 'reserve', title: 'room in reserve', factor: 'likelihood', basis: 'attested', steps: 2 },
        indicators: ['room-used', 'own-disk-used'],
        evidence: 'signed device.storage of each device: peerage storage'
      },
      {
        ...{ id: 'placed', title: 'every copy has a place', factor: 'impact', basis: 'proved', steps: 1 },
        indicators: ['unplaced-bytes'],
        evidence: 'the placement that each device computes: peerage storage'
      }
    ],
    mapping: { csf: ['PR.IR-04', 'DE.CM-09'], iso: ['A.8.6'], gdpr: ['Art. 32(1)(b)'] }
  }
]
