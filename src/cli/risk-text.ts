/** Risks as text: values with their units, the heat map, and one risk in full. */

import type { Risk, RiskAcceptance, RiskControl, RiskIndicator } from '../api/risk.ts'
import { shortId } from '../base/ids.ts'
import { formatBytes, formatDuration } from '../base/units.ts'
import { named } from './acted.ts'
import { type Column, isoTime, type Paint, renderFields, renderTable } from './text.ts'

const DEGREES = [1, 2, 3, 4, 5] as const
const PERCENT = 100
const CELL_COLUMNS = 4

export function valueText(unit: RiskIndicator['unit'], value: number): string {
  if (unit === 'share') return `${Number((value * PERCENT).toFixed(1))} %`
  if (unit === 'ms') return value < 0 ? `-${formatDuration(-value)}` : formatDuration(value)
  return unit === 'bytes' ? formatBytes(value) : String(value)
}

/** How many risks have each likelihood and impact now. */
export function heatCounts(risks: readonly Risk[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { residual } of risks) {
    const cell = `${residual.likelihood} ${residual.impact}`
    counts.set(cell, (counts.get(cell) ?? 0) + 1)
  }
  return counts
}

export function heatMap(risks: readonly Risk[], paint: Paint): string[] {
  const counts = heatCounts(risks)
  const cell = (text: string) => text.padStart(CELL_COLUMNS)
  const rows = DEGREES.toReversed().map(likelihood => {
    const cells = DEGREES.map(impact => cell(String(counts.get(`${likelihood} ${impact}`) ?? '.')))
    return `likelihood ${likelihood}  ${cells.join('')}`
  })
  return [
    paint('bold', 'Risks by what remains of them'),
    ...rows,
    `${'impact'.padEnd('likelihood 5'.length)}  ${DEGREES.map(impact => cell(String(impact))).join('')}`
  ]
}

const INDICATORS: readonly Column<RiskIndicator>[] = [
  { title: 'INDICATOR', value: row => row.id },
  { title: 'OF', value: row => row.factor },
  {
    title: 'VALUE',
    value: row => (row.value === null ? 'not known' : valueText(row.unit, row.value)),
    align: 'right'
  },
  { title: 'IS', value: row => row.grade },
  { title: 'TARGET', value: row => bound(row, row.target, ['≤', '≥']), align: 'right' },
  { title: 'LIMIT', value: row => bound(row, row.limit, ['≥', '≤']), align: 'right' },
  { title: 'FROM', value: fromText },
  { title: 'READ AT', value: row => isoTime(row.atMs) },
  { title: 'WHAT', value: row => [row.title, row.unknown ?? row.detail].filter(Boolean).join(': ') }
]

const CONTROLS: readonly Column<RiskControl>[] = [
  { title: 'CONTROL', value: row => row.title },
  { title: 'BASIS', value: row => row.basis },
  { title: 'TAKES OFF', value: row => `${row.takes} of ${row.steps} of ${row.factor}` },
  { title: 'BECAUSE', value: row => row.because },
  { title: 'EVIDENCE', value: row => row.evidence }
]

const ACCEPTANCES: readonly Column<RiskAcceptance>[] = [
  { title: 'ACCEPTANCE', value: row => shortId(row.operation) },
  { title: 'BY', value: row => named(row.by) },
  { title: 'SCORE', value: row => `≤ ${row.score}`, align: 'right' },
  { title: 'UNTIL', value: row => isoTime(row.untilMs) },
  { title: 'STATE', value: row => row.state },
  { title: 'REASON', value: row => row.reason }
]

function bound(
  { better, unit }: RiskIndicator,
  value: number,
  [lower, higher]: readonly [string, string]
): string {
  return `${better === 'lower' ? lower : higher} ${valueText(unit, value)}`
}

const NAMED_MAX = 3

/** The devices whose word or measurement it is. */
export function fromText({ devices }: Pick<RiskIndicator, 'devices'>): string {
  const names = devices.slice(0, NAMED_MAX).map(named)
  return names.length === 0
    ? '-'
    : [...names, ...(devices.length > NAMED_MAX ? [`${devices.length - NAMED_MAX} more`] : [])].join(', ')
}

export function riskText(risk: Risk, paint: Paint): string[] {
  const { inherent, residual, steps, mapping, acceptances, trend } = risk
  const heading = (text: string) => ['', paint('bold', text)]
  return [
    ...renderFields(
      [
        ['risk', `${risk.id}: ${risk.title}`],
        ['what', risk.description],
        ['category', risk.category],
        ['threat events', risk.threatEvents.join('; ')],
        [
          'inherent',
          `${inherent.likelihood} × ${inherent.impact} = ${inherent.score}, ${inherent.level}: ${inherent.why}`
        ],
        ['residual', `${residual.likelihood} × ${residual.impact} = ${residual.score}, ${residual.level}`],
        ['owner', risk.owner ?? `nobody; name one with: peerage risk own ${risk.id} --owner TEXT`],
        ['treatment', risk.treatment],
        ['NIST CSF 2.0', mapping.csf.join(', ')],
        ['ISO/IEC 27001', `2022 Annex A: ${mapping.iso.join(', ')}`],
        ['GDPR', mapping.gdpr.join(', ')]
      ],
      paint
    ),
    ...heading('Likelihood'),
    ...steps.likelihood,
    ...heading('Impact'),
    ...steps.impact,
    ...heading('Indicators'),
    ...renderTable(risk.indicators, INDICATORS, paint),
    ...heading('Controls'),
    ...renderTable(risk.controls, CONTROLS, paint),
    ...heading('Acceptances'),
    ...(acceptances.length === 0 ? ['nobody has accepted it'] : renderTable(acceptances, ACCEPTANCES, paint)),
    ...heading('Trend: the worst of each day, or of the week from there'),
    ...trend.slice(-DAYS_SHOWN).map(({ dayAtMs, likelihood, impact, score }) => {
      const day = isoTime(dayAtMs).slice(0, 'YYYY-MM-DD'.length)
      return `${day}  ${likelihood} × ${impact} = ${score}  ${'#'.repeat(score)}`
    })
  ]
}

const DAYS_SHOWN = 14
