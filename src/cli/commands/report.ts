/** `report`: what the org is asked for as a file. */

import { resolve } from 'node:path'
import { Option } from 'commander'
import { z } from 'zod'
import type { RiskRegister } from '../../api/risk.ts'
import { DAY_MS, formatBytes, formatDuration } from '../../base/units.ts'
import type { AdminClient } from '../client.ts'
import { type CommandInstaller, command } from '../command.ts'
import { writeFileAtomically } from '../file-writer.ts'
import { instant, instantBefore } from '../instant.ts'
import { processingPage, processingTable } from '../processing-page.ts'
import { oscalResults } from '../risk-oscal.ts'
import { riskPage } from '../risk-page.ts'
import { savingsCsv, savingsPage } from '../savings-page.ts'
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

/** A command that writes a register to a file, in one of its formats. */
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
    options: [
      new Option('--format <name>', formats.join(', ')).makeOptionMandatory(),
      ...since,
      new Option('--out <file>', 'the file to write').makeOptionMandatory(),
      new Option('--force', 'replace the file')
    ],
    input: z.object({
      format: z.enum(formats, `write ${formats.join(', ')}`),
      since: instant.optional(),
      out: z.string().min(1, 'write the name of a file'),
      force: z.boolean().default(false)
    }),
    run: async (invocation, { format, since: from = { agoMs: agoMs ?? 0 }, out, force }) => {
      const value = await spec.read(invocation.client, instantBefore(from, invocation.context.nowMs()))
      const path = resolve(out)
      const bytes = new TextEncoder().encode(spec.render(value, format as Format))
      await writeFileAtomically(path, bytes, { replace: force })
      const written = { path, format, bytes: bytes.length, atMs: value.atMs, ...spec.counts(value) }
      invocation.result(written, () => [
        `wrote ${spec.says(value)}, read at ${isoTime(value.atMs)}, to ${printable(path)} (${formatBytes(bytes.length)})`
      ])
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
