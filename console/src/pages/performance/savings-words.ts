/** What is saved, in words. */

import type { Answer } from '../../api/routes.ts'
import type { BytesPart } from '../../components/parts-bar.tsx'
import { colourVariable } from '../../palette.ts'

type Report = Answer<'fleetSavings'>
type Price = NonNullable<Report['sites'][number]['price']>

const CENT = 0.01

/** Currencies are not converted. */
export function moneyText(money: Report['money']): string {
  return money.map(({ currency, saved }) => `${amountText(saved)} ${currency}`).join(' + ')
}

/** What is little is not nothing. */
function amountText(saved: number): string {
  return saved > 0 && saved < CENT ? `< ${CENT}` : saved.toFixed(2)
}

export function priceText({ perGb, currency }: Pick<Price, 'perGb' | 'currency'>): string {
  return `${perGb} ${currency}`
}

/** Those of which anything came. */
export function sourcesOf(
  report: Pick<Report, 'siteBytes' | 'wanBytes' | 'originBytes'>
): readonly BytesPart[] {
  const { siteBytes, wanBytes, originBytes } = report
  return [
    { label: 'from devices of the same site', bytes: siteBytes, color: colourVariable('near') },
    { label: 'from devices of other sites', bytes: wanBytes, color: colourVariable('far') },
    { label: 'from origins', bytes: originBytes, color: colourVariable('origin') }
  ].filter(({ bytes }) => bytes > 0)
}
