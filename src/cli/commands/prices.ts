/** `prices`: what a GB into a site over the WAN costs, as policy. */

import { Option } from 'commander'
import { z } from 'zod'
import { named, renderActed } from '../acted.ts'
import { command } from '../command.ts'
import { isoTime, renderTable } from '../text.ts'

const PRICE_MAX = 1_000_000
const site = z.string().min(1, 'write the name of a site').max(64).optional()
const siteOption = () => new Option('--site <name>', 'of one site; else of every site without one of its own')

export const price = z.coerce
  .number('write an amount such as 0.08')
  .nonnegative('write an amount that is not negative, such as 0.08')
  .max(PRICE_MAX, `write an amount of at most ${PRICE_MAX}`)
export const currency = z.string().regex(/^[A-Z]{3}$/, 'write three capital letters, such as EUR')

export const listPrices = command({
  usage: 'list',
  isDefault: true,
  summary: 'list what a GB into each site over the WAN costs',
  examples: ['peerage prices'],
  input: z.object({}),
  run: async invocation => {
    const list = await invocation.client.call('prices', {})
    invocation.result(list, paint =>
      list.prices.length === 0
        ? ['no price is set; peerage prices set 0.08 sets one for every site']
        : renderTable(
            list.prices,
            [
              { title: 'SITE', value: row => row.site ?? 'every other' },
              { title: 'A GB', align: 'right', value: row => String(row.perGb) },
              { title: 'CURRENCY', value: row => row.currency },
              { title: 'SET', value: row => isoTime(row.setAtMs) },
              { title: 'BY', value: row => named(row.by) }
            ],
            paint
          )
    )
  }
})

export const setPrice = command({
  usage: 'set <amount>',
  summary: 'set what a GB (1,000,000,000 bytes) over the WAN costs; an admin signs it into the ledger',
  examples: ['peerage prices set 0.08', 'peerage prices set 1.20 --currency USD --site lyon'],
  options: [
    new Option('--currency <code>', 'of which currency it is, such as EUR').default('EUR'),
    siteOption()
  ],
  input: z.object({ amount: price, currency, site }),
  run: async (invocation, { amount, currency: of, site: at }) => {
    const acted = await invocation.client.call('setPrice', {
      ...{ site: at ?? null, price: { currency: of, perGb: amount } }
    })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})

export const unsetPrice = command({
  usage: 'unset',
  summary: 'end a price',
  examples: ['peerage prices unset --site lyon'],
  options: [siteOption()],
  input: z.object({ site }),
  run: async (invocation, { site: at }) => {
    const acted = await invocation.client.call('setPrice', { site: at ?? null, price: null })
    invocation.result(acted, paint => renderActed(acted, paint))
  }
})
