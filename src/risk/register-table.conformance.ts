/** The register as the tables of docs/RISK.md, between its marks. */

import { RISKS } from './register.ts'
import type { RiskSpec } from './risk.ts'

export const TABLE_BEGIN = '<!-- risks: held against src/risk/register by register.test.ts -->'
export const TABLE_END = '<!-- /risks -->'

export function registerTables(): string {
  return [TABLE_BEGIN, '', ...RISKS.flatMap(tableOf), TABLE_END].join('\n')
}

function tableOf({ id, title, description, category, ...risk }: RiskSpec): string[] {
  const { likelihood, impact, why } = risk.inherent
  return [
    `### \`${id}\`: ${title}`,
    '',
    description,
    '',
    `${category}; inherent likelihood ${likelihood}, impact ${impact}, score ${likelihood * impact}: ${why}.`,
    '',
    `Threat events: ${risk.threatEvents.join('; ')}.`,
    '',
    '| Indicator | Factor | Unit | Target | Limit |',
    '|---|---|---|---|---|',
    ...risk.indicators.map(
      each =>
        `| \`${each.id}\`: ${each.title} | ${each.factor} | ${each.unit} | ${bound(each.better, each.target)} | ${each.limit} |`
    ),
    '',
    '| Control | Basis | Takes off | While | Evidence |',
    '|---|---|---|---|---|',
    ...risk.controls.map(
      each =>
        `| ${each.title} | ${each.basis} | ${each.steps} of ${each.factor} | ${codes(each.indicators)} | ${each.evidence} |`
    ),
    '',
    `${[
      `NIST CSF 2.0: ${risk.mapping.csf.join(', ')}`,
      `ISO/IEC 27001:2022 Annex A: ${risk.mapping.iso.join(', ')}`,
      `GDPR: ${risk.mapping.gdpr.join(', ')}`
    ].join('. ')}.`,
    ''
  ]
}

function bound(better: 'lower' | 'higher', target: number): string {
  return `${better === 'lower' ? '≤' : '≥'} ${target}`
}

function codes(ids: readonly string[]): string {
  return ids.map(id => `\`${id}\``).join(' ') || 'always'
}
