/** `completion`: scripts with which shells complete command lines, and what those ask. */

import { Argument, type Command } from 'commander'
import { z } from 'zod'
import { SECOND_MS } from '../../base/units.ts'
import type { AdminClient } from '../client.ts'
import { type CommandInstaller, command, type Invocation } from '../command.ts'
import { type Candidate, complete, type NameKind } from '../completion/completion.ts'
import { PATHS_LINE, SCRIPTS, SHELLS } from '../completion/shell-scripts.ts'
import { printable } from '../text.ts'

/** Somebody waits at a prompt: a node that does not answer by then offers no names. */
const NAMES_WAIT_MS = SECOND_MS
const NAMES_MAX = 1000

const candidate = (word: string, about = ''): Candidate => ({ word, about })

async function namesOf(kind: NameKind, client: AdminClient): Promise<Candidate[]> {
  switch (kind) {
    case 'dataset':
      return (await client.call('datasets', {})).datasets.map(({ name }) => candidate(name))
    case 'device':
      return (await client.call('devices', {})).devices.map(({ device, name, site }) =>
        candidate(name ?? device, site ?? '')
      )
    case 'group':
      return (await client.call('groups', {})).groups.map(({ name }) => candidate(`group:${name}`))
    case 'transfer':
      return (await client.call('transfers', {})).transfers.map(({ id, name }) => candidate(id, name))
    case 'case':
      return (await client.call('erasureCases', {})).cases.map(each => candidate(each.case.slice(0, 12)))
    case 'hold':
      return (await client.call('holds', {})).holds.map(({ operation, name }) =>
        candidate(operation.slice(0, 12), name)
      )
    case 'token':
      return (await client.call('tokens', {})).tokens.map(({ id, name }) => candidate(id, name))
    case 'operation':
      return (await client.call('operations', {})).operations.map(({ operation, type }) =>
        candidate(operation.slice(0, 12), type)
      )
  }
}

async function names(kinds: readonly NameKind[], { client }: Invocation): Promise<Candidate[]> {
  const asked = Promise.all(kinds.map(kind => namesOf(kind, client)))
  const late = new Promise<Candidate[][]>(resolve => setTimeout(() => resolve([]), NAMES_WAIT_MS).unref())
  // No names are the answer, too, where there is no node.
  const found = await Promise.race([asked.catch(() => []), late])
  return found.flat()
}

function lineOf({ word, about }: Candidate): string {
  const said = printable(about).replace(/\s+/g, ' ')
  return said === '' ? word : `${word}\t${said}`
}

export const completion: CommandInstaller = (parent: Command, context, outcome) =>
  command({
    usage: 'completion',
    summary: 'print a script with which a shell completes command lines of peerage',
    description:
      'The script asks "completion words" for what may stand where the cursor is; names of datasets, devices and the ' +
      'like come from the node, if it runs.',
    examples: [
      'source <(peerage completion bash)',
      'peerage completion zsh',
      'peerage completion fish | source'
    ],
    arguments: [
      new Argument('<shell>', 'which shell, or words').choices([...SHELLS, 'words']),
      new Argument('[typed...]', 'after words: what is typed up to the cursor')
    ],
    input: z.object({ shell: z.enum([...SHELLS, 'words']), typed: z.array(z.string()).default([]) }),
    run: async (invocation, { shell, typed }) => {
      if (shell !== 'words') {
        invocation.result({ shell, script: SCRIPTS[shell] }, () => [SCRIPTS[shell].trimEnd()])
        return
      }
      const found = complete(parent, typed)
      const word = typed.at(-1) ?? ''
      const more = (await names(found.names, invocation)).filter(each => each.word.startsWith(word))
      const candidates = [...found.candidates, ...more].slice(0, NAMES_MAX)
      invocation.result({ candidates, paths: found.paths }, () => [
        ...candidates.map(lineOf),
        ...(found.paths ? [PATHS_LINE] : [])
      ])
    }
  })(parent, context, outcome)
