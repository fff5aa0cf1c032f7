/** `man`: the manual page, for machines where the package was not installed by npm, which puts it in its place. */

import type { Command } from 'commander'
import { z } from 'zod'
import { type CommandInstaller, command } from '../command.ts'
import { manPage } from '../man-page.ts'
import { softwareVersion } from '../software-version.ts'

export const man: CommandInstaller = (parent: Command, context, outcome) =>
  command({
    usage: 'man',
    summary: 'print the manual page of all commands',
    description: 'The page is in the format of man(7).',
    examples: ['peerage man | man -l -', 'peerage man > /usr/local/share/man/man1/peerage.1'],
    input: z.object({}),
    run: async invocation => {
      const page = manPage(parent, softwareVersion())
      invocation.result({ page }, () => [page.trimEnd()])
      return 0
    }
  })(parent, context, outcome)
