/**
 * Every line of docs/TUTORIAL.md, typed as it stands into a shell of the machine that its block names, and what it
 * prints held against what the page shows: `…` stands for anything in a line, a line of it for any lines. A shell has a
 * HOME of its own; `peerage up` is kept to the loopback. What takes a moment to reach another machine is looked at until
 * it is there.
 */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../lab/free-port.ts'
import { mainProgram } from '../lab/program.ts'
import { fencedBlocks } from '../scripts/doc-commands.ts'

const PAGE = 'docs/TUTORIAL.md'
/** Commands that change nothing can be given again until they show what they should. */
const LOOKS = /^(cat|peerage (datasets|peers|status|follow status|access|audit who|whatif))\b/
const PATIENCE_MS = 30_000
const API_PORT = '4780'
/** What a shell says when a command has ended, with its exit code. */
const ENDED = /\n@@(\d+)@@\n/

const folder = mkdtempSync(join(tmpdir(), 'peerage-tutorial-'))
const machines = new Map<string, Machine>()
after(async () => {
  for (const machine of machines.values()) await machine.end()
  rmSync(folder, { recursive: true, force: true })
})

interface Typed {
  readonly machine: string
  readonly line: number
  readonly command: string
  readonly shown: readonly string[]
}

interface Printed {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** A shell in a folder and with a HOME of its own. */
class Machine {
  readonly #folder: string
  readonly #shell: ChildProcess
  #stdout = ''

  constructor(name: string) {
    this.#folder = join(folder, name)
    mkdirSync(this.#folder)
    const { XDG_DATA_HOME: _data, PEERAGE_HOME: _home, ...env } = process.env
    this.#shell = spawn('bash', ['--noprofile', '--norc'], {
      cwd: this.#folder,
      env: { ...env, HOME: this.#folder, PATH: `${folder}/bin:${env.PATH}`, NO_COLOR: '1', LC_ALL: 'C' },
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true
    })
    this.#shell.stdout?.setEncoding('utf8').on('data', text => {
      this.#stdout += text
    })
  }

  async type(command: string): Promise<Printed> {
    this.#stdout = ''
    const errors = join(this.#folder, '.stderr')
    this.#shell.stdin?.write(`{ ${command}\n} < /dev/null 2> ${errors}; printf '\\n@@%d@@\\n' $?\n`)
    const found = await this.#until(text => ENDED.exec(text) ?? undefined)
    assert.ok(found !== undefined, `${command} does not end`)
    const stdout = this.#stdout.replace(ENDED, '')
    return { exitCode: Number(found[1]), stdout, stderr: readFileSync(errors, 'utf8') }
  }

  /** What a command behind an `&` prints, once it is what is shown. */
  async prints(shown: readonly string[]): Promise<string> {
    await this.#until(text => (matches(text.replace(ENDED, ''), shown) ? true : undefined))
    return this.#stdout.replace(ENDED, '')
  }

  async #until<T>(look: (text: string) => T | undefined): Promise<T | undefined> {
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await delay(10)) {
      const found = look(this.#stdout)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** The shell and all that it started. */
  async end(): Promise<void> {
    if (this.#shell.pid === undefined || this.#shell.exitCode !== null) return
    const closed = once(this.#shell, 'exit')
    process.kill(-this.#shell.pid, 'SIGKILL')
    await closed
  }
}

/** `…` alone is any lines, and within a line any characters; spaces are as many as there are. */
function matches(printed: string, shown: readonly string[]): boolean {
  const lines = shown.map(line => {
    if (line.trim() === '…') return '(?:.*\\n)*?'
    const parts = line
      .trimEnd()
      .split('…')
      .map(part => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&').replaceAll(/ +/g, ' +'))
    return `${parts.join('.*')} *\\n`
  })
  return new RegExp(`^${lines.join('')}$`).test(`${printed.replace(/\n*$/, '')}\n`)
}

function typedOf(page: string): Typed[] {
  return fencedBlocks(page).flatMap(({ info, line, lines }) => {
    const [, machine] = /^console on (\S+)$/.exec(info) ?? []
    assert.ok(machine !== undefined, `${PAGE}:${line}: says not on which machine it is typed`)
    const starts = lines.flatMap((text, index) => (text.startsWith('$ ') ? [index] : []))
    assert.equal(starts[0], 0, `${PAGE}:${line}: begins with a command`)
    return starts.map((start, index) => ({
      machine,
      line: line + start,
      command: (lines[start] ?? '').slice(2),
      shown: lines.slice(start + 1, starts[index + 1])
    }))
  })
}

function machineOf(name: string): Machine {
  const machine = machines.get(name) ?? new Machine(name)
  machines.set(name, machine)
  return machine
}

/** The program as an installed package has it, but that a node keeps to the loopback, at a port that is free. */
function writeProgram(): void {
  mkdirSync(join(folder, 'bin'))
  const up = 'set -- "$@" --no-mdns --listen /ip4/127.0.0.1/tcp/0'
  const script = `#!/bin/sh\n[ "$1" = up ] && ${up}\nexec "${process.execPath}" "${mainProgram()}" "$@"\n`
  writeFileSync(join(folder, 'bin', 'peerage'), script, { mode: 0o755 })
}

async function follow({ machine, line, command, shown }: Typed): Promise<string> {
  const at = `${PAGE}:${line}: ${command}`
  const shell = machineOf(machine)
  const end = performance.now() + PATIENCE_MS
  for (;;) {
    const { exitCode, stdout, stderr } = await shell.type(command)
    if (command.endsWith('&')) {
      const printed = await shell.prints(shown)
      assert.ok(matches(printed, shown), `${at}\nprinted\n${printed}`)
      return printed
    }
    const isRefusal = shown[0]?.startsWith('peerage: ') === true
    // What is shown may have the notes that go to stderr, or leave them out.
    const isPrinted = [stdout, stdout + stderr].some(printed => matches(printed, shown))
    if ((exitCode !== 0) === isRefusal && (shown.length === 0 || isPrinted)) return stdout
    const isLook = LOOKS.test(command) && performance.now() < end
    assert.ok(isLook, `${at}\nexit code ${exitCode}, printed\n${stdout}${stderr}`)
    await delay(100)
  }
}

test('each line of the tutorial does what it says', { timeout: 180_000 }, async t => {
  writeProgram()
  const page = readFileSync(PAGE, 'utf8').replaceAll(API_PORT, String(await freePort()))
  const typed = typedOf(page)
  assert.ok(typed.length > 30)
  let ticket = 'TICKET'
  for (const each of typed) {
    const printed = await follow({ ...each, command: each.command.replace('TICKET', ticket) })
    ticket = /^peerage1\S+/.exec(printed)?.[0] ?? ticket
  }
  t.diagnostic(`${typed.length} commands on ${machines.size} machines`)
})

test('what is printed is held against what is shown', () => {
  for (const [printed, shown] of [
    ['a 1\n', ['a …']],
    ['a\nb\nc\n', ['…', 'c']],
    ['a   b\n', ['a b']],
    ['a.b\n', ['a.b']]
  ] as const)
    assert.ok(matches(printed, shown), printed)
  for (const [printed, shown] of [
    ['a\nb\n', ['a']],
    ['axb\n', ['a.b']],
    ['a\n', ['…', 'b']],
    ['b\na\n', ['a', '…']]
  ] as const)
    assert.ok(!matches(printed, shown), printed)
})
