import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { COMMAND_GROUPS } from './command-groups.ts'
import type { CliContext } from './context.ts'
import { createProgram } from './program.ts'

const program = createProgram({} as CliContext, { exitCode: 0, streams: false })
const grouped = COMMAND_GROUPS.flatMap(({ commands }) => commands)

test('each command is in one group (src/cli/command-groups.ts), and each group has commands alone', () => {
  assert.deepEqual(
    program.commands.map(command => command.name()),
    grouped
  )
  assert.equal(new Set(grouped).size, grouped.length)
})

test('the help shows the groups in their order, the command help in the first', () => {
  const help = program.helpInformation()
  const headings = [...help.matchAll(/^(\S.*):$/gm)].map(([, title]) => title)
  assert.deepEqual(headings, ['Options', ...COMMAND_GROUPS.map(({ title }) => title)])
  assert.match(help.slice(0, help.indexOf(COMMAND_GROUPS[1]?.title ?? '')), /^ {2}help/m)
})

test('docs/CLI.md lists the commands in these groups', () => {
  const page = readFileSync(new URL('../../docs/CLI.md', import.meta.url), 'utf8')
  const rows = COMMAND_GROUPS.map(({ title, commands }) => {
    return `| ${title} | ${commands.map(name => `\`${name}\``).join(' ')} |`
  })
  assert.ok(page.includes(rows.join('\n')), `the table of docs/CLI.md should be:\n${rows.join('\n')}`)
})
