/** Rot of disks on real nodes: found by the scrub, said of nobody's copy that is not whole, healed piece by piece. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes, randomInt } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { eventually, OrgInProcess, type Running } from '../lab/org-in-process.ts'
import type { VersionId } from '../src/base/ids.ts'
import { GIB, HOUR_MS } from '../src/base/units.ts'
import { DEFAULT_STORAGE_SETTINGS, type StorageSettings } from '../src/node/storage/node-storage.ts'
import { isWhole } from '../src/store/store.ts'

const all = (ms: number) => ({ server: ms, desktop: ms, laptop: ms })
const QUICK: StorageSettings = {
  ...DEFAULT_STORAGE_SETTINGS,
  ...{
    grace: all(HOUR_MS),
    patience: all(HOUR_MS),
    lookMs: 200,
    retryMs: 500,
    checkMs: HOUR_MS,
    presenceMs: 0
  },
  scrub: {
    ...DEFAULT_STORAGE_SETTINGS.scrub,
    ...{ delayMs: HOUR_MS, slowestBytesPerSecond: GIB, idleBytesPerSecond: GIB, busyBytesPerSecond: GIB }
  }
}
const LARGE_BYTES = 3_000_001

const org = new OrgInProcess()
const large = randomBytes(LARGE_BYTES)
const source = join(org.folder, 'source')
const task = { signal: new AbortController().signal, onProgress: () => undefined }
let publisher: Running
let paris: Running
let london: Running
let version: VersionId

const idOf = ({ node }: Running) => node.identity.device
const fileOf = ({ node }: Running) => join(node.home, 'vault', version, 'a', 'large.bin')
const stored = () => publisher.service.storage.versionStorage({ name: 'payroll', version: null })
const holders = async (): Promise<string[]> =>
  (await stored()).devices.filter(({ state }) => state === 'kept').map(({ device }) => device)
const received = ({ node }: Running) =>
  [...node.hub.tallies().values()].reduce((sum, { receivedBytes }) => sum + receivedBytes, 0)
const copyOf = ({ node }: Running) => node.storage.vault.holding(version) ?? assert.fail('it has a copy')
const isWell = (running: Running) =>
  existsSync(fileOf(running)) && readFileSync(fileOf(running)).equals(large)

/** Flips one bit in each piece and leaves all else, the time of the change too, as a disk that rots does. */
function rot(path: string, pieces: readonly number[], pieceBytes: number): void {
  const before = `${path}.before`
  copyFileSync(path, before)
  execFileSync('touch', ['-r', path, before])
  const bytes = readFileSync(path)
  for (const piece of pieces) {
    const at = Math.min(bytes.length - 1, piece * pieceBytes + randomInt(pieceBytes))
    bytes[at] = (bytes[at] ?? 0) ^ (1 << randomInt(8))
  }
  writeFileSync(path, bytes)
  execFileSync('touch', ['-r', before, path])
  rmSync(before)
}

/** From this piece of the file, some that are not the same. */
function drawn(count: number, from: readonly number[]): number[] {
  const left = [...from]
  return Array.from({ length: count }, () => left.splice(randomInt(left.length), 1)[0] ?? assert.fail())
}

async function scrubbed({ service }: Running): Promise<void> {
  const before = (await service.storage.scrub()).last?.endedAtMs ?? 0
  await service.storage.setScrub({ action: 'start' })
  await eventually(
    'a pass is over',
    async () => ((await service.storage.scrub()).last?.endedAtMs ?? 0) > before
  )
}

before(async () => {
  publisher = await org.found('publisher', { storage: QUICK })
  paris = await org.join(publisher, 'paris-nas', { site: 'paris', storage: QUICK })
  london = await org.join(publisher, 'london-nas', { site: 'london', storage: QUICK })
  await org.settled()
  mkdirSync(join(source, 'a'), { recursive: true })
  writeFileSync(join(source, 'a', 'large.bin'), large)
  writeFileSync(join(source, 'small.txt'), randomBytes(1000))
  const request = { path: source, name: 'payroll', dataClass: 'internal', origin: null } as const
  version = (await publisher.service.publish(request, task)).version
  await publisher.service.storage.setStoragePolicy({ name: 'payroll', policy: 'copies=2,sites=2' })
  for (const { service } of [paris, london])
    await service.storage.setCapacity({ capacityBytes: 10 * GIB, keepFreeShare: 0 })
  await eventually('two copies are safe', async () => (await stored()).isSafe)
})

after(() => org.stop())

describe('the scrub', { concurrency: false }, () => {
  test('finds nothing where nothing is wrong', async () => {
    for (const running of [paris, publisher]) {
      await scrubbed(running)
      const { badPieces, readBytes } = await running.service.storage.scrub()
      assert.deepEqual([badPieces, readBytes], [0, LARGE_BYTES + 1000])
    }
  })

  test('finds bits that flipped anywhere, and only bad pieces come over the line', async () => {
    const { pieceBytes, pieceCount } = copyOf(paris).version
    const bad = drawn(3, [...Array(pieceCount - 1).keys()])
    const before = received(paris)
    rot(fileOf(paris), bad, pieceBytes)
    assert.equal(isWell(paris), false)
    await scrubbed(paris)
    await eventually('it is whole again', () => isWhole(copyOf(paris).state) && isWell(paris))
    const wanted = bad.reduce((sum, piece) => sum + Math.min(pieceBytes, LARGE_BYTES - piece * pieceBytes), 0)
    assert.equal(received(paris) - before, wanted)
    await eventually('it counts again', async () => (await holders()).includes(idOf(paris)))
    const { badPieces, healedPieces, damagedCount } = await paris.service.storage.scrub()
    assert.deepEqual([badPieces, healedPieces, damagedCount], [3, 3, 0])
  })

  test('copies that rotted in different places heal each other with nobody else to ask', async () => {
    // Who published it can not be asked: its file is away.
    renameSync(source, `${source}.away`)
    await publisher.service.verify({ name: 'payroll', version: null }, task)
    const { pieceBytes, pieceCount } = copyOf(paris).version
    const left = [...Array(pieceCount - 1).keys()]
    const inParis = drawn(3, left)
    const inLondon = drawn(
      3,
      left.filter(piece => !inParis.includes(piece))
    )
    rot(fileOf(paris), inParis, pieceBytes)
    rot(fileOf(london), inLondon, pieceBytes)
    await Promise.all([scrubbed(paris), scrubbed(london)])
    await eventually('both are whole again', () => isWell(paris) && isWell(london))
    await eventually('both count again', async () => (await holders()).length === 2)
  })

  test('what nobody has whole is counted by nobody until somebody has it', async () => {
    const { pieceBytes } = copyOf(paris).version
    for (const running of [paris, london]) rot(fileOf(running), [1], pieceBytes)
    await Promise.all([scrubbed(paris), scrubbed(london)])
    await eventually('no copy counts', async () => (await holders()).length === 0)
    const { isSafe, says } = await stored()
    assert.equal(isSafe, false)
    assert.match(says, /not readable/)
    const [told] = (await london.service.storage.scrub()).damaged
    assert.deepEqual([told?.version, told?.pieces], [version, 1])
    renameSync(`${source}.away`, source)
    await publisher.service.verify({ name: 'payroll', version: null }, task)
    await eventually('both are whole again', () => isWell(paris) && isWell(london))
    await eventually('both count again', async () => (await holders()).length === 2)
  })

  test('a source that rots is told of and given up, and nobody writes to it', async () => {
    const path = join(source, 'a', 'large.bin')
    rot(path, [0], copyOf(paris).version.pieceBytes)
    const rotten = readFileSync(path)
    await scrubbed(publisher)
    const { damaged } = await publisher.service.storage.scrub()
    assert.deepEqual(damaged, [{ version, path: source, kind: 'source', pieces: 1 }])
    assert.ok(readFileSync(path).equals(rotten))
    writeFileSync(path, large)
    await publisher.service.verify({ name: 'payroll', version: null }, task)
    assert.equal((await publisher.service.storage.scrub()).damagedCount, 0)
  })

  test('goes on, and stays paused, after the node is started again', async () => {
    const { service, node } = london
    await service.storage.setScrub({ action: 'pause', bytesPerSecond: 12_345_678 })
    await node.stop()
    org.running.splice(org.running.indexOf(london), 1)
    london = await org.start(node.home, { storage: QUICK })
    const { state, setBytesPerSecond, badPieces } = await london.service.storage.scrub()
    assert.deepEqual([state, setBytesPerSecond, badPieces], ['paused', 12_345_678, 4])
    await london.service.storage.setScrub({ action: null, bytesPerSecond: null })
    await scrubbed(london)
  })
})
