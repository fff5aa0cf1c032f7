/** `peerage console` and `peerage signin` as they are typed, against the local socket of a node that is scripted. */

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { CliContext } from '../src/cli/context.ts'
import { run } from '../src/cli/program.ts'
import { type AdminServer, createAdminServer } from '../src/gateway/http/admin-server.ts'
import { OWNER } from '../src/gateway/http/caller.ts'
import { SessionBook } from '../src/gateway/http/session-book.ts'
import { TokenBook } from '../src/gateway/http/token-book.ts'
import { RealProvider } from '../src/gateway/sign-in/real-provider.conformance.ts'
import type { NodeService } from '../src/node/service.ts'
import { scripted } from '../src/node/swarm/scripted.conformance.ts'

const home = mkdtempSync(join(tmpdir(), 'peerage-console-'))
const tokens = new TokenBook(home)
const sessions = new SessionBook(tokens)
let server: AdminServer

before(async () => {
  const service = scripted<NodeService>({})
  server = createAdminServer({ service, tokens, sessions, log: { error: () => undefined } })
  await server.listen(home)
})
after(async () => {
  await server.close()
  rmSync(home, { recursive: true })
})

async function peerage(argv: string | readonly string[], overrides: Partial<CliContext> = {}) {
  const written: string[] = []
  const terminal = {
    write: (data: unknown) => void written.push(String(data)),
    isTty: false,
    columns: undefined
  }
  const context: CliContext = {
    ...{ platform: process.platform, env: { PEERAGE_HOME: home }, userFolder: home, workingFolder: home },
    ...{ hostName: 'lab-7', stdout: terminal, stderr: terminal, readStandardInput: async () => '' },
    ...{ readHiddenLine: undefined, openScreen: undefined, openFile: undefined },
    loadDaemon: () => assert.fail('console needs no node of its own'),
    catchInterrupt: () => new AbortController().signal,
    ...{ nowMs: () => 0, monotonicMs: () => 0, ...overrides }
  }
  return {
    exitCode: await run(typeof argv === 'string' ? argv.split(' ') : argv, context),
    written: written.join('')
  }
}

test('a node that answers no browser says how it would', async () => {
  const { exitCode, written } = await peerage('console')
  assert.equal(exitCode, 69)
  assert.match(written, /peerage up --api localhost:4780 \(API_CLOSED\)/)
})

test('an address is printed for each name of the node, with a code that works once', async () => {
  sessions.openAt(['https://localhost:4780', 'https://nas:4780'])
  const { written } = await peerage('console --scope read')
  const [first = '', second = '', until = ''] = written.split('\n')
  const [, code = ''] = /^https:\/\/localhost:4780\/#code=(pgc_\S{43})$/.exec(first) ?? []
  assert.equal(second, `https://nas:4780/#code=${code}`)
  assert.match(until, /^works once, until 20/)
  assert.deepEqual([...(sessions.redeem(code)?.scopes ?? [])], ['read'])
  assert.equal(sessions.redeem(code), undefined)
})

test('a browser is opened where there is a desktop, and nothing is made where there is none', async () => {
  const opened: string[] = []
  const openFile = async (path: string) => void opened.push(readFileSync(path, 'utf8'))
  const { written } = await peerage('console --open --json', { openFile })
  const made = JSON.parse(written) as { readonly code: string; readonly opened: boolean }
  assert.equal(made.opened, true)
  assert.ok(opened[0]?.includes(`https://localhost:4780/#code=${made.code}`))
  const none = await peerage('console --open')
  assert.equal(none.exitCode, 64)
  assert.match(none.written, /no desktop here/)
  assert.match((await peerage('console --scope everything')).written, /--scope can not be .*read.*authority/)
})

test('who is signed in is listed, and signed out', async () => {
  const secret = sessions.begin({ kind: 'owner', caller: { ...OWNER, id: 'browser of the owner (1)' } })
  const id = sessions.use(secret)?.id ?? ''
  const { written } = await peerage('session')
  assert.match(written, new RegExp(`${id} +browser of the owner \\(1\\) +peerage console`))
  assert.match((await peerage(`session end ${id}`)).written, new RegExp(`session ${id} has ended; 0 left`))
  assert.equal(sessions.use(secret), undefined)
  const again = await peerage(`session end ${id}`)
  assert.deepEqual([again.exitCode, /SESSION_UNKNOWN/.test(again.written)], [66, true])
  assert.match((await peerage('session list')).written, /nobody is signed in/)
})

test('a provider is set, shown, asked and unset; who it signed in is signed out', async () => {
  const real = await RealProvider.start({ groups: {}, redirect: 'https://localhost:4780/sign-in/callback' })
  try {
    writeFileSync(join(home, 'client.secret'), 'x')
    assert.match((await peerage('signin')).written, /no provider signs people in.*signin set/)
    const set = `signin set --issuer ${real.issuer} --client-id peerage --secret-file client.secret --ask groups`
    const person = { ...OWNER, kind: 'person' } as const
    const [before, owner] = [
      sessions.begin({ kind: 'person', caller: person, provedAtMs: null }),
      sessions.begin({ kind: 'owner', caller: OWNER })
    ]
    const done = await peerage([
      ...set.split(' '),
      '--map',
      'a team=operator',
      '--map',
      'x=y=viewer',
      '--audience',
      'z'
    ])
    assert.equal(done.exitCode, 0, done.written)
    assert.equal(sessions.use(before), undefined)
    assert.ok(sessions.use(owner))
    const shown = (await peerage('signin show')).written
    assert.equal(shown, done.written)
    for (const line of [
      `people sign in at ${real.issuer} as client peerage`,
      `with the client secret in ${join(home, 'client.secret')}`,
      'groups a team: operator (read content settings)',
      'groups x=y: viewer (read)',
      'identities may be meant for z too',
      'to be registered at the provider: https://nas:4780/sign-in/callback'
    ])
      assert.ok(shown.includes(`${line}\n`), `${line} in ${shown}`)
    assert.match((await peerage('signin person 00u1')).written, /^person [0-9a-f]{16}\n$/)
    assert.equal(
      (JSON.parse((await peerage('signin unset --json')).written) as { provider: unknown }).provider,
      null
    )
    const none = await peerage('signin person 00u1')
    assert.deepEqual([none.exitCode, /SIGN_IN_UNSET/.test(none.written)], [66, true])
  } finally {
    await real.stop()
  }
})

test('what is wrong with a provider is said before it is asked', async () => {
  for (const [line, pattern] of [
    ['signin set', /--issuer is missing: say where people sign in/],
    ['signin set --issuer https://a.example --client-id x', /--map is missing: say what people may do/],
    ['signin set --issuer https://a.example --client-id x --map staff', /VALUE=ROLE.*viewer, auditor/],
    ['signin set --issuer https://a.example --client-id x --map staff=king', /VALUE=ROLE/],
    ['signin set --issuer http://a.example --client-id x --map a=viewer', /an issuer is an https URL/],
    ['signin set --issuer a.example --client-id x --map a=viewer', /an issuer is an https URL/],
    ['signin set --issuer https://a.example/?x --client-id x --map a=viewer', /an issuer is an https URL/]
  ] as const) {
    const { exitCode, written } = await peerage(line)
    assert.equal(exitCode, 64, written)
    assert.match(written, pattern)
  }
})
