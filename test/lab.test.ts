/** The laboratory itself: a race in a network of two sites, and that nothing of it is left. Needs root on Linux. */

import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { missingForNetworks } from '../lab/shaped/network.ts'
import type { RunResult } from '../lab/shaped/report.ts'
import { MINUTE_MS } from '../src/base/units.ts'

const LAB = fileURLToPath(new URL('../lab/lab.ts', import.meta.url))
const missing = missingForNetworks()
const skip = missing.length === 0 ? false : `the laboratory can not run here: ${missing.join('; ')}`
const folder = mkdtempSync(join(tmpdir(), 'peerage-test-lab-'))

/** Of a child that hangs, so that the test fails and does not. */
const SAW_TIMEOUT_MS = 2 * MINUTE_MS
const running = new Set<ChildProcess>()

after(() => {
  for (const child of running) child.kill('SIGINT')
  rmSync(folder, { recursive: true, force: true })
})

function namespacesOf(pid: number | undefined): string[] {
  const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  return stdout.split('\n').filter(line => line.startsWith(`peerage-lab-${pid}-`))
}

function startLab(...args: string[]) {
  const child = spawn(process.execPath, [LAB, 'small', '--sources', '--json', '--dir', folder, ...args], {
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let [stdout, stderr] = ['', '']
  child.stdout.on('data', chunk => {
    stdout += chunk
  })
  child.stderr.on('data', chunk => {
    stderr += chunk
  })
  running.add(child)
  const closed = once(child, 'close').finally(() => running.delete(child))
  const saw = async (words: string): Promise<void> => {
    const silent = AbortSignal.timeout(SAW_TIMEOUT_MS)
    while (!stderr.includes(words)) {
      assert.ok(running.has(child), `it ended without saying "${words}": ${stderr}`)
      assert.ok(!silent.aborted, `it did not say "${words}": ${stderr}`)
      const more = once(child.stderr, 'data', { signal: silent }).catch(() => undefined)
      await Promise.race([more, closed])
    }
  }
  return { child, saw, closed, output: () => ({ stdout, stderr }) }
}

test('two sites: everything arrives, the counters agree with it, and nothing is left', { skip }, async () => {
  const trace = join(folder, 'trace')
  const lab = startLab('--trace', trace)
  const [exitCode] = await lab.closed
  const { stdout, stderr } = lab.output()
  assert.equal(exitCode, 0, stderr)
  const result = JSON.parse(stdout) as RunResult
  assert.deepEqual(Object.keys(result.hostSeconds).sort(), ['h1', 'h2', 'h3'])
  assert.ok(result.timesBound > 1, 'nothing is faster than the network')
  assert.ok(result.sourceCopies > 1, 'the source sent each byte at least once')
  const [home, far] = result.sites
  assert.ok(far !== undefined && far.copiesIn > 1, 'each byte crossed into the far site')
  assert.ok(home !== undefined && home.copiesOut > 1)
  const crossings = readFileSync(join(trace, 'peerage-1', 'crossings.csv'), 'utf8')
  const first = /^b,a,\d+,(\d+),/m.exec(crossings)?.[1]
  assert.equal(Number(first), result.bytes, 'the trace has the first copy of every byte')
  assert.match(readFileSync(join(trace, 'peerage-1', 'links.svg'), 'utf8'), /wan:b down 20/)
  assert.deepEqual(namespacesOf(lab.child.pid), [])
  assert.deepEqual(readdirSync(folder), ['trace'])
})

test('packets are lost on the WAN links, sent again, and everything arrives', { skip }, async () => {
  const lab = startLab('--delay', '5', '--loss', '0.02')
  assert.equal((await lab.closed)[0], 0, lab.output().stderr)
  const { hostSeconds, relayCarried, relayLost, retransmits } = JSON.parse(lab.output().stdout) as RunResult
  assert.deepEqual(Object.keys(hostSeconds).sort(), ['h1', 'h2', 'h3'])
  const share = relayLost / relayCarried
  assert.ok(share > 0.01 && share < 0.04, `${relayLost} of ${relayCarried} lost`)
  assert.ok(retransmits > 0, 'what was lost was sent again')
})

test('Ctrl-C removes everything, and the next start what a killed run left', { skip }, async () => {
  const interrupted = startLab()
  await interrupted.saw('joining')
  interrupted.child.kill('SIGINT')
  assert.equal((await interrupted.closed)[0], 130)
  assert.deepEqual(namespacesOf(interrupted.child.pid), [])

  const killed = startLab()
  await killed.saw('joining')
  killed.child.kill('SIGKILL')
  await once(killed.child, 'exit')
  assert.notDeepEqual(namespacesOf(killed.child.pid), [])
  const next = startLab()
  await next.saw('building')
  next.child.kill('SIGINT')
  await next.closed
  assert.match(next.output().stderr, /removed what a killed run had left/)
  assert.deepEqual(namespacesOf(killed.child.pid), [])
  assert.deepEqual(namespacesOf(next.child.pid), [])
})
