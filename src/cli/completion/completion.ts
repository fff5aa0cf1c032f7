/**
 * What could stand where the cursor is, on a command line that is being typed. It follows the tree of commands, so it
 * is never out of date; what only the node knows, such as names of datasets, is left to the caller to ask for.
 */

import type { Argument, Command, Option } from 'commander'

/** What the node knows the names of. */
export const NAME_KINDS = [
  'dataset',
  'device',
  'group',
  'transfer',
  'case',
  'hold',
  'token',
  'operation'
] as const
export type NameKind = (typeof NAME_KINDS)[number]

export interface Candidate {
  readonly word: string
  /** One line; empty when the word says it all. */
  readonly about: string
}

export interface Completion {
  readonly candidates: readonly Candidate[]
  /** Names that may stand here, too. */
  readonly names: readonly NameKind[]
  /** Whether a path of this machine may stand here. */
  readonly paths: boolean
}

const NOTHING: Completion = { candidates: [], names: [], paths: false }

const PATHS = new Set(['path', 'file', 'files', 'folder', 'dir', 'destination', 'keys', 'proposal', 'socket'])
/** What an argument stands for, by its name in the help. */
const NAMES: Readonly<Record<string, readonly NameKind[]>> = {
  dataset: ['dataset'],
  what: ['dataset'],
  device: ['device'],
  who: ['device', 'group'],
  to: ['device', 'group'],
  group: ['group'],
  transfer: ['transfer'],
  case: ['case'],
  hold: ['hold'],
  operation: ['operation']
}
/** Where an argument is called `name` or `id`: by the command that it belongs to. */
const NAMES_OF_FAMILY: Readonly<Record<string, readonly NameKind[]>> = {
  dataset: ['dataset'],
  storage: ['dataset'],
  hold: ['dataset'],
  scan: ['dataset'],
  group: ['group'],
  token: ['token']
}
/** Commands whose `name` is one that does not exist yet. */
const MAKES = new Set(['create'])

/** `words` are those after the name of the program; the last is the one that is being typed, empty at its start. */
export function complete(program: Command, words: readonly string[]): Completion {
  const typed = words.at(-1) ?? ''
  const { command, given, pending, isOnlyArguments } = readWords(program, words.slice(0, -1))
  if (pending !== undefined) return starting(valuesOf(pending, command), typed)
  const inline = /^(--[a-z-]+)=(.*)$/s.exec(typed)
  if (inline !== null && !isOnlyArguments) {
    const [, long, value] = inline as unknown as [string, string, string]
    const option = optionsOf(command).find(each => each.long === long)
    if (option === undefined) return NOTHING
    const found = starting(valuesOf(option, command), value)
    return { ...found, candidates: found.candidates.map(each => ({ ...each, word: `${long}=${each.word}` })) }
  }
  if (typed.startsWith('-') && !isOnlyArguments) return starting(flagsOf(command), typed)
  return starting(next(command, given), typed)
}

interface Read {
  readonly command: Command
  /** Arguments of that command so far. */
  readonly given: number
  /** The option whose value comes next. */
  readonly pending: Option | undefined
  /** After `--`. */
  readonly isOnlyArguments: boolean
}

function readWords(program: Command, words: readonly string[]): Read {
  let command = program
  let given = 0
  let pending: Option | undefined
  let isOnlyArguments = false
  for (const word of words) {
    if (pending !== undefined) {
      pending = undefined
      continue
    }
    if (word === '--') isOnlyArguments = true
    else if (word.startsWith('-') && !isOnlyArguments)
      pending = optionsOf(command).find(
        option => (option.long === word || option.short === word) && takesValue(option)
      )
    else {
      const child =
        given === 0
          ? command.commands.find(each => [each.name(), ...each.aliases()].includes(word))
          : undefined
      if (child === undefined) given++
      else command = child
    }
  }
  return { command, given, pending, isOnlyArguments }
}

function takesValue(option: Option): boolean {
  return option.required || option.optional
}

/** Its own, and those of the program that stand anywhere. */
function optionsOf(command: Command): readonly Option[] {
  const meant = defaultOf(command)
  return [...command.options, ...(meant?.options ?? [])]
}

/** The command that a family means when none is named. Commander keeps its name to itself. */
function defaultOf(command: Command): Command | undefined {
  const name: unknown = Reflect.get(command, '_defaultCommandName')
  return command.commands.find(each => each.name() === name)
}

function next(command: Command, given: number): Completion {
  const children = given === 0 ? command.commands : []
  const meant = command.commands.length > 0 ? defaultOf(command) : command
  const own = meant === undefined ? NOTHING : argumentOf(meant, given)
  const named = children.map(each => ({ word: each.name(), about: each.summary() }))
  return { ...own, candidates: [...named, ...own.candidates] }
}

function argumentOf(command: Command, given: number): Completion {
  const all = command.registeredArguments
  const last = all.at(-1)
  const argument = all[given] ?? (last?.variadic === true ? last : undefined)
  if (argument === undefined) return NOTHING
  return placeOf(argument.name(), choicesOf(argument), command)
}

function choicesOf({ argChoices }: Pick<Argument | Option, 'argChoices'>): readonly string[] {
  return argChoices ?? []
}

function valuesOf(option: Option, command: Command): Completion {
  const name = /[<[]([a-z-]+)/.exec(option.flags)?.[1] ?? option.name()
  return placeOf(name === 'name' || name === 'id' ? option.name() : name, choicesOf(option), command)
}

function placeOf(name: string, choices: readonly string[], command: Command): Completion {
  const family = command.parent?.name() ?? ''
  const ofFamily = MAKES.has(command.name()) ? undefined : NAMES_OF_FAMILY[family]
  const names = NAMES[name] ?? (name === 'name' || name === 'id' ? ofFamily : undefined) ?? []
  const candidates = choices.map(word => ({ word, about: '' }))
  return { candidates, names, paths: choices.length === 0 && PATHS.has(name) }
}

function flagsOf(command: Command): Completion {
  const candidates = optionsOf(command).flatMap(({ long, description }) =>
    long === undefined || long === null ? [] : [{ word: long, about: firstLine(description) }]
  )
  const unique = new Map(
    [...candidates, { word: '--help', about: 'explain the command' }].map(each => [each.word, each])
  )
  return { candidates: [...unique.values()], names: [], paths: false }
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? ''
}

function starting(completion: Completion, typed: string): Completion {
  return { ...completion, candidates: completion.candidates.filter(({ word }) => word.startsWith(typed)) }
}
