/** What is saved, in words. */

import type { Answer } from '../../api/routes.ts'
import type { BytesPart } from '../../components/parts-bar.tsx'

type Report = Answer<'fleetSavings'>
type Price = NonNullable<Report['sites'][number]['price']>

const CENT = 0.01

/** Currencies are not converted. */
export function moneyText(money: Report['money']): string {
  return money.map(({ currency, saved }) => `${amountText(saved)} ${currency}`).join(' + ')
}

/** What is little is not nothing. */
function amountText(saved: number): string {
  return saved > 0 && saved < CENT ? `less than ${CENT}` : saved.toFixed(2)
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
    { label: 'from devices of the same site', bytes: siteBytes, color: 'teal.7' },
    { label: 'from devices of other sites', bytes: wanBytes, color: 'blue.7' },
    { label: 'from origins', bytes: originBytes, color: 'orange.8' }
  ].filter(({ bytes }) => bytes > 0)
}
