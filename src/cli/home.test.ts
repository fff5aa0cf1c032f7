import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AppError } from '../base/errors.ts'
import { type HomeSources, resolveHome } from './home.ts'
import { absolutePathOf } from './paths.ts'

const linux: HomeSources = { platform: 'linux', env: {}, userFolder: '/home/ada', workingFolder: '/work' }
const mac: HomeSources = { ...linux, platform: 'darwin', userFolder: '/Users/ada' }
const windows: HomeSources = {
  platform: 'win32',
  env: { LOCALAPPDATA: 'D:\\Local' },
  userFolder: 'C:\\Users\\ada',
  workingFolder: 'C:\\work'
}

describe('resolveHome', () => {
  it('goes by the rules of each platform', () => {
    assert.equal(resolveHome(undefined, linux), '/home/ada/.local/share/peerage')
    assert.equal(resolveHome(undefined, { ...linux, env: { XDG_DATA_HOME: '/data' } }), '/data/peerage')
    assert.equal(
      resolveHome(undefined, { ...linux, env: { XDG_DATA_HOME: 'data' } }),
      '/home/ada/.local/share/peerage'
    )
    assert.equal(resolveHome(undefined, mac), '/Users/ada/Library/Application Support/Peerage')
    assert.equal(resolveHome(undefined, windows), 'D:\\Local\\Peerage')
    assert.equal(resolveHome(undefined, { ...windows, env: {} }), 'C:\\Users\\ada\\AppData\\Local\\Peerage')
  })

  it('lets the option win over the environment, and both over the platform', () => {
    const env = { PEERAGE_HOME: 'env', XDG_DATA_HOME: '/data' }
    assert.equal(resolveHome('option', { ...linux, env }), '/work/option')
    assert.equal(resolveHome(undefined, { ...linux, env }), '/work/env')
    assert.equal(
      resolveHome(undefined, { ...linux, env: { PEERAGE_HOME: '' } }),
      '/home/ada/.local/share/peerage'
    )
    assert.equal(resolveHome('/abs/', linux), '/abs')
    assert.equal(resolveHome('..\\x', windows), 'C:\\x')
  })

  it('needs no folder of the user where a home is named, and says so where none is', () => {
    const nobody = { ...linux, userFolder: undefined }
    assert.equal(
      resolveHome(undefined, { ...nobody, env: { PEERAGE_HOME: '/var/lib/peerage' } }),
      '/var/lib/peerage'
    )
    assert.throws(
      () => resolveHome(undefined, nobody),
      (error: unknown) =>
        error instanceof AppError && error.code === 'USAGE' && error.message.includes('--home')
    )
  })

  it('refuses an empty option: it is a variable that was not set', () => {
    assert.throws(
      () => resolveHome('', linux),
      (error: unknown) => error instanceof AppError && error.code === 'USAGE'
    )
  })
})

describe('absolutePathOf', () => {
  it('keeps the separator that says folder', () => {
    assert.equal(absolutePathOf('a', linux), '/work/a')
    assert.equal(absolutePathOf('a/', linux), '/work/a/')
    assert.equal(absolutePathOf('./', linux), '/work/')
    assert.equal(absolutePathOf('/', linux), '/')
    assert.equal(absolutePathOf('..', linux), '/')
    assert.equal(absolutePathOf('a/', windows), 'C:\\work\\a\\')
    assert.equal(absolutePathOf('D:\\a', windows), 'D:\\a')
  })
})
