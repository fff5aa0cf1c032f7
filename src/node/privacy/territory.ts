/**
 * Countries, and the territory within which data moves without a transfer in the sense of the GDPR, chapter V: the EEA,
 * or what the org says. Which countries have an adequacy decision is not known here: such decisions come and go.
 */

/** ISO 3166-1 codes of the member states of the EU, and of Iceland, Liechtenstein and Norway. */
export const EEA: ReadonlySet<string> = new Set(
  ('AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK ' + 'IS LI NO').split(
    ' '
  )
)
export const EEA_WORD = 'EEA'
const CODE = /^[A-Z]{2}$/
/** Codes that CLDR has names for and that are no country. */
const NO_COUNTRY: ReadonlySet<string> = new Set(['ZZ', 'EU', 'EZ', 'UN', 'XA', 'XB', 'QO'])
const names = new Intl.DisplayNames(['en'], { type: 'region' })

/** The code of a country, from one in any case or one that it had before, such as UK; undefined for what is none. */
export function countryOf(text: string): string | undefined {
  const upper = text.toUpperCase()
  if (!CODE.test(upper)) return undefined
  const code = new Intl.Locale(`und-${upper}`).region ?? upper
  if (!CODE.test(code) || NO_COUNTRY.has(code) || names.of(code) === code) return undefined
  return code
}

/** A territory in its written form: EEA and countries, with commas between; undefined for what is none. */
export function territoryOf(text: string): string | undefined {
  const parts = text.split(',').map(part => part.trim())
  const codes = parts.map(part => (part.toUpperCase() === EEA_WORD ? EEA_WORD : countryOf(part)))
  if (codes.some(code => code === undefined)) return undefined
  return [...new Set(codes)].sort((a, b) => rank(a) - rank(b)).join(',')
}

function rank(code: string | undefined): number {
  return code === EEA_WORD ? 0 : 1
}

export function isInside(territory: string, country: string): boolean {
  const parts = territory.split(',')
  return parts.includes(country) || (parts.includes(EEA_WORD) && EEA.has(country))
}
