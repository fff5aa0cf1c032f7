/** Commands that share their first word. */

import { type CommandInstaller, HOME_OPTION, JSON_OPTION } from './command.ts'

export interface Family {
  readonly name: string
  readonly summary: string
  readonly example: string
  readonly members: readonly CommandInstaller[]
}

/** Installs them as one command with members. */
export function family({ name, summary, example, members }: Family): CommandInstaller {
  return (parent, context, outcome) => {
    const group = parent
      .command(name)
      .summary(summary)
      .description(summary)
      .option(...HOME_OPTION)
      .option(...JSON_OPTION)
      .enablePositionalOptions()
      .addHelpText('after', `\nExample:\n  $ ${example}`)
    for (const install of members) install(group, context, outcome)
  }
}
