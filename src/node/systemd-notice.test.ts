import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pid } from 'node:process'
import { createInterface, type Interface } from 'node:readline'
import { after, describe, it, test } from 'node:test'
import type { Logger } from 'pino'
import { SystemdNotice } from './systemd-notice.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-notice-'))
after(() => rmSync(folder, { recursive: true }))

const log = { warn: () => undefined }
const ASKED = { NOTIFY_SOCKET: '/s', WATCHDOG_USEC: '3000000' }

/** What systemd does with its end of the socket: Node has no Unix datagram sockets. */
const RECEIVER = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True:
    print(json.dumps(s.recv(65536).decode()), flush=True)
`

function has(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const missing = ['systemd-notify', 'python3'].find(program => !has(program))

async function receive(socket: string): Promise<{ child: ChildProcess; lines: Interface }> {
  const child = spawn('python3', ['-c', RECEIVER, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
  assert.ok(child.stdout !== null)
  const lines = createInterface({ input: child.stdout })
  assert.deepEqual(await once(lines, 'line'), ['bound'])
  return { child, lines }
}

test('systemd is told of the start, of the stop, and in between that the loop turns', {
  skip: missing === undefined ? false : `there is no ${missing}`
}, async () => {
  const socket = join(folder, 'notify')
  const { child, lines } = await receive(socket)
  const before = process.env.NOTIFY_SOCKET
  process.env.NOTIFY_SOCKET = socket // for systemd-notify, which reads its own environment
  try {
    const got: string[] = []
    const seen = (what: string): Promise<void> =>
      new Promise(resolve => {
        const look = (line: string): void => {
          got.push(JSON.parse(line) as string)
          if (!got.at(-1)?.split('\n').includes(what)) return
          lines.off('line', look)
          resolve()
        }
        lines.on('line', look)
      })
    const warned: unknown[] = []
    const noted = { warn: (fields: unknown) => void warned.push(fields) }
    const notice = new SystemdNotice({ log: noted, env: { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '300000' } })
    const ready = seen('READY=1')
    notice.ready('lab-7 (site berlin) of acme is up')
    await ready
    assert.deepEqual(got.at(-1)?.split('\n').sort(), [
      `MAINPID=${pid}`,
      'READY=1',
      'STATUS=lab-7 (site berlin) of acme is up'
    ])
    await seen('WATCHDOG=1')
    await seen('WATCHDOG=1')
    const stopped = seen('STOPPING=1')
    notice.stopping()
    await stopped
    assert.deepEqual(warned, [])
  } finally {
    if (before === undefined) delete process.env.NOTIFY_SOCKET
    else process.env.NOTIFY_SOCKET = before
    child.kill()
  }
})

describe('what is said depends on what systemd asked for', () => {
  const cases: readonly (readonly [string, NodeJS.ProcessEnv, number])[] = [
    ['nothing without it', { WATCHDOG_USEC: '3000000' }, 0],
    ['start and stop without a watchdog', { NOTIFY_SOCKET: '/s' }, 2],
    ['those alone when the watchdog is of another process', { ...ASKED, WATCHDOG_PID: '1' }, 2],
    ['three times within each limit, until it stops', { ...ASKED, WATCHDOG_PID: String(pid) }, 8]
  ]
  for (const [title, env, count] of cases)
    it(title, t => {
      t.mock.timers.enable({ apis: ['setInterval'] })
      const sent: string[] = []
      const notice = new SystemdNotice({ log, env, send: ([state]) => sent.push(state ?? '') })
      notice.ready('up')
      t.mock.timers.tick(6000)
      notice.stopping()
      t.mock.timers.tick(6000)
      assert.equal(sent.length, count, sent.join(' '))
      if (count > 0) assert.deepEqual([sent.at(0), sent.at(-1)], ['--ready', 'STOPPING=1'])
    })

  it('a tool that fails is told to the log', () => {
    const warned: string[] = []
    const warn = (_: unknown, message?: string): void => void warned.push(message ?? '')
    new SystemdNotice({
      log: { warn: warn as Pick<Logger, 'warn'>['warn'] },
      env: ASKED,
      send: (_, done) => done(new Error('no such file'))
    }).ready('up')
    assert.deepEqual(warned, ['systemd-notify failed: no such file'])
  })
})
