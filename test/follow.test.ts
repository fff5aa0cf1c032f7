/**
 * A followed folder against real nodes over TLS: new versions, withdrawn ones, hooks, rollbacks, what is in the way,
 * and what stays on disk.
 */

import assert from 'node:assert/strict'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync
} from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import { AppError } from '../src/base/errors.ts'
import type { OperationContent } from '../src/ledger/operation/operation-content.ts'
import type { FollowOptions, FollowStatus, Hook } from '../src/node/follow/follow-terms.ts'
import type { DataClass } from '../src/node/service.ts'

const org = new OrgInProcess()
let admin: Running
let reader: Running

before(async () => {
  admin = await org.found('admin')
  reader = await org.join(admin, 'reader')
  await org.settled()
})

after(() => org.stop())

const TASK = { signal: new AbortController().signal, onProgress: () => undefined }
const place = (name: string) => join(org.folder, 'followed', name)
const shell = (command: string): Hook => ({ kind: 'shell', command })
const decide = (content: OperationContent) => admin.node.keeper.append(content)

/** Publishes a folder whose every file says which version it is of. */
async function publish(
  name: string,
  n: number,
  { dataClass = 'internal' as DataClass, bytes = 100_000 } = {}
) {
  const folder = join(org.folder, 'sources', name, String(n))
  mkdirSync(join(folder, 'deep', 'er'), { recursive: true })
  writeFileSync(join(folder, 'version'), `${n}\n`)
  // Or the same number of another dataset would be the same version.
  writeFileSync(join(folder, 'name'), name)
  writeFileSync(join(folder, 'deep', 'er', 'large'), Buffer.alloc(bytes, n))
  writeFileSync(join(folder, 'deep', 'empty'), '')
  symlinkSync('er/large', join(folder, 'deep', 'link'))
  const { version } = await admin.service.publish({ path: folder, name, dataClass }, TASK)
  await eventually(`version ${n} of ${name} is known`, async () =>
    (await reader.service.datasets()).some(each => each.name === name && each.version === version)
  )
  return version
}

async function follow(
  name: string,
  options: Partial<FollowOptions> & { to?: string } = {}
): Promise<FollowStatus> {
  const { to = name, ...rest } = options
  mkdirSync(join(org.folder, 'followed'), { recursive: true })
  return await reader.service.follows.follow({
    ...{ name, destination: place(to), mode: 'symlink', keep: 2, hook: null, hookTimeoutMs: 10_000 },
    ...{ onHookFailure: 'rollback', purpose: null, ...rest }
  })
}

const statusOf = (name: string) => reader.service.follows.followed(place(name))

async function isAt(name: string, n: number, also: (status: FollowStatus) => boolean = () => true) {
  let last: FollowStatus | undefined
  await eventually(`${name} is at ${n}`, async () => {
    last = await statusOf(name)
    return last.state === 'current' && last.current?.ordinal === n && also(last)
  }).catch(error => assert.fail(`${error.message}: ${JSON.stringify(last)}`))
  assert.equal(readFileSync(join(place(name), 'version'), 'utf8'), `${n}\n`)
  assert.ok(readFileSync(join(place(name), 'deep', 'link')).every(byte => byte === n))
  return last as FollowStatus
}

async function rejectsWith(code: string, pattern: RegExp, work: Promise<unknown>): Promise<void> {
  await assert.rejects(work, error => {
    assert.ok(error instanceof AppError, String(error))
    assert.equal(error.code, code)
    assert.match(error.message, pattern)
    return true
  })
}

/** Undefined while there is nothing: a destination that is renamed is away for a moment. */
function textAt(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

const foldersOf = (name: string) =>
  readdirSync(`${place(name)}.versions`)
    .filter(each => /^\d+-/.test(each))
    .map(each => Number(each.split('-')[0]))
    .sort()

for (const mode of ['symlink', 'rename'] as const)
  describe(`a destination that follows by ${mode}`, { timeout: 120_000 }, () => {
    const name = `kept-${mode}`

    it('goes to each new version, and keeps as many as it is told', async () => {
      await publish(name, 1)
      await follow(name, { mode })
      await isAt(name, 1)
      assert.equal(lstatSync(place(name)).isSymbolicLink(), mode === 'symlink')
      for (const n of [2, 3, 4]) {
        await publish(name, n)
        await isAt(name, n)
      }
      await eventually('older ones are gone', () => foldersOf(name).join() === '3,4')
      const held = reader.node.store
        .holdings()
        .filter(({ root }) => root.startsWith(`${place(name)}.versions`))
      assert.equal(held.length, 2)
      assert.ok(held.every(({ state }) => state === 'complete'))
      const transfers = (await reader.service.transfers()).filter(transfer => transfer.name === name)
      assert.deepEqual(transfers.map(({ ordinal }) => ordinal).sort(), [3, 4])
      const { previous } = await statusOf(name)
      assert.equal(previous?.ordinal, 3)
    })

    it('goes back when it is asked, and stays there until it may go on', async () => {
      await reader.service.follows.rollback({ destination: place(name), to: null })
      await isAt(name, 3, ({ pinned }) => pinned === 3)
      await publish(name, 5)
      const { passedOver } = await statusOf(name)
      assert.deepEqual(
        passedOver.map(({ ordinal }) => ordinal),
        [4, 5]
      )
      await isAt(name, 3)
      // No longer on disk: it is fetched again.
      await reader.service.follows.rollback({ destination: place(name), to: 1 })
      await isAt(name, 1)
      await reader.service.follows.resume(place(name))
      await isAt(name, 5, ({ pinned }) => pinned === null)
    })

    it('keeps what others put beside the files, and tells where', async () => {
      writeFileSync(join(place(name), 'mine'), 'keep me')
      await publish(name, 6)
      await publish(name, 7)
      await isAt(name, 7)
      await publish(name, 8)
      await isAt(name, 8)
      const kept = () => readdirSync(`${place(name)}.versions`).filter(each => each.startsWith('kept-'))
      await eventually('it is set aside', () => kept().length === 1)
      const [aside = ''] = kept()
      assert.equal(readFileSync(join(`${place(name)}.versions`, aside, 'mine'), 'utf8'), 'keep me')
      assert.ok(!existsSync(join(`${place(name)}.versions`, aside, 'version')))
    })

    it('is made anew when it is gone', async () => {
      if (mode === 'symlink') unlinkSync(place(name))
      else rmSync(place(name), { recursive: true })
      await reader.service.follows.retry(place(name))
      await isAt(name, 8)
    })

    it('stops, and goes on from what is there', async () => {
      await reader.service.follows.stopFollow(place(name))
      await publish(name, 9)
      await rejectsWith('FOLLOW_UNKNOWN', /follow list/, statusOf(name))
      assert.equal(readFileSync(join(place(name), 'version'), 'utf8'), '8\n')
      const again = await follow(name, { mode })
      assert.equal(again.current?.ordinal, 8)
      await isAt(name, 9)
      assert.equal((await statusOf(name)).previous?.ordinal, 8)
    })

    it('goes on after the node starts again', async () => {
      await reader.node.stop()
      org.running.splice(org.running.indexOf(reader), 1)
      await publishAlone(name, 10)
      reader = await org.start(reader.node.home)
      await isAt(name, 10)
    })

    it('takes nothing that somebody else put in its place', async () => {
      if (mode === 'symlink') unlinkSync(place(name))
      else renameSync(place(name), `${place(name)}-moved`)
      mkdirSync(place(name))
      writeFileSync(join(place(name), 'precious'), 'mine')
      await publish(name, 11)
      await eventually('it is told', async () => {
        const { problems, retryAtMs } = await statusOf(name)
        return problems.some(({ code }) => code === 'DEST_EXISTS') && retryAtMs !== null
      })
      assert.deepEqual(readdirSync(place(name)), ['precious'])
      const { problems } = await reader.service.status()
      assert.ok(problems.some(({ code, message }) => code === 'DEST_EXISTS' && message.includes('precious')))
      rmSync(place(name), { recursive: true })
      await reader.service.follows.retry(place(name))
      await isAt(name, 11, status => status.problems.length === 0)
    })
  })

/** While the reader is down. */
async function publishAlone(name: string, n: number): Promise<void> {
  const folder = join(org.folder, 'sources', name, String(n))
  mkdirSync(join(folder, 'deep'), { recursive: true })
  writeFileSync(join(folder, 'version'), `${n}\n`)
  writeFileSync(join(folder, 'deep', 'link'), Buffer.alloc(1000, n))
  await admin.service.publish({ path: folder, name, dataClass: 'internal' }, TASK)
}

describe('a version that is not to be used', { timeout: 120_000 }, () => {
  it('is left for the newest good one when it is recalled, and that is told until there is a newer one', async () => {
    await publish('recalled', 1)
    await publish('recalled', 2)
    const third = await publish('recalled', 3)
    await follow('recalled')
    await isAt('recalled', 3)
    decide({ type: 'content.recall', version: third, reason: 'wrong build' })
    const { problems } = await isAt('recalled', 2)
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['VERSION_WITHDRAWN']
    )
    assert.match(problems[0]?.message ?? '', /left version 3 of recalled for version 2: .*wrong build/)
    assert.ok((await reader.service.status()).problems.some(({ code }) => code === 'VERSION_WITHDRAWN'))
    await eventually('what it left is deleted', () => !foldersOf('recalled').includes(3))
    await publish('recalled', 4)
    assert.deepEqual((await isAt('recalled', 4)).problems, [])
  })

  it('is left when it is quarantined, and taken again when it is released', async () => {
    await publish('quarantined', 1)
    const second = await publish('quarantined', 2)
    await follow('quarantined')
    await isAt('quarantined', 2)
    decide({ type: 'content.quarantine', version: second, reason: 'a virus' })
    await isAt('quarantined', 1)
    decide({ type: 'content.release', version: second })
    assert.deepEqual((await isAt('quarantined', 2)).problems, [])
  })

  it('stays when it is quarantined and there is no good one, which is told, and goes when it is recalled', async () => {
    const only = await publish('only', 1)
    await follow('only')
    await isAt('only', 1)
    decide({ type: 'content.quarantine', version: only, reason: 'wrong' })
    await eventually('it is told', async () =>
      (await statusOf('only')).problems.some(
        ({ code, message }) => code === 'VERSION_WITHDRAWN' && /still at/.test(message)
      )
    )
    assert.equal(readFileSync(join(place('only'), 'version'), 'utf8'), '1\n')
    decide({ type: 'content.recall', version: only, reason: 'wrong' })
    await eventually('it is gone', async () => (await statusOf('only')).current === null)
    assert.ok(!existsSync(place('only')))
  })

  it('is given up while it is fetched', async () => {
    await publish('hasty', 1)
    await follow('hasty')
    await isAt('hasty', 1)
    const second = await publish('hasty', 2, { bytes: 400_000_000 })
    await eventually(
      'it is being fetched',
      async () => ((await statusOf('hasty')).target?.haveBytes ?? 0) > 0
    )
    decide({ type: 'content.recall', version: second, reason: 'too large' })
    await isAt('hasty', 1, ({ target }) => target === null)
    await eventually('nothing of it is left', () => foldersOf('hasty').join() === '1')
    assert.ok(!(await reader.service.transfers()).some(({ version }) => version === second))
    truncateSync(join(org.folder, 'sources', 'hasty', '2', 'deep', 'er', 'large'), 0)
  })

  it('that may not be read is passed over, and taken once it may', async () => {
    await publish('granted', 1)
    await follow('granted')
    await isAt('granted', 1)
    decide({ type: 'dataset.policy', name: 'granted', labels: [], access: 'granted' })
    await publish('granted', 2)
    await eventually('it is told', async () => (await statusOf('granted')).passedOver.length === 1)
    await isAt('granted', 1)
    const { device } = reader.node.identity
    decide({
      type: 'access.grant',
      grantee: { kind: 'device', device },
      scope: { kind: 'name', name: 'granted' },
      purpose: null,
      expiresMs: null
    } as OperationContent)
    await isAt('granted', 2)
  })

  it('that is sealed is passed over, and the reason says how to fetch it', async () => {
    await publish('sealed', 1)
    await follow('sealed')
    await isAt('sealed', 1)
    decide({
      type: 'access.grant',
      grantee: { kind: 'device', device: reader.node.identity.device },
      scope: { kind: 'name', name: 'sealed' },
      purpose: null
    })
    await publish('sealed', 2, { dataClass: 'confidential' })
    await eventually('it is told', async () => (await statusOf('sealed')).passedOver.length === 1)
    assert.match(
      JSON.stringify((await statusOf('sealed')).passedOver),
      /sealed, which is fetched by peerage get/
    )
    await isAt('sealed', 1)
  })
})

describe('a hook', { timeout: 120_000 }, () => {
  const lines = (name: string) => {
    const path = join(org.folder, `${name}.hooks`)
    return existsSync(path) ? readFileSync(path, 'utf8').trim().split('\n') : []
  }
  const noting = (name: string, then = '') =>
    shell(
      [
        'said="$PEERAGE_ORDINAL $PEERAGE_REASON $(cat "$PEERAGE_PATH/version")"',
        `echo "$said $(basename "$PEERAGE_PREVIOUS_PATH")" >> ${join(org.folder, name)}.hooks`,
        then
      ].join('\n')
    )

  it('runs after each switch, when the destination is at the version', async () => {
    await publish('hooked', 1)
    await follow('hooked', { hook: noting('hooked') })
    await isAt('hooked', 1, ({ lastHook }) => lastHook?.exitCode === 0)
    const before = basename((await statusOf('hooked')).current?.path ?? '')
    await publish('hooked', 2)
    await isAt('hooked', 2, ({ lastHook }) => lastHook?.ordinal === 2)
    assert.deepEqual(lines('hooked'), ['1 new 1 ', `2 new 2 ${before}`])
  })

  it('that fails has the version before back, and the failed one is not tried again until it is asked', async () => {
    await publish('failing', 1)
    await follow('failing', {
      hook: noting('failing', 'test "$PEERAGE_ORDINAL" -ne 2 || { echo no good; exit 3; }')
    })
    await isAt('failing', 1, ({ lastHook }) => lastHook !== null)
    await publish('failing', 2)
    const { problems, failed, lastHook, passedOver } = await isAt(
      'failing',
      1,
      status => status.failed.length === 1
    )
    assert.deepEqual(
      failed.map(({ ordinal }) => ordinal),
      [2]
    )
    assert.deepEqual(
      problems.map(({ code }) => code),
      ['HOOK_FAILED']
    )
    assert.match(problems[0]?.message ?? '', /version 2 of failing in .* exit code 3.*follow retry/)
    assert.equal(lastHook?.reason, 'hook-failed')
    assert.deepEqual(passedOver, [{ ordinal: 2, detail: 'its hook failed' }])
    reader.node.follows.look()
    await isAt('failing', 1)
    assert.deepEqual(
      lines('failing').map(line => line.slice(0, 5)),
      ['1 new', '2 new', '1 hoo']
    )
    await publish('failing', 3)
    assert.deepEqual((await isAt('failing', 3)).problems, [])
    await reader.service.follows.rollback({ destination: place('failing'), to: 2 })
    await isAt('failing', 2, status => status.lastHook?.ordinal === 2)
    await reader.service.follows.resume(place('failing'))
    await isAt('failing', 3)
  })

  it('that fails may leave the version where it is', async () => {
    await publish('staying', 1)
    await follow('staying', { hook: shell('exit 1'), onHookFailure: 'keep' })
    const { problems, failed } = await isAt('staying', 1, ({ lastHook }) => lastHook !== null)
    assert.deepEqual([problems[0]?.code, failed.length], ['HOOK_FAILED', 0])
  })

  it('of a first version that fails has nothing to go back to', async () => {
    await publish('first', 1)
    await follow('first', { hook: shell('exit 1') })
    await isAt('first', 1, ({ failed }) => failed.length === 1)
    await reader.service.follows.follow({
      ...{
        name: 'first',
        destination: place('first'),
        mode: 'symlink',
        keep: 5,
        hook: null,
        hookTimeoutMs: 1000
      },
      ...{ onHookFailure: 'rollback', purpose: null }
    })
    await reader.service.follows.retry(place('first'))
    const { keep, problems } = await isAt('first', 1, ({ failed }) => failed.length === 0)
    assert.deepEqual([keep, problems], [5, []])
  })
})

describe('a destination that can not be followed into', { timeout: 60_000 }, () => {
  before(() => publish('plain', 1))

  it('says so, and nothing there is touched', async () => {
    mkdirSync(place('full'), { recursive: true })
    writeFileSync(join(place('full'), 'precious'), 'mine')
    await rejectsWith('DEST_EXISTS', /precious.*Nothing there was touched/s, follow('plain', { to: 'full' }))
    await rejectsWith('DEST_EXISTS', /precious/, follow('plain', { to: 'full', mode: 'rename' }))
    writeFileSync(place('file'), 'mine')
    await rejectsWith('DEST_EXISTS', /something else/, follow('plain', { to: 'file' }))
    symlinkSync('/nowhere', place('link'))
    await rejectsWith('DEST_EXISTS', /link to somewhere else/, follow('plain', { to: 'link' }))
    assert.equal(readlinkSync(place('link')), '/nowhere')
    mkdirSync(`${place('taken')}.versions`)
    writeFileSync(join(`${place('taken')}.versions`, 'precious'), 'mine')
    await rejectsWith('DEST_EXISTS', /precious/, follow('plain', { to: 'taken' }))
    assert.equal(readFileSync(join(place('full'), 'precious'), 'utf8'), 'mine')
    for (const name of ['full', 'file', 'link']) assert.ok(!existsSync(`${place(name)}.versions`))
  })

  it('is one that lies in what is held or followed, or in the home folder', async () => {
    await follow('plain', { to: 'outer' })
    await isAt('outer', 1)
    await rejectsWith('DEST_UNSAFE', /follows plain/, follow('plain', { to: 'outer/inner' }))
    await rejectsWith('DEST_UNSAFE', /follows plain/, follow('plain', { to: 'outer.versions/x' }))
    await rejectsWith('FOLLOW_EXISTS', /--mode symlink/, follow('plain', { to: 'outer', mode: 'rename' }))
    const home = reader.node.home
    const options = { name: 'plain', mode: 'symlink' as const, keep: 2, hook: null, hookTimeoutMs: 1000 }
    const into = (destination: string) =>
      reader.service.follows.follow({ ...options, destination, onHookFailure: 'keep', purpose: null })
    await rejectsWith('DEST_UNSAFE', /home folder/, into(join(home, 'x')))
    await rejectsWith('USAGE', /name a folder/, into('/'))
    const held = join(org.folder, 'got')
    await reader.service.startTransfer({
      name: 'plain',
      version: null,
      destination: held,
      purpose: null,
      priority: null,
      only: []
    })
    await eventually('it is held', () => reader.node.store.holdings().some(({ root }) => root === held))
    await rejectsWith('DEST_UNSAFE', /holds .* in .*got/, into(join(held, 'deep', 'x')))
    await rejectsWith('DATASET_UNKNOWN', /no dataset/, follow('nothing', { to: 'nothing' }))
  })

  it('may be an empty folder', async () => {
    for (const mode of ['symlink', 'rename'] as const) {
      mkdirSync(place(`empty-${mode}`))
      await follow('plain', { to: `empty-${mode}`, mode })
      await isAt(`empty-${mode}`, 1)
    }
  })
})

describe('a followed version of one file', { timeout: 60_000 }, () => {
  it('lies in the destination under its name, in both modes', async () => {
    const file = join(org.folder, 'sources', 'single.bin')
    writeFileSync(file, 'one')
    await admin.service.publish({ path: file, name: 'single', dataClass: 'internal' }, TASK)
    await eventually('it is known', async () =>
      (await reader.service.datasets()).some(({ name }) => name === 'single')
    )
    for (const mode of ['symlink', 'rename'] as const) {
      await follow('single', { to: `single-${mode}`, mode })
      const path = join(place(`single-${mode}`), 'single.bin')
      await eventually('it is there', () => textAt(path) === 'one')
    }
    const next = join(org.folder, 'sources', 'next', 'single.bin')
    mkdirSync(join(next, '..'))
    writeFileSync(next, 'two')
    await admin.service.publish({ path: next, name: 'single', dataClass: 'internal' }, TASK)
    for (const mode of ['symlink', 'rename'] as const)
      await eventually('it is newer', () => textAt(join(place(`single-${mode}`), 'single.bin')) === 'two')
  })
})
