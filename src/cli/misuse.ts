/** What is said to who wrote a command line that is none: what is wrong with it, and whose help has what was meant. */

import type { Command, CommanderError } from 'commander'
import { AppError } from '../base/errors.ts'

const ONE_OF = new Intl.ListFormat('en', { type: 'disjunction' })

/** The command that a line names, as far as its words are names of commands. */
export function namedCommand(program: Command, argv: readonly string[]): Command {
  let named = program
  for (const word of argv) {
    const next = named.commands.find(each => each.name() === word || each.aliases().includes(word))
    if (next !== undefined) named = next
  }
  return named
}

export function misusedError({ code, message }: CommanderError, named: Command): AppError {
  const amount = /unknown option '(-[\d.][^']*)'/.exec(message)?.[1]
  if (amount !== undefined)
    return new AppError(
      'USAGE',
      `${amount} is less than nothing: write an amount without a minus sign, such as ${amount.slice(1)}`
    )
  const words = pathOf(named)
  return new AppError('USAGE', `${wrongWith(code, message, named)}; see ${words} --help`)
}

function wrongWith(code: string, message: string, named: Command): string {
  const members = named.commands.filter(each => each.name() !== 'help')
  // A group that was named alone: the parser would show its help, and says only that it did.
  if (code === 'commander.help')
    return `${pathOf(named)} needs ${ONE_OF.format(members.map(each => each.name()))}`
  const meant = /^error: too many arguments for '([^']*)'/.exec(message)?.[1]
  const byDefault = members.find(each => each.name() === meant)
  // The parser takes a word that is no member for an argument of the member that is meant when none is named.
  if (byDefault !== undefined)
    return `unknown command '${byDefault.args[byDefault.registeredArguments.length]}' of ${pathOf(named)}`
  return message
    .replace(/^error: /, '')
    .replace(/^command-argument value '([^']*)' is invalid for argument '([^']*)'/, "$2 can not be '$1'")
    .replace(/\n+/g, ' ')
    .replace(/\.$/, '')
}

function pathOf(command: Command): string {
  const { parent } = command
  return parent === null ? command.name() : `${pathOf(parent)} ${command.name()}`
}
