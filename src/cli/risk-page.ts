/**
 * The risk register as a page to print: one file, no resource from anywhere, no script, and whatever somebody typed is
 * escaped. The heat map is SVG that says the same in words, for who can not see it; colours are never all that says it.
 */

import type { Risk, RiskRegister } from '../api/risk.ts'
import { escaped } from '../base/html.ts'
import { LEVELS, levelOf } from '../base/risk-level.ts'
import { named } from './acted.ts'
import { fromText, heatCounts, valueText } from './risk-text.ts'
import { isoTime } from './text.ts'

const STYLE = [
  ':root{color-scheme:light dark;--ink:#111;--paper:#fff;--line:#888;',
  '--c1:#cfe8cf;--c2:#e6eebb;--c3:#ffe08a;--c4:#f7a98a;--c5:#e5737b}',
  '@media(prefers-color-scheme:dark){:root{--ink:#eee;--paper:#161616;--line:#777;',
  '--c1:#1f4a26;--c2:#454f14;--c3:#5e4a00;--c4:#74321a;--c5:#7d1f2a}}',
  'body{font:14px/1.5 sans-serif;max-width:72em;margin:2em auto;padding:0 1em;color:var(--ink);background:var(--paper)}',
  'table{border-collapse:collapse;width:100%;margin:.5em 0 1.5em}',
  'th,td{border:1px solid var(--line);padding:.3em .5em;text-align:left;vertical-align:top}',
  'caption{text-align:left;font-weight:bold;padding:.3em 0}',
  'svg text{fill:var(--ink);font:14px sans-serif}svg rect{stroke:var(--line)}',
  '.l1{fill:var(--c1)}.l2{fill:var(--c2)}.l3{fill:var(--c3)}.l4{fill:var(--c4)}.l5{fill:var(--c5)}',
  'a{color:inherit}code{word-break:break-all}',
  '@media print{body{margin:0}section{break-inside:avoid-page}h2,h3{break-after:avoid}tr{break-inside:avoid}}'
].join('')

const DEGREES = [1, 2, 3, 4, 5] as const
const CELL = 56
const LEFT = 110
const BOTTOM = 44
/** From the middle of a line of text to its base. */
const TEXT_DROP = 5

export function riskPage(register: RiskRegister): string {
  const { org, device, atMs, software, risks } = register
  const title = `Risk register of ${org.name}`
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${escaped(title)}</title><style>${STYLE}</style></head><body><main>`,
    `<h1>${escaped(title)}</h1>`,
    `<p>Read at ${isoTime(atMs)} by ${escaped(device.name)} (${escaped(software)}). A score is likelihood × impact, from 1 to 25. `,
    'Residual is what controls leave now; inherent is what there would be without them. What is not known never lowers a risk.</p>',
    '<h2 id="map">Heat map of residual risk</h2>',
    heatSvg(risks),
    table('Risks by residual score', SUMMARY_HEAD, risks.map(summaryRow)),
    '<h2>Each risk</h2>',
    ...risks.map(section),
    '</main></body></html>'
  ].join('\n')
}

const SUMMARY_HEAD = ['Risk', 'Residual', 'Level', 'Likelihood', 'Impact', 'Inherent', 'Treatment', 'Owner']

function summaryRow({ id, title, residual, inherent, treatment, owner }: Risk): readonly string[] {
  return [
    `<a href="#${escaped(id)}">${escaped(title)}</a>`,
    ...[residual.score, residual.level, residual.likelihood, residual.impact, inherent.score, treatment].map(
      text
    ),
    text(owner ?? '-')
  ]
}

function heatSvg(risks: readonly Risk[]): string {
  const counts = heatCounts(risks)
  const width = LEFT + DEGREES.length * CELL + 10
  const height = DEGREES.length * CELL + BOTTOM
  const cells = DEGREES.flatMap(likelihood =>
    DEGREES.map(impact => {
      const [x, y] = [LEFT + (impact - 1) * CELL, (DEGREES.length - likelihood) * CELL]
      const count = counts.get(`${likelihood} ${impact}`) ?? 0
      const level = levelNumber(likelihood * impact)
      const rect = `<rect x="${x}" y="${y}" width="${CELL}" height="${CELL}" class="l${level}"/>`
      return (
        rect +
        svgText(String(count || ''), { x: x + CELL / 2, y: y + CELL / 2 + TEXT_DROP, anchor: 'middle' })
      )
    })
  )
  const words = DEGREES.map(degree => {
    const y = (DEGREES.length - degree) * CELL + CELL / 2 + TEXT_DROP
    const x = LEFT + (degree - 1) * CELL + CELL / 2
    const word = svgText(`${degree} ${LEVELS[degree - 1]}`, { x: LEFT - 8, y, anchor: 'end' })
    return word + svgText(String(degree), { x, y: DEGREES.length * CELL + 18, anchor: 'middle' })
  })
  const said = [...counts].map(([cell, count]) => {
    const [likelihood, impact] = cell.split(' ')
    return `${count} at likelihood ${likelihood}, impact ${impact}`
  })
  return [
    `<svg viewBox="0 0 ${width} ${height}" width="${width}" role="img" aria-labelledby="heat-title heat-desc">`,
    '<title id="heat-title">How many risks have each likelihood and impact</title>',
    `<desc id="heat-desc">${escaped(said.join('; ') || 'no risks')}</desc>`,
    ...cells,
    ...words,
    svgText('impact (likelihood upwards)', {
      ...{ x: LEFT + (DEGREES.length * CELL) / 2, y: height - 6, anchor: 'middle' }
    }),
    '</svg>'
  ].join('')
}

function svgText(
  words: string,
  { x, y, anchor }: { readonly x: number; readonly y: number; readonly anchor: 'middle' | 'end' }
): string {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}">${escaped(words)}</text>`
}

function levelNumber(score: number): number {
  return LEVELS.indexOf(levelOf(score)) + 1
}

function section(risk: Risk): string {
  const { id, title, description, inherent, residual, steps, mapping, acceptances, threatEvents } = risk
  return [
    `<section id="${escaped(id)}"><h3>${escaped(title)} (<code>${escaped(id)}</code>)</h3>`,
    `<p>${escaped(description)}</p>`,
    `<p>Residual ${residual.likelihood} × ${residual.impact} = <strong>${residual.score}, ${residual.level}</strong>. `,
    `Inherent ${inherent.likelihood} × ${inherent.impact} = ${inherent.score}: ${escaped(inherent.why)}. `,
    `Treatment: ${risk.treatment}. Owner: ${escaped(risk.owner ?? 'nobody')}.</p>`,
    `<ul>${[...steps.likelihood, ...steps.impact].map(step => `<li>${escaped(step)}</li>`).join('')}</ul>`,
    table(
      'Indicators',
      ['Indicator', 'Factor', 'Value', 'Is', 'Target', 'Limit', 'From', 'Read at'],
      risk.indicators.map(each =>
        [
          [each.title, each.unknown ?? each.detail].filter(Boolean).join(': '),
          ...[each.factor, each.value === null ? 'not known' : valueText(each.unit, each.value), each.grade],
          ...[valueText(each.unit, each.target), valueText(each.unit, each.limit)],
          ...[fromText(each), isoTime(each.atMs)]
        ].map(text)
      )
    ),
    table(
      'Controls',
      ['Control', 'Basis', 'Takes off', 'Because', 'Evidence'],
      risk.controls.map(each =>
        [each.title, each.basis, `${each.takes} of ${each.factor}`, each.because, each.evidence].map(text)
      )
    ),
    acceptances.length === 0
      ? '<p>Nobody has accepted it.</p>'
      : table(
          'Acceptances',
          ['By', 'Score', 'Until', 'State', 'Reason', 'Operation'],
          acceptances.map(each =>
            [named(each.by), each.score, isoTime(each.untilMs), each.state, each.reason, each.operation].map(
              text
            )
          )
        ),
    `<p>Threat events (NIST SP 800-30): ${escaped(threatEvents.join('; '))}. NIST CSF 2.0: ${mapping.csf.join(', ')}. `,
    `ISO/IEC 27001:2022 Annex A: ${mapping.iso.join(', ')}. GDPR: ${mapping.gdpr.join(', ')}.</p></section>`
  ].join('')
}

/** Cells are HTML already. */
function table(caption: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const headings = head.map(each => `<th scope="col">${escaped(each)}</th>`).join('')
  const body = rows.map(cells => `<tr>${cells.map(each => `<td>${each}</td>`).join('')}</tr>`).join('')
  return `<table><caption>${escaped(caption)}</caption><thead><tr>${headings}</tr></thead><tbody>${body}</tbody></table>`
}

const text = (value: string | number): string => escaped(String(value))
