/**
 * The instants at which a program that keeps things on disk can be hit: before each call by which this thread changes
 * files or databases. Whoever listens is told of each, and may copy what is there, or throw for what the system would
 * say. Calls of worker threads come between them and are not told of.
 */

import fs from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { devNull } from 'node:os'
import { DatabaseSync, StatementSync } from 'node:sqlite'

type Call = (...args: unknown[]) => unknown
type Methods = Record<string, Call>

const SYNC = [
  ...['writeFileSync', 'appendFileSync', 'mkdirSync', 'rmSync', 'renameSync', 'unlinkSync', 'rmdirSync'],
  ...['writeSync', 'writevSync', 'fsyncSync', 'fdatasyncSync', 'ftruncateSync', 'symlinkSync', 'copyFileSync']
]
const CALLBACK = ['write', 'writev']
const PROMISED = [
  'writeFile',
  'appendFile',
  'mkdir',
  'rm',
  'rename',
  'unlink',
  'rmdir',
  'symlink',
  'copyFile'
]
const OF_HANDLES = ['write', 'writev', 'writeFile', 'sync', 'datasync', 'truncate']

let listener: ((call: string) => void) | undefined
let isTelling = false

/** One listener at a time; undefined for none. */
export function onFaultPoint(told: ((call: string) => void) | undefined): void {
  listener = told
}

function tell(call: string): void {
  if (isTelling || listener === undefined) return
  isTelling = true
  try {
    listener(call)
  } finally {
    isTelling = false
  }
}

function wrap(methods: Methods, names: readonly string[], kind: 'sync' | 'callback' | 'promise'): void {
  for (const name of names) {
    const call = methods[name]
    if (call === undefined) throw new Error(`there is no ${name}`)
    methods[name] = function (this: unknown, ...args: unknown[]): unknown {
      try {
        tell(name)
      } catch (thrown) {
        if (kind === 'sync') throw thrown
        if (kind === 'promise') return Promise.reject(thrown)
        const done = args.at(-1) as Call
        return setImmediate(() => done(thrown))
      }
      return call.apply(this, args)
    }
  }
}

/** Once, before what is to be hit is loaded or after: imports of built-in modules follow. */
export async function setFaultPoints(): Promise<void> {
  const require = createRequire(import.meta.url)
  const handle = await fs.promises.open(devNull, 'r')
  wrap(Object.getPrototypeOf(handle) as Methods, OF_HANDLES, 'promise')
  await handle.close()
  wrap(require('node:fs') as Methods, SYNC, 'sync')
  wrap(require('node:fs') as Methods, CALLBACK, 'callback')
  wrap(require('node:fs/promises') as Methods, PROMISED, 'promise')
  wrap(DatabaseSync.prototype as unknown as Methods, ['exec'], 'sync')
  wrap(StatementSync.prototype as unknown as Methods, ['run'], 'sync')
  syncBuiltinESMExports()
}
