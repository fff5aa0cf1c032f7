/** `report`: what the org is asked for as a file. */

import { resolve } from 'node:path'
import { Option } from 'commander'
import { z } from 'zod'
import type { RiskRegister } from '../../api/risk.ts'
import { formatBytes } from '../../base/units.ts'
import { command } from '../command.ts'
import { writeFileAtomically } from '../file-writer.ts'
import { oscalResults } from '../risk-oscal.ts'
import { riskPage } from '../risk-page.ts'
import { isoTime, printable } from '../text.ts'

const FORMATS = ['html', 'json', 'oscal'] as const

function rendered(register: RiskRegister, format: (typeof FORMATS)[number]): string {
  if (format === 'html') return `${riskPage(register)}\n`
  return `${JSON.stringify(format === 'oscal' ? oscalResults(register) : register, undefined, 2)}\n`
}

export const reportRisk = command({
  usage: 'risk',
  summary: 'write the risk register as a page to print, as JSON, or as OSCAL assessment results',
  description:
    'html is one page without script that loads nothing. oscal is OSCAL 1.1.3 assessment results in JSON, for GRC tools.',
  examples: [
    'peerage report risk --format html --out risk.html',
    'peerage report risk --format oscal --out risk-oscal.json'
  ],
  options: [
    new Option('--format <name>', FORMATS.join(', ')).makeOptionMandatory(),
    new Option('--out <file>', 'the file to write').makeOptionMandatory(),
    new Option('--force', 'replace the file')
  ],
  input: z.object({
    format: z.enum(FORMATS, `write ${FORMATS.join(', ')}`),
    out: z.string().min(1, 'write the name of a file'),
    force: z.boolean().default(false)
  }),
  run: async (invocation, { format, out, force }) => {
    const register = await invocation.client.call('risks', {})
    const path = resolve(out)
    const bytes = new TextEncoder().encode(rendered(register, format))
    await writeFileAtomically(path, bytes, { replace: force })
    const written = { path, format, bytes: bytes.length, atMs: register.atMs, risks: register.risks.length }
    invocation.result(written, () => [
      `wrote ${written.risks} risks, read at ${isoTime(register.atMs)}, to ${printable(path)} (${formatBytes(bytes.length)})`
    ])
  }
})
