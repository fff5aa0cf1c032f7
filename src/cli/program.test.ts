import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import type { Command } from 'commander'
import { errorBody } from '../api/error.ts'
import type { CliContext, Terminal } from './context.ts'
import { createProgram, run } from './program.ts'

const home = mkdtempSync(join(tmpdir(), 'peerage-program-'))
after(() => rmSync(home, { recursive: true }))

interface Ran {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

function recorder(): Terminal & { text: string } {
  return {
    text: '',
    write(data) {
      this.text += String(data)
    },
    isTty: false,
    columns: undefined
  }
}

function contextWith(overrides: Partial<CliContext> = {}) {
  const stdout = recorder()
  const stderr = recorder()
  const context: CliContext = {
    platform: 'linux',
    env: { PEERAGE_HOME: home },
    userFolder: '/nowhere',
    workingFolder: '/work',
    hostName: 'lab-7',
    stdout,
    stderr,
    readStandardInput: async () => '',
    readHiddenLine: undefined,
    openScreen: undefined,
    openFile: undefined,
    loadDaemon: () => assert.fail('no command of this test needs a node of its own'),
    catchInterrupt: () => new AbortController().signal,
    nowMs: () => 0,
    monotonicMs: () => 0,
    ...overrides
  }
  return { context, stdout, stderr }
}

async function peerage(argv: readonly string[], overrides: Partial<CliContext> = {}): Promise<Ran> {
  const { context, stdout, stderr } = contextWith(overrides)
  const exitCode = await run(argv, context)
  return { exitCode, stdout: stdout.text, stderr: stderr.text }
}

interface Listed {
  readonly path: readonly string[]
  readonly command: Command
}

function listCommands(command: Command, path: readonly string[] = []): Listed[] {
  return command.commands.flatMap(child => {
    const childPath = [...path, child.name()]
    return [{ path: childPath, command: child }, ...listCommands(child, childPath)]
  })
}

const COMMANDS = listCommands(createProgram(contextWith().context, { exitCode: 0, streams: false }))

describe('help', () => {
  it('of every command has an example that names it, and what all have in common', async () => {
    assert.ok(COMMANDS.length >= 16)
    for (const { path } of COMMANDS) {
      const { exitCode, stdout, stderr } = await peerage([...path, '--help'])
      assert.equal(exitCode, 0)
      assert.equal(stderr, '')
      assert.match(stdout, new RegExp(`Examples?:\\n  \\$ .*peerage ${path[0]}`), path.join(' '))
      for (const option of ['--home', '--json'])
        assert.ok(stdout.includes(option), `${path.join(' ')} ${option}`)
    }
  })

  it('is what the program prints when nothing is asked of it', async () => {
    const bare = await peerage([])
    assert.equal(bare.exitCode, 0)
    assert.deepEqual(bare, await peerage(['--help']))
    for (const name of ['init', 'publish', 'get']) assert.ok(bare.stdout.includes(`\n  ${name} `))
  })

  it('examples are command lines that parse', async () => {
    for (const { command } of COMMANDS) {
      let text = ''
      const { context } = contextWith()
      const program = createProgram(context, { exitCode: 0, streams: false })
      command.configureOutput({ writeOut: written => (text += written) })
      command.outputHelp()
      const lines = text.slice(text.indexOf('\nExample')).matchAll(/peerage ((?:[^|&>\n"])+)/g)
      for (const [, line] of lines) {
        const argv = (line ?? '').trim().split(/\s+/)
        const named = COMMANDS.findLast(({ path }) => path.every((part, index) => argv[index] === part))
        assert.ok(named !== undefined, `no command in: peerage ${line}`)
        for (const word of argv.filter(part => part.startsWith('--'))) {
          // Of a family, one member is meant when none is named.
          const meant = [named.command, program, ...named.command.commands]
          const options = meant.flatMap(each => each.options.map(option => option.long))
          assert.ok(options.includes(word), `no option ${word} in: peerage ${line}`)
        }
      }
    }
  })
})

describe('a command line that is wrong', () => {
  const WRONG: readonly (readonly [readonly string[], RegExp])[] = [
    [
      ['capacity', 'set', '-5GB'],
      /-5GB is less than nothing: write an amount without a minus sign, such as 5GB/
    ],
    [['shwo'], /unknown command 'shwo'.*show/],
    [['show'], /missing required argument 'dataset'/],
    [['get', 'a', '/d', '--tiemout', '3s'], /unknown option '--tiemout'.*--timeout/],
    [['get', 'a', '/d', '--timeout', '3'], /--timeout can not be "3": write a duration/],
    [['get', 'a@', '/d'], /<dataset> can not be "a@": write NAME/],
    [['get', 'a@latest', '/d'], /NAME@VERSION/],
    [['get', 'a', ''], /<destination> can not be ""/],
    [['invite', '--uses', '0'], /--uses can not be "0": write a number from 1 to/],
    [['invite', '--expires', '0s'], /--expires/],
    [['publish', 'x'], /--name is missing/],
    [['publish', 'x', '--name', 'a b'], /--name can not be "a b"/],
    [['publish', 'x', '--name', 'a', '--class', 'secret'], /--class.*secret.*public/],
    [['init', '--site', 'berlin'], /--org is missing/],
    [['join', 'peerage1'], /--site is missing/],
    [['up', '--listen', '4701'], /--listen can not be "4701": write a multiaddr/],
    [['export', 'a'], /--torrent FILE/],
    [['export', 'a', '--torrent', 'f', '--magnet'], /cannot be used with/],
    [['export', 'a', '--torrent', '-', '--json'], /stdout can not carry both/],
    [['peers', 'x'], /too many arguments/],
    [['status', '--home', ''], /--home is empty/],
    [['transfers', 'bogus'], /unknown command 'bogus' of peerage transfers; see peerage transfers --help/],
    [['transfers', 'stop'], /missing required argument 'transfer'; see peerage transfers stop --help/],
    [['report'], /peerage report needs risk, .* or savings; see peerage report --help/],
    [
      ['completion', 'tcsh'],
      /shell can not be 'tcsh'. Allowed choices are bash.*; see peerage completion --help/
    ]
  ]

  it('exits with 64, says what is wrong and prints nothing else', async () => {
    for (const [argv, pattern] of WRONG) {
      const { exitCode, stdout, stderr } = await peerage(argv)
      const shown = stderr + stdout
      assert.equal(exitCode, 64, `${argv.join(' ')}: ${shown}`)
      assert.match(shown, pattern)
      assert.equal(shown.split('\n').length, 2, shown)
    }
  })

  it('gives the same as an object with --json, on stdout alone', async () => {
    for (const [argv, pattern] of WRONG) {
      const { exitCode, stdout, stderr } = await peerage([...argv, '--json'])
      assert.equal(exitCode, 64, `${argv.join(' ')}: ${stdout}`)
      assert.equal(stderr, '')
      const { error } = errorBody.parse(JSON.parse(stdout))
      assert.equal(error.code, 'USAGE')
      assert.match(error.message, pattern)
    }
  })
})

describe('without a node', () => {
  it('a command says so, with its own exit code, in both forms', async () => {
    const plain = await peerage(['status'])
    assert.equal(plain.exitCode, 69)
    assert.equal(plain.stdout, '')
    assert.equal(
      plain.stderr,
      `peerage: no node is running on ${home}; start it with: peerage up --home ${home} (NODE_DOWN)\n`
    )
    const json = await peerage(['get', 'a', 'd', '--json'])
    assert.equal(json.exitCode, 69)
    assert.equal(json.stderr, '')
    const line = JSON.parse(json.stdout)
    assert.equal(line.type, 'error')
    assert.equal(errorBody.parse(line).error.code, 'NODE_DOWN')
  })

  it('--home works before and after the command, and the nearer one wins', async () => {
    for (const argv of [
      ['--home', '/first', 'status'],
      ['status', '--home', '/first'],
      ['--home', '/second', 'status', '--home', '/first'],
      ['transfers', '--home', '/first'],
      ['transfers', 'list', '--home', '/first']
    ])
      assert.match((await peerage(argv)).stderr, /home folder \/first;/, argv.join(' '))
  })

  it('the versions are told', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    assert.equal((await peerage(['--version'])).stdout, `${version}\n`)
    assert.equal(JSON.parse((await peerage(['version', '--json'])).stdout).peerage, version)
  })

  it('a fault of our own is told apart from what a user can mend', async () => {
    const { exitCode, stderr } = await peerage(['init', '--org', 'a', '--site', 'b'], {
      loadDaemon: () => Promise.reject(new TypeError('no such function'))
    })
    assert.equal(exitCode, 70)
    assert.match(stderr, /fault of its own: no such function; please report it \(NODE_INTERNAL\)\nTypeError/)
  })
})

describe('docs/CLI.md', () => {
  const page = readFileSync(new URL('../../docs/CLI.md', import.meta.url), 'utf8')
  const sections = new Map(
    page.split(/^## /m).map(section => {
      const title = section.slice(0, section.indexOf('\n'))
      return [/^`peerage ([a-z ]+)`$/.exec(title)?.[1], section]
    })
  )
  sections.delete(undefined)

  it('has a section for each command, and no other', () => {
    const runnable = COMMANDS.filter(({ command }) => command.commands.length === 0).map(({ path }) =>
      path.join(' ')
    )
    assert.deepEqual([...sections.keys()].sort(), runnable.sort())
  })

  it('names in each section exactly the options and aliases of the command', () => {
    for (const { path, command } of COMMANDS) {
      const section = sections.get(path.join(' '))
      if (section === undefined) continue
      const documented = new Set([...section.matchAll(/^\| `(--[a-z-]+)/gm)].map(match => match[1]))
      const offered = command.options
        .map(option => option.long)
        .filter(long => long !== '--home' && long !== '--json')
      assert.deepEqual([...documented].sort(), offered.sort(), path.join(' '))
      for (const alias of command.aliases()) assert.ok(section.includes(`\`${alias}\``), alias)
      for (const argument of command.registeredArguments)
        assert.ok(section.includes(argument.name().toUpperCase()), `${path.join(' ')} ${argument.name()}`)
    }
  })
})
