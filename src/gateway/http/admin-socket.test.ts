import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { after, describe, it } from 'node:test'
import { AppError } from '../../base/errors.ts'
import {
  adminSocketPath,
  claimSocket,
  probeSocket,
  removeEndpoint,
  requirePrivateFolder,
  type SocketHost,
  writeEndpoint
} from './admin-socket.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-socket-'))
after(() => rmSync(folder, { recursive: true }))

const host: SocketHost = {
  platform: 'linux',
  runtimeFolder: undefined,
  temporaryFolder: folder,
  uid: process.getuid?.()
}

const isListenFailure = (pattern: RegExp) => (error: unknown) =>
  error instanceof AppError && error.code === 'LISTEN_FAILED' && pattern.test(error.message)

describe('adminSocketPath', () => {
  const linux: SocketHost = {
    platform: 'linux',
    runtimeFolder: '/run/user/7',
    temporaryFolder: '/tmp',
    uid: 7
  }
  const long = `/home/${'x'.repeat(100)}`

  it('lies in the home while the system allows it', () => {
    assert.equal(adminSocketPath('/h', linux), '/h/admin.sock')
    const longest = `/${'h'.repeat(107 - '/'.length - '/admin.sock'.length)}`
    assert.equal(adminSocketPath(longest, linux), `${longest}/admin.sock`)
    assert.match(adminSocketPath(`${longest}h`, linux), /^\/run\/user\/7\/peerage-7\/[0-9a-f]{16}\.sock$/)
    assert.match(adminSocketPath(longest, { ...linux, platform: 'darwin' }), /^\/run\/user\/7\//)
  })

  it('counts bytes, not characters', () => {
    assert.match(adminSocketPath(`/${'é'.repeat(60)}`, linux), /^\/run/)
  })

  it('moves to the temporary folder, apart for each home', () => {
    const other = { ...linux, runtimeFolder: undefined }
    const paths = [long, `${long}y`].map(home => adminSocketPath(home, other))
    for (const path of paths) assert.match(path, /^\/tmp\/peerage-7\//)
    assert.notEqual(paths[0], paths[1])
  })

  it('says what to do when no place is short enough', () => {
    const nowhere = { ...linux, runtimeFolder: long, temporaryFolder: long }
    assert.throws(() => adminSocketPath(long, nowhere), isListenFailure(/117 bytes.*allows 107.*--home/))
  })

  it('is a pipe on Windows', () => {
    assert.match(
      adminSocketPath('C:\\h', { ...linux, platform: 'win32' }),
      /^\\\\\.\\pipe\\peerage-[0-9a-f]{16}$/
    )
  })
})

describe('requirePrivateFolder', { skip: process.platform === 'win32' }, () => {
  it('makes a folder that nobody else can enter, whatever the umask', () => {
    const before = process.umask(0)
    try {
      const path = join(folder, 'made')
      requirePrivateFolder(path, host.uid)
      assert.equal(lstatSync(path).mode & 0o777, 0o700)
    } finally {
      process.umask(before)
    }
  })

  it('refuses a folder that is open to others, with the remedy', () => {
    const path = join(folder, 'open')
    requirePrivateFolder(path, host.uid)
    chmodSync(path, 0o750)
    assert.throws(
      () => requirePrivateFolder(path, host.uid),
      isListenFailure(/0750 lets others in; run chmod 700/)
    )
  })

  it('refuses a folder of another user, and one behind a link', () => {
    const path = join(folder, 'foreign')
    requirePrivateFolder(path, host.uid)
    assert.throws(() => requirePrivateFolder(path, (host.uid ?? 0) + 1), isListenFailure(/belongs to user/))
    const link = join(folder, 'link')
    symlinkSync(path, link)
    assert.throws(() => requirePrivateFolder(link, host.uid), isListenFailure(/not a folder/))
  })
})

describe('claimSocket', { skip: process.platform === 'win32' }, () => {
  it('replaces the socket of a killed node', async () => {
    const home = mkdtempSync(join(folder, 'h'))
    const path = join(home, 'admin.sock')
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    await assert.rejects(
      claimSocket(home, host),
      (error: unknown) =>
        error instanceof AppError && error.code === 'HOME_LOCKED' && error.message.includes(path)
    )
    child.kill('SIGKILL')
    await once(child, 'exit')
    assert.ok(existsSync(path))
    assert.equal(await claimSocket(home, host), path)
    assert.ok(!existsSync(path))
  })

  it('tells who is there', async () => {
    const path = join(folder, 'probe.sock')
    assert.equal(await probeSocket(path), 'nobody')
    const server = createServer()
    server.listen(path)
    await once(server, 'listening')
    assert.equal(await probeSocket(path), 'alive')
    await new Promise(resolve => server.close(resolve))
    writeFileSync(path, '')
    assert.equal(await probeSocket(path), 'stale')
  })
})

describe('the endpoint file', () => {
  it('is private, written whole, and removed only by its writer', async () => {
    const home = mkdtempSync(join(folder, 'e'))
    await writeEndpoint(home, { v: 1, socket: '/s', pid: 41 })
    assert.deepEqual(readdirSync(home), ['admin.json'])
    if (process.platform !== 'win32') assert.equal(lstatSync(join(home, 'admin.json')).mode & 0o777, 0o600)
    await removeEndpoint(home, 42)
    assert.deepEqual(readdirSync(home), ['admin.json'])
    await removeEndpoint(home, 41)
    assert.deepEqual(readdirSync(home), [])
    await removeEndpoint(home, 41)
  })
})
