/** A process of the laboratory that is told lines and answers with lines, so that it can run in a namespace. */

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export class LineProcess {
  readonly child: ChildProcess
  readonly #what: string
  readonly #lines: AsyncIterator<string>

  /** `what` it is, for who reads of its end. Its input and output are pipes. */
  constructor(what: string, child: ChildProcess) {
    if (child.stdout === null) throw new Error(`${what} has an output`)
    this.#what = what
    this.child = child
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  }

  /** Runs a module as a script, by Node.js or by what runs that in a namespace. */
  static run(
    what: string,
    module: string,
    { launcher, args }: { readonly launcher: readonly string[]; readonly args: readonly string[] }
  ): LineProcess {
    const [command = process.execPath, ...before] = launcher
    const stdio: ['pipe', 'pipe', 'inherit'] = ['pipe', 'pipe', 'inherit']
    return new LineProcess(what, spawn(command, [...before, module, ...args], { stdio, detached: true }))
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  tell(line: string): void {
    this.child.stdin?.write(`${line}\n`)
  }

  /** The next line that it says. */
  async next(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error(`${this.#what} has ended`)
    return value
  }

  /** Throws when it says anything else, or has ended. */
  async expect(word: string): Promise<void> {
    const said = await this.next()
    if (said !== word) throw new Error(`${this.#what} says "${said}", not "${word}"`)
  }

  kill(): void {
    this.child.kill('SIGKILL')
  }
}
