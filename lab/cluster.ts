/**
 * An org of real processes on loopback: what the demo shows and the process tests judge. Each node is the command line
 * that users run, with a home folder of its own; nothing here reaches into a node but through its admin API.
 */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { messageOf } from '../src/base/errors.ts'
import { HOUR_MS } from '../src/base/units.ts'
import { AdminClient } from '../src/cli/client.ts'
import { type CommandResult, runHere, type Surroundings } from './command-here.ts'
import { mainProgram, otherProgram } from './program.ts'

export type { CommandResult } from './command-here.ts'

const READY_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 20_000
const LOG_LINES = 40

/** What a node says of itself once it runs, as far as it is used here. */
interface Ready {
  readonly api: { readonly host: string; readonly port: number } | null
}

export interface RunOptions extends Surroundings {
  /** The program to run instead of the sources, such as an installed package's. */
  readonly main?: string
  readonly launcher?: readonly string[]
}

/** Where a node runs. */
export interface Place {
  /** The command that runs a script of ours there, such as Node.js in a network namespace. */
  readonly launcher: readonly string[]
  readonly listen: string
}

export const LOOPBACK: Place = { launcher: [process.execPath], listen: '/ip4/127.0.0.1/tcp/0' }

/**
 * Runs one command to its end: in this process where nobody could tell, and in one of its own where another program
 * is asked for, another place, or a node.
 */
export async function runCommand(args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const { main = otherProgram(), launcher = LOOPBACK.launcher } = options
  if (main === undefined && launcher === LOOPBACK.launcher && args[0] !== 'up')
    return await runHere(args, options)
  return await runProcess(args, options)
}

/** Runs one command to its end in a process of its own, as a shell does. */
export async function runProcess(args: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const [command = process.execPath, ...before] = options.launcher ?? LOOPBACK.launcher
  const child = spawn(command, [...before, options.main ?? mainProgram(), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: '1', ...options.env }
  })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', chunk => {
    stdout += chunk
  })
  child.stderr.on('data', chunk => {
    stderr += chunk
  })
  const [exitCode] = await once(child, 'close')
  return { exitCode: exitCode ?? -1, stdout, stderr }
}

/** Runs a command that must succeed, and returns what it prints. */
async function runDone(args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await runCommand(args, options)
  if (exitCode !== 0) throw new Error(`peerage ${args.join(' ')} exited with ${exitCode}: ${stdout}${stderr}`)
  return stdout
}

/** Runs a command that must succeed and prints one JSON object. */
export async function runJson<T>(args: readonly string[], options: RunOptions = {}): Promise<T> {
  return JSON.parse(await runDone([...args, '--json'], options)) as T
}

export class ClusterNode {
  readonly name: string
  readonly site: string
  readonly home: string
  readonly client: AdminClient
  readonly place: Place
  readonly #logPath: string
  #child: ChildProcess | undefined
  #api: Ready['api'] | undefined

  constructor(folder: string, name: string, site: string, place = LOOPBACK) {
    this.name = name
    this.site = site
    this.place = place
    this.home = join(folder, name, 'home')
    this.#logPath = join(folder, name, 'log')
    this.client = new AdminClient(this.home)
    mkdirSync(join(folder, name), { recursive: true })
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** Where its API answers over TLS, if it does. */
  get api(): { readonly host: string; readonly port: number } {
    return this.#api ?? assert.fail(`${this.name} has no API over TLS`)
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  async run(...args: string[]): Promise<CommandResult> {
    return await runCommand([...args, '--home', this.home])
  }

  /** Runs a command that must succeed, and returns what it prints. */
  async done(...args: string[]): Promise<string> {
    return await runDone([...args, '--home', this.home])
  }

  /** Runs a command that must succeed and prints one JSON object. */
  async json<T>(...args: string[]): Promise<T> {
    return await runJson<T>([...args, '--home', this.home])
  }

  /** Runs a command that must fail with an error of that code, and returns what it says. */
  async refused(code: string, ...args: string[]): Promise<string> {
    const { exitCode, stdout } = await this.run(...args, '--json')
    assert.notEqual(exitCode, 0, args.join(' '))
    const { error } = JSON.parse(stdout) as { error: { code: string; message: string } }
    assert.equal(error.code, code, error.message)
    return error.message
  }

  /** Starts the node and waits until it says that it is ready. */
  async up(...extra: string[]): Promise<void> {
    const args = ['up', '--home', this.home, '--json', '--no-mdns', '--listen', this.place.listen, ...extra]
    const log = openSync(this.#logPath, 'a')
    // Its log is a file of its own, so that it can outlive this process.
    const [command = process.execPath, ...before] = this.place.launcher
    const child = spawn(command, [...before, mainProgram(), ...args], {
      stdio: ['ignore', 'pipe', log],
      detached: true
    })
    closeSync(log)
    this.#child = child
    const { stdout } = child
    if (stdout === null) throw new Error('a node has an output')
    const lines = createInterface({ input: stdout })
    const ready = (async () => {
      for await (const line of lines) {
        const message = JSON.parse(line) as { type: string; ready?: Ready; error?: { message: string } }
        if (message.type === 'ready') {
          this.#api = message.ready?.api ?? undefined
          return
        }
        throw new Error(`it did not start: ${message.error?.message ?? line}`)
      }
      const { exitCode, signalCode } = child
      const how = signalCode ?? exitCode ?? 'its output closed'
      throw new Error(`it ended before it was ready (${how})`)
    })()
    const timeout = delay(READY_TIMEOUT_MS, undefined, { ref: false }).then(() => {
      throw new Error(`it was not ready within ${READY_TIMEOUT_MS} ms`)
    })
    try {
      await Promise.race([ready, timeout])
    } catch (thrown) {
      throw this.withLog(thrown)
    }
  }

  /** What was thrown, with the end of its log: that goes with its folder. */
  withLog(thrown: unknown): Error {
    const tail = readFileSync(this.#logPath, 'utf8').trimEnd().split('\n').slice(-LOG_LINES).join('\n')
    return new Error(`${this.name}: ${messageOf(thrown)}; the end of its log:\n${tail}`, { cause: thrown })
  }

  /** SIGKILL: the process gets no chance to say or save anything. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM, and the exit code; SIGKILL when it does not drain in time. */
  async stop(): Promise<number | null> {
    return await this.#end('SIGTERM')
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.#child
    if (child === undefined || !this.isRunning) return child?.exitCode ?? null
    const closed = once(child, 'exit')
    child.kill(signal)
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await closed
    clearTimeout(timer)
    return child.exitCode
  }
}

export class Cluster {
  readonly folder: string
  readonly nodes: ClusterNode[] = []

  /** What `up` of its nodes is told besides. */
  readonly #upArgs: readonly string[]

  constructor(folder: string, upArgs: readonly string[] = []) {
    this.folder = folder
    this.#upArgs = upArgs
  }

  /** Founds the org on its first node, and starts it, told `extra` besides. */
  async found(
    name: string,
    site: string,
    place = LOOPBACK,
    extra: readonly string[] = []
  ): Promise<ClusterNode> {
    const node = new ClusterNode(this.folder, name, site, place)
    await runJson(['init', '--org', 'acme', '--site', site, '--device', name, '--home', node.home])
    await node.up(...this.#upArgs, ...extra)
    this.nodes.push(node)
    return node
  }

  async invite(uses = 1): Promise<string> {
    const [founder] = this.nodes
    if (founder === undefined) throw new Error('an org is founded before it invites')
    return (await founder.client.call('invite', { uses, expiresInMs: HOUR_MS })).ticket
  }

  /** Lets a machine join with a ticket, and starts it. */
  async join(ticket: string, name: string, site: string, place = LOOPBACK): Promise<ClusterNode> {
    const node = new ClusterNode(this.folder, name, site, place)
    const { launcher } = place
    await runJson(['join', ticket, '--site', site, '--device', name, '--home', node.home], { launcher })
    await node.up(...this.#upArgs)
    this.nodes.push(node)
    return node
  }

  /** Waits until every node is linked with every other. */
  async meshed(timeoutMs = 30_000): Promise<void> {
    await until(`all ${this.nodes.length} nodes are linked`, timeoutMs, async () => {
      for (const node of this.nodes) {
        const { peersConnected } = await node.client.call('status', {})
        if (peersConnected < this.nodes.length - 1) return false
      }
      return true
    })
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map(node => node.stop()))
  }
}

/** Polls until something holds; throws with its description when it does not in time. */
export async function until(what: string, timeoutMs: number, holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  for (;;) {
    if (await holds()) return
    if (performance.now() > deadlineMs) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await delay(50)
  }
}
