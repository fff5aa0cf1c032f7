/** The manual page peerage(1), made from the help of all commands, in the man macros of roff (man(7)). */

import type { Command } from 'commander'
import { COMMAND_GROUPS } from './command-groups.ts'
import { EXIT_CODES } from './exit-codes.ts'

/** Text as roff takes it: no line of it is a request, and a hyphen stays the one that options are typed with. */
function roff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll('’', '\\(cq')
    .replaceAll('…', '\\&...')
    .replace(/^(?=[.'])/gm, '\\&')
}

const bold = (text: string): string => `\\fB${roff(text)}\\fR`

/** Paragraphs that are indented, or lists, keep their lines; others are filled. */
function prose(text: string): string[] {
  return text.split('\n\n').flatMap((paragraph, index) => {
    const lines = paragraph.split('\n').map(roff)
    const isSet = paragraph.split('\n').some(line => line.startsWith('  '))
    return [...(index === 0 ? [] : ['.PP']), ...(isSet ? ['.nf', ...lines, '.fi'] : lines)]
  })
}

function optionsOf(command: Command): string[] {
  return command.options
    .filter(({ long, hidden }) => !hidden && long !== '--home' && long !== '--json' && long !== '--version')
    .flatMap(option => {
      const choices = option.argChoices === undefined ? '' : ` One of: ${option.argChoices.join(', ')}.`
      const usual = typeof option.defaultValue === 'string' ? ` Without it: ${option.defaultValue}.` : ''
      return ['.TP', bold(option.flags), roff(`${sentence(option.description)}${choices}${usual}`)]
    })
}

function sentence(text: string): string {
  const first = text.charAt(0).toUpperCase() + text.slice(1)
  return /[.:]$/.test(first) ? first : `${first}.`
}

function examplesOf(command: Command): string[] {
  const lines = [...helpAfter(command).matchAll(/^ {2}\$ (.*)$/gm)].map(([, line]) => `$ ${line ?? ''}`)
  return lines.length === 0 ? [] : ['.PP', '.nf', ...lines.map(line => `.RS 4\n${roff(line)}\n.RE`), '.fi']
}

/** What the help has after the options; commander shows it and tells nobody. */
function helpAfter(command: Command): string {
  let text = ''
  const shown = command.configureOutput()
  command.configureOutput({ ...shown, writeOut: written => (text += written) })
  command.outputHelp()
  command.configureOutput(shown)
  return text.slice(Math.max(0, text.lastIndexOf('\nExample')))
}

/** `path` are the words that name it. */
function section(command: Command, path: readonly string[]): string[] {
  if (command.commands.length > 0)
    return command.commands
      .toSorted((a, b) => (a.name() < b.name() ? -1 : 1))
      .flatMap(member => section(member, [...path, member.name()]))
  const others = command.aliases().map(alias => [...path.slice(0, -1), alias].join(' '))
  return [
    `.SS ${bold(`peerage ${path.join(' ')}`)} ${roff(usageOf(command))}`.trimEnd(),
    ...prose(command.description()),
    ...(others.length === 0 ? [] : ['.PP', roff(`The same as: ${others.join(', ')}.`)]),
    ...optionsOf(command),
    ...examplesOf(command)
  ]
}

function usageOf(command: Command): string {
  const hasOptions = command.options.length > 2
  const names = command.registeredArguments.map(argument => {
    const name = `${argument.name().toUpperCase()}${argument.variadic ? '...' : ''}`
    return argument.required ? name : `[${name}]`
  })
  return [hasOptions ? '[options]' : '', ...names].filter(Boolean).join(' ')
}

export function manPage(program: Command, version: string): string {
  const lines = [
    `.TH PEERAGE 1 "" "peerage ${roff(version)}" "User Commands"`,
    '.SH NAME',
    `peerage \\- ${roff('governed peer-to-peer storage and delivery for an organisation’s own machines')}`,
    '.SH SYNOPSIS',
    `${bold('peerage')} [\\fB\\-\\-home\\fR \\fIDIR\\fR] [\\fB\\-\\-json\\fR] \\fICOMMAND\\fR ...`,
    '.SH DESCRIPTION',
    roff(
      'Each device runs a node (peerage up). The other commands ask the node of a home folder over a local socket.'
    ),
    '.SH OPTIONS',
    ...['.TP', bold('--home DIR'), roff('The home folder of the device.')],
    ...['.TP', bold('--json'), roff('Print JSON on stdout, one value on each line.')],
    ...['.TP', bold('--version'), roff('Print the version.')],
    ...['.TP', bold('--help'), roff('Explain the command, with an example.')],
    ...COMMAND_GROUPS.flatMap(({ title, commands }) => [
      `.SH ${roff(title.toUpperCase())}`,
      ...program.commands
        .filter(command => commands.includes(command.name()))
        .flatMap(command => section(command, [command.name()]))
    ]),
    '.SH EXIT STATUS',
    ...EXIT_CODES.flatMap(([code, meaning]) => ['.TP', bold(String(code)), roff(meaning)]),
    '.SH ENVIRONMENT',
    ...['.TP', bold('PEERAGE_HOME'), roff('The home folder, where --home names none.')],
    ...['.TP', bold('NO_COLOR'), roff('No colours, also on a terminal.')]
  ]
  return `${lines.join('\n')}\n`
}
