/**
 * The live view in a real terminal (a pty of Python's), against a running node: it fits, listens to keys, and leaves the
 * terminal as it was however it ends.
 */

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { Cluster, type ClusterNode, runCommand } from '../lab/cluster.ts'
import { mainProgram } from '../lab/program.ts'
import { widthOf } from '../src/cli/text.ts'

const HAS_PYTHON = spawnSync('python3', ['-c', 'import pty']).status === 0
const ESCAPE = '\u001b'
const ENTER = `${ESCAPE}[?1049h`
const LEAVE = `${ESCAPE}[?7h${ESCAPE}[?25h${ESCAPE}[?1049l`

/**
 * Runs a command in a terminal; each step waits until a text was shown and then types, or sends a signal. Prints the
 * text of each step that was taken, and what came of it all, each as JSON on a line.
 */
const PTY = `
import fcntl, json, os, pty, select, signal, struct, sys, termios, time
columns, rows, steps, command = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    time.sleep(0.1)
    os.environ.update(TERM='xterm-256color', LANG='C.UTF-8')
    os.environ.pop('NO_COLOR', None)
    os.execvp(command[0], command)
size = lambda c, r: fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', r, c, 0, 0))
size(columns, rows)
before = termios.tcgetattr(fd)
out, mark, deadline = b'', 0, time.time() + 60
while time.time() < deadline:
    if steps and steps[0]['shown'].encode() in out[mark:]:
        step = steps.pop(0)
        mark = len(out)
        print(json.dumps(step['shown']), flush=True)
        while step.get('stops') and time.time() < deadline:
            if os.waitpid(pid, os.WUNTRACED | os.WNOHANG)[0] == pid: break
            time.sleep(0.01)
        if 'type' in step: os.write(fd, step['type'].encode())
        if 'signal' in step: os.kill(pid, getattr(signal, step['signal']))
        if 'resize' in step:
            size(*step['resize'])
            os.kill(pid, signal.SIGWINCH)
    if select.select([fd], [], [], 0.05)[0]:
        try: data = os.read(fd, 65536)
        except OSError: break
        if not data: break
        out += data
_, status = os.waitpid(pid, 0) if time.time() < deadline else (os.kill(pid, signal.SIGKILL), os.waitpid(pid, 0)[1])
ended = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
print(json.dumps({'out': out.decode('utf8', 'replace'), 'signal': ended,
  'code': os.WEXITSTATUS(status) if os.WIFEXITED(status) else None, 'left': len(steps)}))
`

interface Step {
  readonly shown: string
  /** It acts once the command has stopped itself, as by Ctrl-Z. */
  readonly stops?: true
  readonly type?: string
  readonly signal?: NodeJS.Signals
  readonly resize?: readonly [number, number]
}

interface Ran {
  readonly out: string
  readonly code: number | null
  readonly signal: number | null
  readonly left: number
}

const folder = mkdtempSync(join(tmpdir(), 'peerage-top-'))
const cluster = new Cluster(folder)
let node: ClusterNode

before(async () => {
  node = await cluster.found('lab-1', 'berlin')
})

after(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function inTerminal(
  columns: number,
  rows: number,
  steps: readonly Step[],
  {
    command = [process.execPath, mainProgram(), 'top', '--home', node.home],
    onShown = () => undefined
  }: { readonly command?: readonly string[]; readonly onShown?: (text: string) => void } = {}
): Promise<Ran> {
  const child = spawn('python3', ['-c', PTY, JSON.stringify([columns, rows, steps, command])], {
    stdio: ['ignore', 'pipe', 'inherit']
  })
  let last: string | Ran | undefined
  for await (const line of createInterface({ input: child.stdout })) {
    last = JSON.parse(line) as string | Ran
    if (typeof last === 'string') onShown(last)
  }
  assert.ok(typeof last === 'object', 'python ended early')
  const ran = last
  assert.equal(ran.left, 0, `not shown: ${JSON.stringify(ran.out.slice(-500))}`)
  return ran
}

/** The lines of each frame, bare. */
function framesOf({ out }: Ran): string[][] {
  return out
    .split(`${ESCAPE}[?2026h${ESCAPE}[H`)
    .slice(1)
    .map(frame => stripVTControlCharacters(frame.slice(0, frame.indexOf(`${ESCAPE}[J`))).split(/\r+\n/))
}

function isRestored({ out }: Ran): void {
  assert.equal(out.split(ENTER).length, out.split(LEAVE).length, 'it left what it entered')
  assert.ok(out.lastIndexOf(LEAVE) > out.lastIndexOf(ENTER))
}

describe('peerage top in a terminal', { skip: !HAS_PYTHON, timeout: 600_000 }, () => {
  it('fits it, also after it was resized, and ends by q', async () => {
    const ran = await inTerminal(80, 24, [
      { shown: 'no transfers', type: 'p' },
      { shown: 'no peers', resize: [50, 14] },
      { shown: 'no peers', type: 'l' },
      { shown: 'nothing crosses any link', type: 'q' }
    ])
    assert.deepEqual([ran.code, ran.signal], [0, null])
    isRestored(ran)
    const frames = framesOf(ran)
    const [first = [], last = []] = [frames[0], frames.at(-1)]
    assert.equal(first.length, 24)
    assert.match(first[0] ?? '', /^lab-1, site berlin, org acme {2}peers 0\/0/)
    assert.equal(last.length, 14)
    for (const line of last) assert.ok(widthOf(line) <= 50, line)
  })

  it('draws no more than four frames a second, however fast keys come', async () => {
    const startMs = performance.now()
    const ran = await inTerminal(80, 24, [
      { shown: 'no transfers', type: 'plt'.repeat(200) },
      { shown: 'total', type: 'plt'.repeat(200) },
      { shown: 'total', type: 'q' }
    ])
    const seconds = (performance.now() - startMs) / 1000
    assert.ok(framesOf(ran).length <= 4 * seconds + 1)
  })

  it('leaves it as it was when it is ended by Ctrl-C, and when by a signal dies of that', async () => {
    const byKey = await inTerminal(80, 24, [{ shown: 'no transfers', type: '\u0003' }])
    assert.equal(byKey.code, 0)
    isRestored(byKey)
    for (const [signal, number] of [
      ['SIGTERM', 15],
      ['SIGHUP', 1]
    ] as const) {
      const ran = await inTerminal(80, 24, [{ shown: 'no transfers', signal }])
      assert.deepEqual([ran.code, ran.signal], [null, number])
      isRestored(ran)
    }
  })

  it('leaves it as it was when a fault of our own ends it, so that the fault can be read', async () => {
    const module = new URL('../src/cli/top/terminal-screen.ts', import.meta.url).href
    const program = `
      import { openScreen } from ${JSON.stringify(module)}
      const events = { onText: () => { throw new TypeError('a fault') }, onResize: () => undefined }
      openScreen({ input: process.stdin, output: process.stdout }, events).draw(['drawn'])`
    const command = [process.execPath, '--input-type=module', '-e', program]
    const ran = await inTerminal(80, 24, [{ shown: 'drawn', type: 'x' }], { command })
    assert.equal(ran.code, 1)
    isRestored(ran)
    assert.ok(ran.out.indexOf('TypeError: a fault') > ran.out.lastIndexOf(LEAVE))
  })

  it('stops and goes on as other programs do', async () => {
    const ran = await inTerminal(80, 24, [
      { shown: 'no transfers', type: '\u001a' },
      { shown: LEAVE, stops: true, signal: 'SIGCONT' },
      { shown: ENTER, type: 'p' },
      { shown: 'no peers', type: 'q' }
    ])
    assert.equal(ran.code, 0)
    isRestored(ran)
  })

  it('says that the node went away, goes on to show what was, and goes on when it is back', async () => {
    let turns = Promise.resolve<unknown>(undefined)
    const steps = [
      { shown: 'no transfers' },
      { shown: 'NODE_DOWN' },
      { shown: 'peers 0/0', type: 'q' }
    ] as const
    const ran = await inTerminal(80, 24, steps, {
      onShown: shown => {
        if (shown === 'no transfers') turns = turns.then(() => node.stop())
        else if (shown === 'NODE_DOWN') turns = turns.then(() => node.up())
      }
    })
    await turns
    assert.equal(ran.code, 0)
    isRestored(ran)
  })
})

describe('peerage top without a terminal', { timeout: 300_000 }, () => {
  it('prints once what it would show, and says so', async () => {
    const { exitCode, stdout, stderr } = await runCommand(['top', '--home', node.home])
    assert.equal(exitCode, 0)
    assert.match(stderr, /no terminal/)
    assert.match(
      stdout,
      /^lab-1, site berlin.*\n[\s\S]*transfers\n.*no transfers[\s\S]*no peers[\s\S]*nothing crosses/
    )
    assert.ok(!stdout.includes(ESCAPE))
    const once = await runCommand(['top', '--once', '--home', node.home])
    assert.equal(once.stderr, '')
  })

  it('gives an object each second with --json, and the last as its result when it is interrupted', async () => {
    const child = spawn(process.execPath, [mainProgram(), 'top', '--json', '--home', node.home], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    let parts = 0
    child.stdout.on('data', () => {
      if (++parts === 3) child.kill('SIGINT')
    })
    const [out, [code]] = await Promise.all([text(child.stdout), once(child, 'close')])
    const values = out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    assert.equal(code, 0)
    const types = values.map(({ type }) => type)
    assert.equal(types.pop(), 'result')
    assert.deepEqual(new Set(types), new Set(['progress']))
    assert.ok(types.length >= 3)
    assert.ok(values[1].progress.atMs > values[0].progress.atMs)
    const single = JSON.parse((await runCommand(['top', '--once', '--json', '--home', node.home])).stdout)
    assert.equal(single.result.device.name, 'lab-1')
  })
})
