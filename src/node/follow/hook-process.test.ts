import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { setInterval } from 'node:timers/promises'
import { parseVersionId } from '../../base/ids.ts'
import { MINUTE_MS } from '../../base/units.ts'
import { SILENT_LOG } from '../log.ts'
import type { Hook } from './follow-terms.ts'
import { faultOf, type HookTask, runHook, succeeded } from './hook-process.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'peerage-hook-')))
after(() => rmSync(folder, { recursive: true }))

const version = parseVersionId('ab'.repeat(32))
assert.ok(version !== undefined)

function taskOf(hook: Hook, change: Partial<HookTask> = {}) {
  const lines: string[] = []
  const task: HookTask = {
    hook,
    timeoutMs: 20_000,
    dataset: 'os/image',
    destination: join(folder, 'os $(touch pwned) image'),
    to: { version: version as NonNullable<typeof version>, ordinal: 3, folder: '3-abababababababab' },
    reason: 'new',
    versionPath: join(folder, 'v3'),
    previousPath: join(folder, 'v2'),
    log: { ...SILENT_LOG, info: (_, line) => lines.push(line) },
    signal: new AbortController().signal,
    ...change
  }
  return { task, lines }
}

const shell = (command: string): Hook => ({ kind: 'shell', command })

async function run(hook: Hook, change: Partial<HookTask> = {}) {
  const { task, lines } = taskOf(hook, change)
  const ran = await runHook(task)
  assert.ok(ran !== undefined)
  return { ran, lines }
}

describe('a hook', () => {
  it('is told by its environment what happened, in the folder that the destination is in', async () => {
    const names = ['DATASET', 'VERSION', 'ORDINAL', 'PATH', 'VERSION_PATH', 'PREVIOUS_PATH', 'REASON']
    const { ran } = await run(shell(`pwd; ${names.map(name => `echo "$PEERAGE_${name}"`).join('; ')}`))
    assert.ok(succeeded(ran))
    const destination = join(folder, 'os $(touch pwned) image')
    const expected = ['os/image', version, '3', destination, join(folder, 'v3'), join(folder, 'v2'), 'new']
    assert.deepEqual(ran.output.trim().split('\n'), [folder, ...expected])
  })

  it('is given nothing that a shell would read as a command', async () => {
    await run(shell('echo "$PEERAGE_PATH"'))
    assert.ok(!existsSync(join(folder, 'pwned')))
  })

  it('may be a program with arguments, which no shell reads', async () => {
    const { ran } = await run({ kind: 'program', argv: ['/bin/echo', '$(id); `id`', 'b c'] })
    assert.equal(ran.output, '$(id); `id` b c\n')
  })

  it('has its exit code kept, and the signal that ended it', async () => {
    const failed = await run(shell('echo why >&2; exit 7'))
    assert.equal(failed.ran.exitCode, 7)
    assert.equal(failed.ran.output, 'why\n')
    assert.ok(!succeeded(failed.ran))
    assert.match(faultOf(failed.ran), /exit code 7/)
    const killed = await run(shell('kill -9 $$'))
    assert.equal(killed.ran.exitCode, null)
    assert.match(faultOf(killed.ran), /SIGKILL/)
  })

  it('that can not be started says so', async () => {
    const { ran } = await run({ kind: 'program', argv: ['/nowhere/at/all'] })
    assert.match(faultOf(ran), /could not be started: .*ENOENT/)
    assert.ok(!succeeded(ran))
  })

  it('is ended when its time is up, with all that it started, even when that ignores being asked', {
    timeout: 60_000
  }, async t => {
    const begun = join(folder, 'begun')
    const child = `trap "" TERM; echo > ${begun}; sleep 60`
    const { task } = taskOf(shell(`trap "" TERM; sh -c '${child}' & wait; sleep 60`))
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const running = runHook(task)
    for await (const _ of setInterval(5)) if (existsSync(begun)) break
    t.mock.timers.tick(task.timeoutMs)
    t.mock.timers.tick(MINUTE_MS)
    // No time passes any more: the output closes when all that have it have ended, or never.
    const ran = await running
    assert.ok(ran?.timedOut)
    assert.match(faultOf(ran), /was ended after/)
    assert.equal(ran.signal, 'SIGKILL')
  })

  it('does not hold anything up by a child that it leaves behind', async () => {
    const { ran } = await run(shell('sleep 20 & exit 0'))
    assert.ok(succeeded(ran))
    assert.ok(ran.endedAtMs - ran.startedAtMs < 15_000)
  })

  it('prints into the log up to a limit, and its end is kept', async () => {
    const { ran, lines } = await run(
      shell('i=0; while [ $i -lt 3000 ]; do echo "line $i xxxxxxxxxxxxxxxxxxxxxxxxxxx"; i=$((i+1)); done')
    )
    assert.equal(lines[0], 'hook: line 0 xxxxxxxxxxxxxxxxxxxxxxxxxxx')
    assert.equal(lines.at(-1), 'hook: the hook prints more; the rest is not logged')
    assert.ok(lines.join('\n').length < 100_000)
    assert.match(ran.output, /line 2999/)
    assert.ok(ran.output.length <= 2048)
  })

  it('of a node that stops is ended, and has no outcome', async () => {
    const stop = new AbortController()
    const { task } = taskOf(shell('sleep 60'), { signal: stop.signal })
    const running = runHook(task)
    setTimeout(() => stop.abort(), 100)
    assert.equal(await running, undefined)
  })
})
