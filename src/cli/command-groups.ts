/** What the commands are for: the order in which the help, the manual page and docs/CLI.md list them. */

import type { Command, HelpConfiguration } from 'commander'

export interface CommandGroup {
  readonly title: string
  readonly commands: readonly string[]
}

export const COMMAND_GROUPS: readonly CommandGroup[] = [
  {
    title: 'Begin',
    commands: ['init', 'join', 'up', 'invite', 'invites', 'doctor', 'completion', 'man', 'version']
  },
  {
    title: 'Publish and fetch',
    commands: [
      ...['publish', 'put', 'get', 'follow', 'datasets', 'show', 'dataset', 'verify', 'export', 'retire']
    ]
  },
  {
    title: 'See and steer this node',
    commands: [
      ...['status', 'top', 'peers', 'transfers', 'limits', 'cache', 'history', 'metrics'],
      ...['console', 'session', 'token', 'signin']
    ]
  },
  {
    title: 'Say who may do what',
    commands: ['device', 'group', 'role', 'admin', 'approve', 'access', 'grant', 'revoke', 'rekey', 'key']
  },
  { title: 'Keep copies', commands: ['storage', 'boost', 'capacity', 'class', 'whatif'] },
  {
    title: 'Withdraw and erase',
    commands: ['quarantine', 'release', 'recall', 'scan', 'erase', 'hold', 'retention']
  },
  { title: 'Look after personal data', commands: ['privacy', 'subject', 'request', 'breach'] },
  {
    title: 'Prove, watch and report',
    commands: ['ledger', 'note', 'audit', 'risk', 'detections', 'siem', 'events', 'report']
  },
  {
    title: 'Measure performance and savings',
    commands: ['slo', 'participation', 'savings', 'prices']
  }
]

/** How the help names a command: with its arguments, which say more than that it has options. */
export const HELP_STYLE: HelpConfiguration = {
  subcommandTerm: command =>
    [
      command.name(),
      ...command.registeredArguments.map(argument => {
        const name = `${argument.name()}${argument.variadic ? '...' : ''}`
        return argument.required ? `<${name}>` : `[${name}]`
      })
    ].join(' ')
}

/** Puts the commands of a program into their groups and in their order. */
export function groupCommands(program: Command): void {
  const place = new Map(COMMAND_GROUPS.flatMap(({ commands }) => commands).map((name, at) => [name, at]))
  const placeOf = (command: Command): number => place.get(command.name()) ?? place.size
  // Commander has no other way to order what is installed; the help shows groups in the order of their commands.
  ;(program.commands as Command[]).sort((a, b) => placeOf(a) - placeOf(b))
  for (const { title, commands } of COMMAND_GROUPS)
    for (const command of program.commands)
      if (commands.includes(command.name())) command.helpGroup(`${title}:`)
  // Of the command `help`, which commander adds by itself.
  program.commandsGroup(`${COMMAND_GROUPS[0]?.title}:`).helpCommand(true)
}
