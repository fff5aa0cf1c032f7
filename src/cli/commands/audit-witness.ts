/**
 * `audit checkpoint`, `audit witness`, `audit accept`: having logs witnessed by somebody outside the org, over files that
 * go to and fro.
 */

import { Option } from 'commander'
import { z } from 'zod'
import type { AuditAccepted, AuditAsked, AuditCheckpoints } from '../../api/audit.ts'
import { type DeviceName, orgId } from '../../api/field.ts'
import { ERROR_CODES } from '../../base/error-codes.ts'
import { AppError } from '../../base/errors.ts'
import { shortId } from '../../base/ids.ts'
import type { WitnessRun } from '../../daemon.ts'
import { command } from '../command.ts'
import { passphraseOption, readKeyPassphrase } from '../passphrase.ts'
import { absolutePathOf } from '../paths.ts'
import { isoTime, type Paint, plural, printable } from '../text.ts'

const AUDIT_BROKEN = ERROR_CODES.AUDIT_BROKEN.exitCode
/** Verdicts that say something against the device, or that a question is none. */
const BAD_VERDICTS = ['forked', 'inconsistent', 'malformed', 'unreadable'] as const

function named({ device, name }: DeviceName): string {
  return printable(name ?? shortId(device))
}

type Checkpoint = AuditCheckpoints['checkpoints'][number]

function renderCheckpoint({
  device,
  incarnation,
  ended,
  size,
  note,
  witnesses,
  outside
}: Checkpoint): string[] {
  const peers = `${plural(witnesses.length, 'peer')}${outside.map(name => ` and the witness ${name}`).join('')}`
  const log = `log of ${named(device)} begun at ${isoTime(incarnation)}${ended ? ', ended' : ''}`
  return [`${log}: ${plural(size, 'entry', 'entries')}, cosigned by ${printable(peers)}`, ...note.split('\n')]
}

function renderAsked({ path, witness, asked, missing }: AuditAsked, paint: Paint): string[] {
  return [
    ...asked.map(
      ({ device, oldSize, size }) =>
        `${named(device)}: from ${plural(oldSize, 'entry', 'entries')} that ${printable(witness)} cosigned to ${size}`
    ),
    ...missing.map(
      ({ device, reason }) =>
        `${paint('yellow', 'missing')}  the log of ${named(device)}: ${printable(reason)}`
    ),
    `wrote ${plural(asked.length, 'question')} to ${path}; there: peerage audit witness ${path} --name ${printable(witness)} --key FILE`
  ]
}

export const checkpointAudit = command({
  usage: 'checkpoint',
  summary: 'print the newest checkpoints of logs, or ask an outside witness to cosign them',
  description:
    'Prints C2SP signed notes with their cosignatures. With --out and --witness it writes a question for each log that is ' +
    'here in full into a folder, for audit witness on a machine that is no member; audit accept takes the answers.',
  examples: [
    'peerage audit checkpoint --device lab-7',
    'peerage audit checkpoint --out ./for-auditor --witness auditor.example'
  ],
  options: [
    new Option('--device <name>', 'only of one device, by its name or the beginning of its id'),
    new Option('--out <dir>', 'write questions into this folder instead'),
    new Option('--witness <name>', 'whom they are for: a name of a witness given to up with --audit-witness')
  ],
  input: z.object({
    device: z.string().min(1, 'write a name or an id').optional(),
    out: z.string().min(1, 'write a path').optional(),
    witness: z.string().min(1, 'write a name').optional()
  }),
  run: async (invocation, { device, out, witness }) => {
    const { client, context } = invocation
    if ((out === undefined) !== (witness === undefined) || (out !== undefined && device !== undefined))
      throw new AppError('USAGE', 'write --out and --witness together, and without --device')
    if (out !== undefined && witness !== undefined) {
      const asked = await client.call('auditAsk', { path: absolutePathOf(out, context), witness })
      invocation.result(asked, paint => renderAsked(asked, paint))
      return undefined
    }
    const report = await client.call('auditCheckpoints', { device: device ?? null })
    invocation.result(report, paint => [
      ...(report.checkpoints.length === 0
        ? ['no checkpoint is known']
        : report.checkpoints.flatMap(renderCheckpoint)),
      ...report.findings.map(({ kind, detail }) => `${paint('red', kind)}  ${printable(detail)}`)
    ])
    return report.findings.length === 0 ? undefined : AUDIT_BROKEN
  }
})

function renderRun({ witness, state, answers }: WitnessRun, paint: Paint): string[] {
  return [
    ...answers.map(({ file, device, size, verdict, cosignedSize, detail }) => {
      const isBad = BAD_VERDICTS.some(each => each === verdict)
      const log =
        device === null
          ? printable(file)
          : `log of ${shortId(device)}, ${plural(size ?? 0, 'entry', 'entries')}`
      const standing =
        verdict === 'cosigned' || cosignedSize === null ? '' : `; cosigned before: ${cosignedSize}`
      const colour = isBad ? 'red' : verdict === 'cosigned' ? 'green' : 'yellow'
      return `${paint(colour, verdict)}  ${log}${standing}${detail === null ? '' : `: ${printable(detail)}`}`
    }),
    ...(answers.length === 0 ? ['there is no question in this folder'] : []),
    `verifier key: ${witness}`,
    `what was cosigned is remembered in ${state}; keep it`
  ]
}

export const witnessAudit = command({
  usage: 'witness <folder>',
  summary: 'cosign checkpoints as a witness outside the org, on a machine that is no member',
  description:
    'Answers the questions that audit checkpoint --out wrote into the folder. It cosigns what grows out of what it cosigned ' +
    'before, and remembers that beside its key. Exits with 65 when a log does not: then its device has rewritten its history, ' +
    'whoever inside vouches for it. Needs neither a node nor a home. Prints the verifier key for peerage up --audit-witness; ' +
    'with an empty folder it does only that.',
  examples: ['peerage audit witness ./for-auditor --key witness.key --name auditor.example'],
  options: [
    new Option(
      '--key <file>',
      'key file of the witness, as peerage key create makes one'
    ).makeOptionMandatory(),
    new Option('--name <name>', 'name of the witness, such as auditor.example').makeOptionMandatory(),
    new Option('--state <file>', 'where it remembers what it cosigned (default: beside the key file)'),
    new Option('--org <id>', 'the org that questions must be of'),
    passphraseOption()
  ],
  input: z.object({
    folder: z.string().min(1, 'write a path'),
    key: z.string().min(1, 'name a file'),
    name: z.string().min(1, 'write a name'),
    state: z.string().min(1, 'name a file').optional(),
    org: orgId.optional(),
    passphraseFile: z.string().optional()
  }),
  run: async (invocation, { folder, key, name, state, org, passphraseFile }) => {
    const { context } = invocation
    const daemon = await context.loadDaemon()
    const keyFile = absolutePathOf(key, context)
    await daemon.keys.show(keyFile)
    const passphrase = await readKeyPassphrase(context, { file: passphraseFile })
    const run = await daemon.witnessAudit({
      ...{ folder: absolutePathOf(folder, context), keyFile, passphrase, name },
      statePath: state === undefined ? null : absolutePathOf(state, context),
      ...{ org: org ?? null, nowMs: context.nowMs }
    })
    invocation.result(run, paint => renderRun(run, paint))
    const isBad = run.answers.some(({ verdict }) => BAD_VERDICTS.some(each => each === verdict))
    return isBad ? AUDIT_BROKEN : undefined
  }
})

function renderAccepted({ accepted, refused, findings }: AuditAccepted, paint: Paint): string[] {
  return [
    ...accepted.map(
      ({ device, size, outside }) =>
        `${named(device)}: ${plural(size, 'entry', 'entries')} cosigned by ${printable(outside.join(', '))}`
    ),
    ...refused.map(
      ({ file, reason }) => `${paint('yellow', 'refused')}  ${printable(file)}: ${printable(reason)}`
    ),
    ...findings.map(({ kind, detail }) => `${paint('red', kind)}  ${printable(detail)}`),
    ...(accepted.length + refused.length === 0 ? ['there is no answer in this folder'] : [])
  ]
}

export const acceptAudit = command({
  usage: 'accept <folder>',
  summary: 'take the answers of an outside witness',
  description:
    'Checks each by the verifier keys that up was given with --audit-witness, and shows the cosignatures from then on. An ' +
    'answer that contradicts what a device shows inside the org convicts the device: then it exits with 65.',
  examples: ['peerage audit accept ./for-auditor'],
  input: z.object({ folder: z.string().min(1, 'write a path') }),
  run: async (invocation, { folder }) => {
    const { client, context } = invocation
    const result = await client.call('auditAccept', { path: absolutePathOf(folder, context) })
    invocation.result(result, paint => renderAccepted(result, paint))
    return result.findings.length + result.refused.length === 0 ? undefined : AUDIT_BROKEN
  }
})
