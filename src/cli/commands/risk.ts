/** `risk`: what remains of each risk of the network now, why, and who lives with it. */

import { Option } from 'commander'
import { z } from 'zod'
import { ACCEPTANCE_MAX_MS, OWNER_CHARACTERS_MAX, type Risk, treatment } from '../../api/risk.ts'
import { DAY_MS } from '../../base/units.ts'
import { reason, renderActed } from '../acted.ts'
import { command, duration } from '../command.ts'
import { heatMap, riskText } from '../risk-text.ts'
import { type Column, isoTime, plural, printable, renderTable } from '../text.ts'

const count = ({ indicators }: Risk, grade: string): number =>
  indicators.filter(indicator => indicator.grade === grade).length

const COLUMNS: readonly Column<Risk>[] = [
  { title: 'RISK', value: row => row.id },
  { title: 'RESIDUAL', value: row => String(row.residual.score), align: 'right' },
  { title: 'LEVEL', value: row => row.residual.level },
  { title: 'L×I', value: row => `${row.residual.likelihood}×${row.residual.impact}` },
  { title: 'INHERENT', value: row => String(row.inherent.score), align: 'right' },
  { title: 'BAD', value: row => String(count(row, 'bad')), align: 'right' },
  { title: 'NOT KNOWN', value: row => String(count(row, 'unknown')), align: 'right' },
  { title: 'TREATMENT', value: row => row.treatment },
  { title: 'ACCEPTED', value: acceptedText },
  { title: 'OWNER', value: row => row.owner ?? '-' },
  { title: 'TITLE', value: row => row.title }
]

function acceptedText({ acceptances }: Risk): string {
  const best = ['in-force', 'exceeded', 'ended'].flatMap(
    state => acceptances.find(each => each.state === state) ?? []
  )[0]
  if (best === undefined) return '-'
  return best.state === 'in-force' ? `until ${isoTime(best.untilMs)}` : best.state
}

const id = z.string().min(1, 'write the id of a risk; peerage risk lists them').max(64)

export const listRisks = command({
  usage: 'list',
  isDefault: true,
  summary: 'list the risks of the network by what remains of them now, with a heat map',
  description:
    'RESIDUAL: likelihood times impact, from 1 to 25, as controls leave it now. INHERENT: as it would be without them. BAD and ' +
    'NOT KNOWN: indicators at or beyond their limit, and those that could not be measured; neither lowers a risk.',
  examples: ['peerage risk', 'peerage risk list --json'],
  input: z.object({}),
  run: async invocation => {
    const register = await invocation.client.call('risks', {})
    invocation.result(register, paint => [
      ...renderTable(register.risks, COLUMNS, paint),
      '',
      ...heatMap(register.risks, paint),
      '',
      `${plural(register.risks.length, 'risk')} of ${printable(register.org.name)}, read at ${isoTime(register.atMs)} by ${printable(register.device.name)}`,
      'see why one has its score with: peerage risk show ID'
    ])
  }
})

export const showRisk = command({
  usage: 'show <id>',
  summary: 'show what the score of a risk follows from: formula, indicators, controls, evidence and trend',
  examples: ['peerage risk show data-loss'],
  input: z.object({ id }),
  run: async (invocation, { id: of }) => {
    const risk = await invocation.client.call('risk', { id: of })
    invocation.result(risk, paint => riskText(risk, paint))
  }
})

export const acceptRisk = command({
  usage: 'accept <id>',
  summary: 'accept a risk as it is now, until an end, with a reason that is signed into the ledger',
  description:
    'For admins. It lowers nothing: the register says that the risk is accepted, until the end or until the residual score ' +
    'is higher than what was accepted.',
  examples: ['peerage risk accept site-loss --reason "the second site opens in March" --expires 90d'],
  options: [
    new Option('--reason <text>', 'why, for who reads the ledger').makeOptionMandatory(),
    new Option('--expires <duration>', 'for how long, at most 366d').makeOptionMandatory(),
    new Option('--score <number>', 'the highest residual score that is accepted (default: the one now)')
  ],
  input: z.object({
    id,
    reason,
    expires: duration.refine(ms => ms <= ACCEPTANCE_MAX_MS, `write at most ${ACCEPTANCE_MAX_MS / DAY_MS}d`),
    score: z.coerce
      .number('write a number from 1 to 25')
      .int('write a number from 1 to 25')
      .min(1, 'write a number from 1 to 25')
      .max(25, 'write a number from 1 to 25')
      .optional()
  }),
  run: async (invocation, { id: of, reason: why, expires, score }) => {
    const acted = await invocation.client.call('acceptRisk', {
      ...{ id: of, reason: why, expiresInMs: expires, score: score ?? null }
    })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})

export const withdrawRisk = command({
  usage: 'withdraw <id>',
  summary: 'end an acceptance before its time',
  description:
    'ID is a risk with one acceptance, or the beginning of the id of an acceptance (peerage risk show).',
  examples: ['peerage risk withdraw site-loss'],
  input: z.object({ id }),
  run: async (invocation, { id: of }) => {
    const acted = await invocation.client.call('withdrawAcceptance', { id: of })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})

function noted({ id: of, owner, treatment: by }: Risk): string[] {
  return [
    `risk ${of}: owner ${owner === null ? 'nobody' : printable(owner)}, treatment ${by}`,
    'noted on this device alone'
  ]
}

export const ownRisk = command({
  usage: 'own <id>',
  summary: 'note who sees to a risk, on this device alone',
  description:
    'It is not in the ledger, which can not forget the name of a person. An empty text takes the owner away.',
  examples: ['peerage risk own data-loss --owner "Head of IT"'],
  options: [
    new Option('--owner <text>', `who, at most ${OWNER_CHARACTERS_MAX} characters`).makeOptionMandatory()
  ],
  input: z.object({
    id,
    owner: z.string().max(OWNER_CHARACTERS_MAX, `write at most ${OWNER_CHARACTERS_MAX} characters`)
  }),
  run: async (invocation, { id: of, owner }) => {
    const risk = await invocation.client.call('setRiskOwner', { id: of, owner: owner === '' ? null : owner })
    invocation.result(risk, () => noted(risk))
  }
})

export const treatRisk = command({
  usage: 'treat <id> <treatment>',
  summary: 'note what is done about a risk, on this device alone',
  description: `TREATMENT is one of ${treatment.options.join(', ')} (ISO 31000, ISO/IEC 27005).`,
  examples: ['peerage risk treat site-loss mitigate'],
  input: z.object({
    id,
    treatment: z.enum(treatment.options, `write one of ${treatment.options.join(', ')}`)
  }),
  run: async (invocation, { id: of, treatment: by }) => {
    const risk = await invocation.client.call('setRiskTreatment', { id: of, treatment: by })
    invocation.result(risk, () => noted(risk))
  }
})
