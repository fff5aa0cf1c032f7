import assert from 'node:assert/strict'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { Command } from 'commander'
import type { CliContext, Terminal } from '../src/cli/context.ts'
import { createProgram, run } from '../src/cli/program.ts'
import { commandsOf, type DocCommand, fencedBlocks, shellCommands } from './doc-commands.ts'

const home = mkdtempSync(join(tmpdir(), 'peerage-doc-commands-'))
after(() => rmSync(home, { recursive: true }))

/** Stands for what a reader has to put in: NAME, `DEST`, a path with such a part, `…`. */
const PLACEHOLDER = /(^|[^A-Za-z])[A-Z][A-Z_]+\b|…|\.\.\./
const USAGE = 64
const UNIT = 'packaging/peerage.service'

function contextInto(into: { text: string }): CliContext {
  const terminal: Terminal = {
    write: data => {
      into.text += String(data)
    },
    isTty: false,
    columns: undefined
  }
  return {
    platform: 'linux',
    env: { PEERAGE_HOME: home },
    userFolder: '/nowhere',
    workingFolder: home,
    hostName: 'lab-7',
    stdout: terminal,
    stderr: terminal,
    readStandardInput: async () => '',
    readHiddenLine: undefined,
    openScreen: undefined,
    openFile: () => Promise.resolve(),
    loadDaemon: () => Promise.reject(new Error('a command line of a page is parsed, not run')),
    catchInterrupt: () => AbortSignal.abort(),
    nowMs: () => 0,
    monotonicMs: () => 0
  }
}

/** The command that some words name, and how many of them are its name. */
function named(root: Command, argv: readonly string[]): { command: Command; depth: number } {
  let command = root
  let depth = 0
  for (const word of argv) {
    const child = command.commands.find(each => [each.name(), ...each.aliases()].includes(word))
    if (child === undefined) break
    command = child
    depth++
  }
  return { command, depth }
}

/** What is wrong with a command line, or nothing. It is parsed and its values are checked, on a home without a node. */
async function problemOf({ argv, isFenced }: DocCommand): Promise<string | undefined> {
  const program = createProgram(contextInto({ text: '' }), { exitCode: 0, streams: false })
  const { command, depth } = named(program, argv)
  if (argv[0] === undefined || PLACEHOLDER.test(argv[0])) return undefined
  if (depth === 0 && !argv[0].startsWith('-')) return `there is no command ${argv[0]}`
  const flags = [command, program, ...command.commands].flatMap(each =>
    each.options.map(option => option.long)
  )
  const strange = argv.find(word => word.startsWith('--') && !flags.includes(word.split('=')[0] ?? word))
  if (strange !== undefined && strange !== '--help' && strange !== '--')
    return `${argv.slice(0, depth).join(' ')} has no option ${strange}`
  const rest = argv.slice(depth)
  if (rest.some(word => PLACEHOLDER.test(word))) return undefined
  if (command.commands.length > 0 && rest.length === 0) return undefined // the family is spoken of
  const said = { text: '' }
  if ((await run(argv, contextInto(said))) !== USAGE) return undefined
  const isElliptic = /missing|not specified|name one|say (what|how)/.test(said.text)
  return isElliptic && !isFenced ? undefined : said.text.trim()
}

describe('the commands of a page', () => {
  it('are read as a shell reads them', () => {
    assert.deepEqual(shellCommands(`peerage note "a b" 'c' # said`), [['peerage', 'note', 'a b', 'c']])
    assert.deepEqual(shellCommands('a --x=1 | b > c && d &'), [['a', '--x=1'], ['b'], ['c'], ['d']])
    assert.deepEqual(shellCommands('a b#c 2>/dev/null'), [['a', 'b#c'], ['/dev/null']])
  })

  it('are found in fences and in code, with their lines', () => {
    const page = [
      'As `peerage get NAME` does, and `peerage',
      'status`:',
      '',
      '```sh',
      '$ npm run -s peerage -- put x \\',
      '    --name y',
      'the output of peerage',
      '```'
    ].join('\n')
    assert.deepEqual(commandsOf(page), [
      { argv: ['put', 'x', '--name', 'y'], line: 5, isFenced: true },
      { argv: ['get', 'NAME'], line: 1, isFenced: false },
      { argv: ['status'], line: 1, isFenced: false }
    ])
    assert.deepEqual(fencedBlocks(page), [
      {
        info: 'sh',
        line: 5,
        lines: ['$ npm run -s peerage -- put x \\', '    --name y', 'the output of peerage']
      }
    ])
  })

  it('that are wrong are told from those that are right', async () => {
    const wrong = ['shwo x', 'get a /d --tiemout 3s', 'get a /d --timeout 3', 'peers x', 'transfers bogus']
    for (const text of wrong)
      assert.notEqual(await problemOf({ argv: text.split(' '), line: 1, isFenced: true }), undefined, text)
    for (const text of ['get a /d --timeout 3s', 'transfers', 'access grant WHO WHAT', 'status --json'])
      assert.equal(await problemOf({ argv: text.split(' '), line: 1, isFenced: true }), undefined, text)
  })
})

describe('every command that a page shows', () => {
  for (const file of [...globSync('docs/**/*.md'), 'README.md', 'CONTRIBUTING.md', UNIT].sort()) {
    const text = readFileSync(file, 'utf8')
    const commands = commandsOf(file === UNIT ? `\`\`\`\n${text}\`\`\`` : text)
    if (commands.length === 0) continue
    it(`exists, with its options and values: ${file}, ${commands.length} of them`, async () => {
      const problems: string[] = []
      for (const command of commands) {
        const problem = await problemOf(command)
        if (problem !== undefined)
          problems.push(`${file}:${command.line}: ${command.argv.join(' ')}: ${problem}`)
      }
      assert.deepEqual(problems, [])
    })
  }
})
