/**
 * What every command has in common: --home and --json, examples in its help, checked input, and the rule that
 * whatever goes wrong becomes one message and one exit code.
 *
 * With --json, stdout carries JSON only, one value on each line. A command either prints one object, or a
 * stream of lines that each have a `type`, the last of them `result` or `error`. A failure of the first kind
 * is `{"error": …}`, of the second `{"type": "error", "error": …}`, so `.error` finds it in both. Nothing goes
 * to stderr then but the log of `up`.
 */

import type { Argument, Command, Option } from 'commander'
import { z } from 'zod'
import { toErrorObject } from '../api/error.ts'
import { issueText } from '../api/issue-text.ts'
import { AppError } from '../base/errors.ts'
import { parseBytes, parseDurationMs } from '../base/units.ts'
import { AdminClient } from './client.ts'
import type { CliContext } from './context.ts'
import { resolveHome } from './home.ts'
import { ProgressMeter } from './progress.ts'
import { type Paint, paintFor } from './text.ts'

/** One run of one command. */
export class Invocation {
  readonly context: CliContext
  readonly home: string
  readonly json: boolean
  readonly paint: Paint
  readonly meter: ProgressMeter
  #client: AdminClient | undefined

  constructor(context: CliContext, options: { readonly home: string; readonly json: boolean }) {
    this.context = context
    this.home = options.home
    this.json = options.json
    this.paint = paintFor({ isTty: context.stdout.isTty, env: context.env })
    this.meter = new ProgressMeter(context.stderr, context.monotonicMs)
  }

  get client(): AdminClient {
    this.#client ??= new AdminClient(this.home)
    return this.#client
  }

  /** Prints the result: `value` with --json, else the lines that `render` makes for people. */
  result(value: unknown, render: (paint: Paint) => readonly string[]): void {
    if (this.json) this.#value(value)
    else for (const line of render(this.paint)) this.context.stdout.write(`${line}\n`)
  }

  /** Reports progress: a line of the stream with --json, else what `render` makes, redrawn in place. */
  progress(value: unknown, render: () => string | readonly string[], how: { isNews?: boolean } = {}): void {
    if (this.json) this.#value({ type: 'progress', progress: value })
    else this.meter.update(render, how)
  }

  /** Ends a stream with its result. */
  streamResult(value: unknown, render: (paint: Paint) => readonly string[]): void {
    this.meter.clear()
    this.result({ type: 'result', result: value }, render)
  }

  /** Says something that is neither result nor error; silent with --json. */
  note(text: string): void {
    this.meter.clear()
    if (!this.json) this.context.stderr.write(`${text}\n`)
  }

  #value(value: unknown): void {
    this.context.stdout.write(`${JSON.stringify(value)}\n`)
  }
}

export interface CommandSpec<Input extends z.ZodType> {
  /** Name and arguments as commander reads them; the names of the arguments are keys of the input. */
  readonly usage: string
  /** Arguments of which the usage would say too little, such as those with choices. */
  readonly arguments?: readonly Argument[]
  readonly aliases?: readonly string[]
  /** True for the command that its parent means when none is named. */
  readonly isDefault?: boolean
  readonly summary: string
  /** What else a user has to know. */
  readonly description?: string
  readonly examples: readonly string[]
  readonly options?: readonly Option[]
  /** Checks arguments and options together. */
  readonly input: Input
  /** True when --json gives a stream of lines. */
  readonly streams?: boolean
  /** Resolves to the exit code, if it is not that of success. */
  readonly run: (invocation: Invocation, input: z.output<Input>) => Promise<number | undefined>
}

/** What is known of a run when it ends, well or badly. */
export interface Outcome {
  exitCode: number
  /** Whether the command that ran prints a stream of lines. */
  streams: boolean
}

/** Adds a command to its parent; its run fills in the outcome. */
export type CommandInstaller = (parent: Command, context: CliContext, outcome: Outcome) => void

export const HOME_OPTION = [
  '--home <dir>',
  'home folder of the device (default: PEERAGE_HOME, or the platform’s)'
] as const
export const JSON_OPTION = ['--json', 'print JSON, one value on each line'] as const

const common = z.object({ home: z.string().optional(), json: z.boolean().default(false) })

export function command<Input extends z.ZodType>(spec: CommandSpec<Input>): CommandInstaller {
  return (parent, context, outcome) => {
    const added = parent.command(spec.usage, { isDefault: spec.isDefault ?? false }).summary(spec.summary)
    added.description([spec.summary, spec.description].filter(Boolean).join('\n\n'))
    for (const argument of spec.arguments ?? []) added.addArgument(argument)
    for (const alias of spec.aliases ?? []) added.alias(alias)
    for (const option of spec.options ?? []) added.addOption(option)
    added.option(...HOME_OPTION).option(...JSON_OPTION)
    added.addHelpText('after', `\nExample${spec.examples.length === 1 ? '' : 's'}:\n${indent(spec.examples)}`)
    added.action(async () => {
      outcome.streams = spec.streams ?? false
      const values: unknown = { ...added.optsWithGlobals(), ...added.opts(), ...namedArguments(added) }
      const { home, json } = common.parse(values)
      const invocation = new Invocation(context, { home: resolveHome(home, context), json })
      outcome.exitCode = (await spec.run(invocation, parseInput(spec.input, values, added))) ?? 0
    })
  }
}

function namedArguments(of: Command): Record<string, unknown> {
  return Object.fromEntries(
    of.registeredArguments.map((argument, index) => [argument.name(), of.processedArgs[index]])
  )
}

function parseInput<Input extends z.ZodType>(schema: Input, values: unknown, of: Command): z.output<Input> {
  const parsed = schema.safeParse(values, { error: issueText })
  if (parsed.success) return parsed.data
  const issues = parsed.error.issues.map(({ path, message }) => {
    const key = String(path[0])
    const option = of.options.find(candidate => candidate.attributeName() === key)
    const given =
      typeof values === 'object' && values !== null && key in values ? Reflect.get(values, key) : undefined
    const what = option === undefined ? `<${key}>` : `--${option.name()}`
    return given === undefined
      ? `${what} is missing: ${message}`
      : `${what} can not be ${[given]
          .flat()
          .map(each => JSON.stringify(each))
          .join(', ')}: ${message}`
  })
  throw new AppError('USAGE', issues.join('; '), { details: { command: of.name() } })
}

function indent(lines: readonly string[]): string {
  return lines.map(line => `  $ ${line}`).join('\n')
}

/** The error as --json prints it. */
export function errorValue(error: AppError, streams: boolean): unknown {
  return streams ? { type: 'error', error: toErrorObject(error) } : { error: toErrorObject(error) }
}

/** Gathers what is given to an option that may be repeated. */
export function collect(value: string, earlier: readonly string[] | undefined): string[] {
  return [...(earlier ?? []), value]
}

/** A number of bytes. With `hasZero`, 0 needs no unit: it means that there is none. */
export const size = (words: string, { hasZero = false }: { readonly hasZero?: boolean } = {}) =>
  z.string().transform((text, context) => {
    const bytes = hasZero && text === '0' ? 0 : parseBytes(text)
    if (bytes !== undefined) return bytes
    context.addIssue({ code: 'custom', message: words })
    return z.NEVER
  })

/** At the most so many of what is listed. */
export const countLimit = ({ max, byDefault }: { readonly max: number; readonly byDefault: number }) =>
  z.coerce
    .number({ error: 'write a number' })
    .int('write a whole number')
    .min(1, 'at least 1')
    .max(max, `at most ${max}`)
    .default(byDefault)

export const duration = z.string().transform((text, context) => {
  const ms = parseDurationMs(text)
  if (ms !== undefined && ms > 0) return ms
  context.addIssue({ code: 'custom', message: 'write a duration such as 90s, 30m, 24h or 7d' })
  return z.NEVER
})
