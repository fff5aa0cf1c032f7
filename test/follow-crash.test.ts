/**
 * A node that follows and is killed at random instants, over and over, while one version after the other is
 * published. With mode symlink the destination is the old version or the new one at every instant, whole; with mode
 * rename it is so again as soon as the node has started. The hook has run for each version that the destination was at.
 * Run with `child` as argument this file is the process that is killed.
 */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { argv } from 'node:process'
import { describe, it } from 'node:test'
import { runUntilKilled } from '../lab/killed-child.ts'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import { rounds } from '../lab/rounds.ts'
import type { FollowMode } from '../src/node/follow/follow-terms.ts'

const ROUNDS = rounds(5)
/** The longest that a child lives after its first word: which comes before it starts, or once it has. */
const LIFE_MS_MAX = { starting: 1000, running: 400 } as const
const WATCH_MS = 1
const SMALL_FILES = 20
const NAME = 'data'
const TASK = { signal: new AbortController().signal, onProgress: () => undefined }

function writeVersion(folder: string, n: number): void {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(join(folder, 'deep'), { recursive: true })
  for (let file = 0; file < SMALL_FILES; file++)
    writeFileSync(join(folder, 'deep', `small-${file}`), `${n} ${file}`)
  writeFileSync(join(folder, 'large'), Buffer.alloc(200_000, n % 251))
  writeFileSync(join(folder, 'version'), String(n))
}

/** The version that a folder holds: in whole, and nothing else. */
function versionAt(folder: string): number {
  const n = Number(readFileSync(join(folder, 'version'), 'utf8'))
  assert.ok(n > 0, 'a version')
  assert.ok(readFileSync(join(folder, 'large')).equals(Buffer.alloc(200_000, n % 251)), `large of ${n}`)
  for (let file = 0; file < SMALL_FILES; file++)
    assert.equal(readFileSync(join(folder, 'deep', `small-${file}`), 'utf8'), `${n} ${file}`)
  assert.deepEqual(readdirSync(folder).sort(), ['deep', 'large', 'version'])
  return n
}

async function publishNext({ service }: Running, sources: string): Promise<number> {
  const known = (await service.datasets()).find(({ name }) => name === NAME)?.ordinal ?? 0
  const folder = join(sources, String(known + 1))
  writeVersion(folder, known + 1)
  const { ordinal } = await service.publish({ path: folder, name: NAME, dataClass: 'internal' }, TASK)
  assert.equal(ordinal, known + 1)
  return ordinal
}

async function isAt({ service }: Running, destination: string, n: number): Promise<void> {
  await eventually(`it is at ${n}`, async () => {
    const { state, current, problems } = await service.follows.followed(destination)
    assert.deepEqual(problems, [])
    return state === 'current' && current?.ordinal === n
  })
}

async function followUntilKilled(
  home: string,
  destination: string,
  sources: string,
  when: string | undefined
): Promise<void> {
  if (when === 'starting') writeSync(1, 'begins\n')
  const running = await new OrgInProcess().start(home)
  await eventually('what was interrupted is completed', async () => {
    const { state } = await running.service.follows.followed(destination)
    return state === 'current'
  })
  writeSync(1, `start ${versionAt(destination)}\n`)
  for (;;) {
    const n = await publishNext(running, sources)
    await isAt(running, destination, n)
    writeSync(1, `at ${versionAt(destination)}\n`)
  }
}

interface Rounds {
  readonly home: string
  readonly destination: string
  readonly sources: string
  readonly mode: FollowMode
}

/** Looks at the destination all the while; returns what it was at, and how often it was not there. */
function watch(destination: string) {
  const seen = new Set<number>()
  let missing = 0
  const timer = setInterval(() => {
    if (existsSync(join(destination, 'version')))
      seen.add(Number(readFileSync(join(destination, 'version'), 'utf8')))
    else missing++
  }, WATCH_MS)
  return {
    end: () => {
      clearInterval(timer)
      return { seen, missing }
    }
  }
}

async function crashRounds({ home, destination, sources, mode }: Rounds): Promise<Set<number>> {
  const wasAt = new Set([1])
  let last = 1
  let cut = 0
  // On a busy machine some rounds come to nothing: it goes on until it has seen switches, and a kill in their midst.
  const isMet = (): boolean => cut > 0 && last > 2
  for (let round = 0; round < ROUNDS || (!isMet() && round < 4 * ROUNDS); round++) {
    const watching = mode === 'symlink' ? watch(destination) : undefined
    const when = round % 3 === 0 ? 'starting' : 'running'
    const args = [home, destination, sources, when]
    // The longer, the more rounds came to nothing.
    const lifeMsMax = LIFE_MS_MAX[when] * 2 ** Math.floor(round / ROUNDS)
    const lines = await runUntilKilled(import.meta.url, args, Math.random() * lifeMsMax)
    const { seen = new Set<number>(), missing = 0 } = watching?.end() ?? {}
    assert.equal(missing, 0, 'the destination is there at every instant')
    const told = lines.flatMap(line => /^(?:start|at) (\d+)$/.exec(line)?.[1] ?? []).map(Number)
    const isThere = existsSync(destination)
    if (mode === 'symlink') assert.ok(isThere)
    const now = isThere ? versionAt(destination) : undefined
    // Never back, and at most at the one that came after the last that was told.
    const newest = Math.max(last, ...told)
    assert.ok(
      now === undefined || now === newest || now === newest + 1 || now === newest + 2,
      `${now} after ${newest}`
    )
    if (now === undefined || now > newest || !lines.some(line => line.startsWith('start'))) cut++
    for (const n of [...told, ...seen, ...(now === undefined ? [] : [now])]) wasAt.add(n)
    last = Math.max(newest, now ?? 0)
  }
  assert.ok(cut > 0, 'some kill came before the child could tell')
  assert.ok(last > 2, 'it has switched')
  return wasAt
}

if (argv[2] === 'child') {
  const [, , , home, destination, sources, when] = argv
  assert(home !== undefined && destination !== undefined && sources !== undefined)
  await followUntilKilled(home, destination, sources, when)
} else
  describe('a node that follows and is killed at any instant', () => {
    for (const mode of ['symlink', 'rename'] as const)
      it(`has the destination at the old or the new version, whole, by ${mode}`, {
        timeout: 300_000
      }, async t => {
        const org = new OrgInProcess()
        try {
          const sources = join(org.folder, 'sources')
          const destination = join(org.folder, 'destination')
          const hooks = join(org.folder, 'hooks')
          const first = await org.found('node')
          const { home } = first.node
          await publishNext(first, sources)
          await first.service.follows.follow({
            ...{
              name: NAME,
              destination,
              mode,
              keep: 2,
              hookTimeoutMs: 20_000,
              onHookFailure: 'rollback',
              purpose: null
            },
            hook: {
              kind: 'shell',
              command: `echo $PEERAGE_ORDINAL $(cat "$PEERAGE_PATH/version") >> ${hooks}`
            }
          })
          await isAt(first, destination, 1)
          await first.node.stop()
          org.running.length = 0
          const wasAt = await crashRounds({ home, destination, sources, mode })
          const again = await org.start(home)
          const newest = (await again.service.datasets())[0]?.ordinal ?? 0
          await isAt(again, destination, newest)
          assert.equal(versionAt(destination), newest)
          const ran = new Set(
            readFileSync(hooks, 'utf8')
              .trim()
              .split('\n')
              .map(line => Number(line.split(' ')[0]))
          )
          for (const n of wasAt) assert.ok(ran.has(n), `the hook ran for version ${n}`)
          const left = readdirSync(`${destination}.versions`).filter(name => !/^\d+-[0-9a-f]{16}$/.test(name))
          assert.deepEqual(left, ['.peerage-follow'])
          assert.equal(readdirSync(`${destination}.versions`).length, 3)
          t.diagnostic(
            `${ROUNDS} kills, ${newest} versions, the destination was seen at ${wasAt.size} of them`
          )
        } finally {
          await org.stop()
        }
      })
  })
