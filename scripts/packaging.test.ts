import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { ERROR_CODES } from '../src/base/error-codes.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-packaging-'))
after(() => rmSync(folder, { recursive: true }))

const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
const unit = readFileSync('packaging/peerage.service', 'utf8')

function hasAnalyzer(): boolean {
  return spawnSync('systemd-analyze', ['--version'], { stdio: 'ignore' }).status === 0
}

/** The unit, as of a machine that has its program and its user. */
function unitOfThisMachine(): string {
  const path = join(folder, 'peerage.service')
  const text = unit
    .replace(/^ExecStart=peerage/m, `ExecStart=${process.execPath}`)
    .replaceAll(/^(User|Group)=peerage$/gm, '$1=root')
  assert.notEqual(text, unit)
  writeFileSync(path, text)
  return path
}

describe('the systemd unit', () => {
  const skip = hasAnalyzer() ? false : 'there is no systemd-analyze'

  it('is one that systemd understands', { skip }, () => {
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unitOfThisMachine()], {
      encoding: 'utf8',
      env: { ...process.env, SYSTEMD_LOG_LEVEL: 'warning' }
    })
    const about = stderr.split('\n').filter(line => line.includes('peerage.service'))
    assert.deepEqual(about, [])
    assert.equal(status, 0, stderr)
  })

  it('is exposed no more than a service that has to open sockets and compile', { skip }, () => {
    // As root, which costs 0.4 more than the user of its own that the unit names.
    const { status, stdout } = spawnSync(
      'systemd-analyze',
      ['security', '--offline=true', '--no-pager', '--threshold=25', unitOfThisMachine()],
      { encoding: 'utf8' }
    )
    assert.equal(status, 0, stdout)
  })

  it('gives up on the exit codes of what stays wrong, and on no other', () => {
    const given = /^RestartPreventExitStatus=(.*)$/m.exec(unit)?.[1]?.split(' ').map(Number)
    const lasting = (['USAGE', 'HOME_MISSING'] as const).map(code => ERROR_CODES[code].exitCode)
    assert.deepEqual(given, lasting)
  })

  it('keeps the home where it may be written to', () => {
    const home = /^Environment=PEERAGE_HOME=(.*)$/m.exec(unit)?.[1]
    const state = /^StateDirectory=(.*)$/m.exec(unit)?.[1]
    assert.equal(home, `/var/lib/${state}`)
    assert.match(
      readFileSync('packaging/peerage.sysusers', 'utf8'),
      new RegExp(`^u peerage .* ${home}$`, 'm')
    )
  })
})

describe('the container file', () => {
  const text = readFileSync('packaging/Containerfile', 'utf8')

  it('builds on the Node that the package asks for', () => {
    const wanted = /(\d+)/.exec(manifest.engines.node)?.[1]
    const bases = [...text.matchAll(/^FROM \S*node:(\d+)/gm)].map(([, version]) => version)
    assert.deepEqual(bases, [wanted, wanted])
  })

  it('takes nothing that is not here, and nothing that its list keeps out', () => {
    const allowed = readFileSync('packaging/Containerfile.dockerignore', 'utf8').split('\n')
    const isLetIn = (path: string): boolean =>
      allowed.some(line => line === `!${path}` || path.startsWith(`${line.slice(1)}/`))
    const copies = [...text.matchAll(/^COPY (?!--from)(.*) \S+$/gm)]
    const copied = copies.flatMap(([, paths]) => paths?.split(' ') ?? [])
    assert.ok(copied.length > 5)
    for (const path of copied) {
      assert.ok(existsSync(path), path)
      assert.ok(isLetIn(path), `${path} is kept out of the build`)
    }
  })

  it('runs the program of the package, as nobody who matters', () => {
    assert.ok(text.includes(`/opt/peerage/${manifest.bin.peerage}`))
    assert.match(text, /^USER (?!0)\d+:\d+$/m)
  })
})

it('what is packaged comes with the package', () => {
  assert.ok(manifest.files.includes('packaging'))
})
