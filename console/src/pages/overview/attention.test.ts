import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Answer } from '../../api/routes.ts'
import { attention, linkedText, storedText } from './attention.ts'

const CLASSES = (['public', 'internal', 'confidential', 'restricted'] as const).map(dataClass => ({
  ...{ dataClass, limitMs: null, allowed: true, reason: null, override: null }
}))
const WELL = {
  ...{ peersConnected: 2, peersKnown: 3, problems: [], misbehaved: [] },
  freshness: { clock: 'ok', classes: CLASSES }
} as unknown as Answer<'status'>
const SAFE = { unsafe: [], unsafeCount: 0, problems: [], unplacedBytes: 0 }
const titles = (said: Parameters<typeof attention>[0]) => attention(said).map(({ title }) => title)

test('a node that is well asks for nothing', () => {
  assert.deepEqual(attention({ status: WELL, transfers: [], storage: SAFE, waiting: 0 }), [])
  assert.deepEqual(
    attention({
      status: { ...WELL, peersKnown: 0, peersConnected: 0 },
      ...{ transfers: [], storage: null, waiting: 0 }
    }),
    []
  )
})

test('what the node says is gathered, the worst first', () => {
  const peer = { device: 'd'.repeat(64), name: 'lab-7', site: 'paris' }
  const status = {
    ...{ ...WELL, peersConnected: 0 },
    misbehaved: [{ ...peer, reason: 'bad block', detail: 'piece 3', count: 2, bannedUntilMs: null }],
    freshness: {
      clock: 'ahead',
      classes: CLASSES.map(each => (each.dataClass === 'restricted' ? { ...each, allowed: false } : each))
    },
    problems: [{ code: 'OF_LATER', message: 'the disk is full', path: null }]
  } as unknown as Answer<'status'>
  const unsafe = [{ name: 'os', ordinal: 2, version: '7'.repeat(64), says: 'one copy is missing' }]
  const storage = { ...SAFE, unsafeCount: 1, unsafe } as unknown as Answer<'storage'>
  assert.deepEqual(titles({ status, transfers: [], storage, waiting: 1 }), [
    'The disk is full',
    'This node is linked with nobody',
    'What is restricted may not be read here now',
    'The clock of this device is ahead',
    '1 version is not as safe as asked for',
    'lab-7 misbehaved: bad block',
    '1 operation waits for approvals of admins'
  ])
})

test('a problem is told by what its code means, leads where more of it is, and is told once', () => {
  const problem = { code: 'CASE_OVERDUE', message: 'request 09 was to be answered', path: null }
  const transfer = {
    id: '1',
    name: 'os',
    ordinal: 1,
    version: '7',
    state: 'waiting',
    outlook: 'late',
    etaMs: 60_000
  }
  const late = { ...transfer, id: '2', problem: null }
  const found = attention({
    status: { ...WELL, problems: [problem] },
    transfers: [{ ...transfer, problem }, late] as unknown as Parameters<typeof attention>[0]['transfers'],
    ...{ storage: null, waiting: 0 }
  })
  assert.deepEqual(found, [
    {
      ...{ tone: 'bad', title: 'The time that the law gives for a case of privacy is over' },
      ...{ detail: 'Request 09 was to be answered', to: '/console/privacy' }
    },
    {
      ...{ tone: 'warn', title: 'os@1 will be late', to: '/console/transfers/2' },
      detail: 'It misses its deadline at its present rate, which takes it 1 min more.'
    }
  ])
})

test('of nothing that is stored nothing is said to be safe', () => {
  assert.match(storedText(undefined), /still being looked at/)
  assert.ok(!storedText({ versions: 0 }).includes('safe'))
  assert.match(storedText({ versions: 1 }), /^The one version .* is as safe/)
  assert.match(storedText({ versions: 1_200 }), /^All 1,200 versions .* are as safe/)
})

test('risks that are high are told as one, and those that somebody accepted are not', () => {
  const risk = (title: string, score: number, level: string, state?: string) =>
    ({ title, residual: { score, level }, acceptances: state === undefined ? [] : [{ state }] }) as never
  const said = (...risks: never[]) =>
    attention({ status: WELL, transfers: [], storage: SAFE, waiting: 0, risks })
  const [need, ...others] = said(
    risk('Rot', 6, 'low'),
    risk('Loss of a site', 15, 'high'),
    risk('Data loss', 20, 'very high', 'ended'),
    risk('Malware', 25, 'very high', 'in-force')
  )
  assert.deepEqual(others, [])
  assert.deepEqual(
    [need?.tone, need?.title, need?.detail, need?.to],
    [
      'warn',
      '2 risks are high or very high, and accepted by nobody',
      'The worst is "Data loss", 20 of 25.',
      '/console/risk'
    ]
  )
  assert.deepEqual(said(risk('Malware', 25, 'very high', 'in-force')), [])
})

test('how many peers are linked is said as it is', () => {
  const text = (peersConnected: number, peersKnown: number) => linkedText({ peersConnected, peersKnown })
  assert.match(text(0, 0), /only device/)
  assert.match(text(1, 1), /linked with its one peer$/)
  assert.match(text(3, 3), /linked with all of its peers$/)
  assert.match(text(3, 4), /linked with 3 of 4 peers$/)
})
