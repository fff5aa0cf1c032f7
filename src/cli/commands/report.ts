/** `report`: what the org is asked for as a file. */

import { Option } from 'commander'
import { z } from 'zod'
import type { RiskRegister } from '../../api/risk.ts'
import { DAY_MS, formatBytes, formatDuration } from '../../base/units.ts'
import { processingPage, processingTable } from '../../report/processing-page.ts'
import { savingsCsv, savingsPage } from '../../report/savings-page.ts'
import { transferPage, transferTable } from '../../report/transfer-page.ts'
import type { AdminClient } from '../client.ts'
import { type CommandInstaller, command, type Invocation } from '../command.ts'
import { writeFileAtomically } from '../file-writer.ts'
import { instant, instantBefore } from '../instant.ts'
import { absolutePathOf } from '../paths.ts'
import { oscalResults } from '../risk-oscal.ts'
import { riskPage } from '../risk-page.ts'
import { isoTime, plural, printable } from '../text.ts'

interface Report<Format extends string, Value extends { readonly atMs: number }> {
  readonly usage: string
  readonly summary: string
  readonly description: string
  readonly examples: readonly string[]
  readonly formats: readonly [Format, ...Format[]]
  /** Of reports on a time: how long ago it begins by default. */
  readonly agoMs?: number
  readonly read: (client: AdminClient, fromMs: number) => Promise<Value>
  readonly render: (value: Value, format: Format) => string
  /** What the file has, by the names that --json gives it, and in words. */
  readonly counts: (value: Value) => { readonly [name: string]: number }
  readonly says: (value: Value) => string
}

/** Of commands that write a register to a file, in one of these formats. */
export function reportOptions(formats: readonly string[]): readonly Option[] {
  return [
    new Option('--format <name>', formats.join(', ')).makeOptionMandatory(),
    new Option('--out <file>', 'the file to write').makeOptionMandatory(),
    new Option('--force', 'replace the file')
  ]
}

export function reportShape<Format extends string>(formats: readonly [Format, ...Format[]]) {
  return {
    format: z.enum(formats, `write ${formats.join(', ')}`),
    out: z.string().min(1, 'write the name of a file'),
    force: z.boolean().default(false)
  }
}

export interface WrittenReport {
  readonly content: string
  readonly format: string
  readonly out: string
  readonly force: boolean
  readonly atMs: number
  /** What the file has, by the names that --json gives it, and in words. */
  readonly counts: { readonly [name: string]: number }
  readonly says: string
}

export async function writeReport(invocation: Invocation, of: WrittenReport): Promise<void> {
  const { content, format, out, force, atMs, counts, says } = of
  const path = absolutePathOf(out, invocation.context)
  const bytes = new TextEncoder().encode(content)
  await writeFileAtomically(path, bytes, { replace: force })
  const written = { path, format, bytes: bytes.length, atMs, ...counts }
  invocation.result(written, () => [
    `wrote ${says}, read at ${isoTime(atMs)}, to ${printable(path)} (${formatBytes(bytes.length)})`
  ])
}

/** A command that writes a register to a file. */
function report<Format extends string, Value extends { readonly atMs: number }>(
  spec: Report<Format, Value>
): CommandInstaller {
  const { usage, summary, description, examples, formats, agoMs } = spec
  const since =
    agoMs === undefined
      ? []
      : [
          new Option(
            '--since <time>',
            `from when: 24h, 7d, or a date; ${formatDuration(agoMs)} ago by default`
          )
        ]
  return command({
    ...{ usage, summary, description, examples },
    options: [...reportOptions(formats), ...since],
    input: z.object({ ...reportShape(formats), since: instant.optional() }),
    run: async (invocation, { format, since: from = { agoMs: agoMs ?? 0 }, out, force }) => {
      const value = await spec.read(invocation.client, instantBefore(from, invocation.context.nowMs()))
      await writeReport(invocation, {
        ...{ content: spec.render(value, format as Format), format, out, force, atMs: value.atMs },
        ...{ counts: spec.counts(value), says: spec.says(value) }
      })
    }
  })
}

export function jsonFile(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`
}

export const reportRisk = report({
  usage: 'risk',
  summary: 'write the risk register as a page to print, as JSON, or as OSCAL assessment results',
  description:
    'html is one page without script that loads nothing. oscal is OSCAL 1.1.3 assessment results in JSON, for GRC tools.',
  examples: [
    'peerage report risk --format html --out risk.html',
    'peerage report risk --format oscal --out risk-oscal.json'
  ],
  formats: ['html', 'json', 'oscal'],
  read: client => client.call('risks', {}),
  render: (register: RiskRegister, format) =>
    format === 'html'
      ? `${riskPage(register)}\n`
      : jsonFile(format === 'oscal' ? oscalResults(register) : register),
  counts: ({ risks }) => ({ risks: risks.length }),
  says: ({ risks }) => `${risks.length} risks`
})

export const reportProcessing = report({
  usage: 'processing',
  summary: 'write the record of processing activities (GDPR, Art. 30): as a page to print, CSV or JSON',
  description:
    'One activity for each dataset: purposes, categories, recipients and where they are, time limits, transfers, and the ' +
    'measures that are in force. What neither ledger nor notes say is marked as to be filled in: see peerage privacy. For ' +
    'admins and the role privacy.',
  examples: ['peerage report processing --format html --out record.html'],
  formats: ['html', 'csv', 'json'],
  read: client => client.call('processing', {}),
  render: (record, format) =>
    format === 'html'
      ? processingPage(record)
      : format === 'csv'
        ? processingTable(record)
        : jsonFile({ format: 'peerage-processing', v: 1, ...record }),
  counts: ({ activities }) => ({ activities: activities.length }),
  says: ({ activities }) => plural(activities.length, 'activity', 'activities')
})

export const reportSavings = report({
  usage: 'savings',
  summary: 'write what the devices that answer saved: as a page to print, CSV or JSON',
  description:
    'html is one page without script that loads nothing. csv has a line for each device, those that did not answer without ' +
    'figures. Money is by the prices of the org (peerage prices).',
  examples: ['peerage report savings --format html --out savings.html --since 90d'],
  formats: ['html', 'csv', 'json'],
  agoMs: 30 * DAY_MS,
  read: (client, fromMs) => client.call('fleetSavings', { fromMs, toMs: null }),
  render: (savings, format) =>
    format === 'html' ? savingsPage(savings) : format === 'csv' ? savingsCsv(savings) : jsonFile(savings),
  counts: ({ heard }) => ({ devices: heard.devices, silent: heard.silentCount }),
  says: ({ heard }) =>
    `the savings of ${plural(heard.devices, 'device')} (${heard.silentCount} did not answer)`
})

export const reportTransfers = report({
  usage: 'transfers',
  summary: 'write the register of transfers out of the territory (GDPR, chapter V): as a page, CSV or JSON',
  description:
    'Which versions are kept, held, read or readable outside the territory, since when and by which basis, and what policies of ' +
    'storage and access forbid. Countries and bases are noted with peerage privacy place. For admins and the role privacy.',
  examples: ['peerage report transfers --format html --out transfers.html'],
  formats: ['html', 'csv', 'json'],
  read: client => client.call('placesOutside', {}),
  render: (register, format) =>
    format === 'html'
      ? transferPage(register)
      : format === 'csv'
        ? transferTable(register)
        : jsonFile({ format: 'peerage-transfers', v: 1, ...register }),
  counts: ({ transfers, unplaced }) => ({ transfers: transfers.length, unplaced: unplaced.length }),
  says: ({ transfers, unplaced }) =>
    `${plural(transfers.length, 'transfer')} and ${unplaced.length} where no country is noted`
})
