/**
 * A device that is killed in the midst of each thing that storage is about: before the n-th call by which it writes to
 * its disk, for an n drawn over all of them. Started again it has to go on by itself, to have nothing lost that was
 * acknowledged, nothing left that was erased, no plain byte of what is sealed, and to hash nothing again that was
 * sound.
 * PEERAGE_SEED draws the same again.
 */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { AckLog, erasureOf, holdersOf, type Put, publishedHashes, vaultOf } from '../lab/ack-log.ts'
import { onFaultPoint, setFaultPoints } from '../lab/fault-points.ts'
import { type FaultyNode, FaultyOrg } from '../lab/faulty-org.ts'
import { seededRandom } from '../lab/fuzz.ts'
import { eventually } from '../lab/org-in-process.ts'
import { fetchTo, OrgJudge } from '../lab/org-judge.ts'
import { firstSeed, rounds } from '../lab/rounds.ts'

const SEED = firstSeed(9000)
const random = seededRandom(SEED)
const BASE_BYTES = 6_000_000
/** Calls by which each of them writes, at most, about: later ones hit nothing, and are drawn anew. */
const POINTS_MAX = 12
const IN_TIME_MS = 20_000

const org = new FaultyOrg([
  { name: 'office', site: 'berlin', offers: false },
  { name: 'nas-1', site: 'paris', offers: true },
  { name: 'nas-2', site: 'rome', offers: true },
  { name: 'nas-3', site: 'oslo', offers: true }
])
const log = new AckLog()
const judge = new OrgJudge(org, log)
let base: Put
let puts = 0
const hit = new Map<string, number>()

const [office, nas1, nas2, nas3] = org.nodes as [FaultyNode, FaultyNode, FaultyNode, FaultyNode]
const TASK = { signal: new AbortController().signal, onProgress: () => undefined }

async function publish(isSealed: boolean, bytes = 300_000): Promise<Put> {
  const number = puts++
  const marker = `marker-${SEED}-${number}-${randomBytes(4).toString('hex')}`
  const source = join(office.files, `source-${number}`)
  mkdirSync(join(source, marker), { recursive: true })
  const plain = new Map<string, Buffer>()
  for (const [path, length] of [
    [`${marker}/large`, bytes],
    [`${marker}/small`, 1000]
  ] as const) {
    plain.set(path, Buffer.alloc(length, `${marker} ${path} `))
    writeFileSync(join(source, path), plain.get(path) ?? '')
  }
  const name = `data-${number}`
  const dataClass = isSealed ? 'confidential' : 'internal'
  // The same again after a crash goes on, or says that it was done.
  const { version } = await again(office, async () => {
    const known = office.as(({ node }) => node.keeper.state().datasets.get(name)?.versions.at(-1))
    return (
      known ?? (await office.as(({ service }) => service.publish({ path: source, name, dataClass }, TASK)))
    )
  })
  const stored = publishedHashes(office, version)
  return log.begin({
    ...{ name, version, publisher: office, source, marker, isSealed, plain, stored, copies: 2, sites: 2 }
  })
}

/** Does something as a node, and once more when the node was killed in its midst. */
async function again<T>(node: FaultyNode, work: () => Promise<T>): Promise<T> {
  const before = node.running
  try {
    const result = await work()
    if (node.running === before) return result
  } catch (thrown) {
    if (node.running === before && node.state === 'up') throw thrown
  }
  await eventually(`${node.name} is up again`, () => node.state === 'up', IN_TIME_MS)
  return await work()
}

async function put(isSealed = false): Promise<Put> {
  const made = await publish(isSealed)
  const { name, version } = made
  const policy = 'copies=2,sites=2'
  await again(office, () => office.as(({ service }) => service.storage.setStoragePolicy({ name, policy })))
  await eventually(
    `${name} is safe`,
    async () => {
      if (office.state !== 'up') return false
      return (await office.as(({ service }) => service.storage.versionStorage({ name, version }))).isSafe
    },
    IN_TIME_MS
  )
  log.acknowledge(made, org.nodes)
  return made
}

async function erase(made: Put): Promise<void> {
  made.isEnding = true
  const isErased = () =>
    office.as(({ node }) =>
      [...node.keeper.state().erasures.values()].find(({ version }) => version === made.version)
    )
  const id = await again(office, async () => {
    const known = isErased()
    return known?.case ?? (await office.as(({ service }) => service.erasures.erase(erasureOf(made)))).case
  })
  judge.cases.push({ id, put: made })
}

async function readBy(node: FaultyNode, made: Put): Promise<void> {
  const destination = join(node.files, `got-${made.version.slice(0, 12)}`)
  await again(node, () => fetchTo(made, node, destination))
  await eventually(
    'it is there',
    () => {
      if (node.state !== 'up') return false
      const view = node.as(({ node: { desk } }) =>
        desk.views().find(each => each.destination === destination)
      )
      return view?.state === 'complete'
    },
    IN_TIME_MS
  )
  for (const [path, bytes] of made.plain) assert.ok(readFileSync(join(destination, path)).equals(bytes), path)
}

/** Kills a node before its n-th write from now on, and has it up again; `end` to hit nothing any more. */
function hitAt(node: FaultyNode, n: number): { readonly end: () => Promise<boolean> } {
  let left = n
  let dying: Promise<void> | undefined
  onFaultPoint(call => {
    if (dying !== undefined || org.current() !== node || node.state !== 'up' || left-- > 0) return
    hit.set(call, (hit.get(call) ?? 0) + 1)
    dying = org.kill(node).then(async () => {
      await delay(random(100))
      await org.up(node)
      const { hashedBytes } = node.as(running => running.node.store.stats())
      assert.ok(hashedBytes < BASE_BYTES, `${hashedBytes} bytes were hashed again at the start`)
    })
  })
  return {
    end: async () => {
      onFaultPoint(undefined)
      await dying
      return dying !== undefined
    }
  }
}

interface Scene {
  readonly name: string
  readonly victims: readonly FaultyNode[]
  readonly before?: () => Promise<Put>
  readonly act: (before: Put) => Promise<void>
}

const SCENES: readonly Scene[] = [
  { name: 'a put', victims: [office, nas1, nas2, nas3], act: async () => void (await put()) },
  { name: 'a put of what is sealed', victims: [office, nas1], act: async () => void (await put(true)) },
  { name: 'a get', victims: [nas1, office], before: () => put(), act: made => readBy(nas1, made) },
  {
    name: 'a get of what is sealed',
    victims: [office],
    before: () => put(true),
    act: made => readBy(office, made)
  },
  {
    name: 'a repair',
    victims: [nas1, nas2, nas3],
    before: () => put(),
    act: async made => {
      const [holder] = holdersOf(made, org.nodes)
      assert.ok(holder !== undefined)
      log.destroying(org.nodes, () => {
        const [path] = made.stored.keys()
        rmSync(join(vaultOf(made, holder), path ?? ''))
      })
      const { name, version } = made
      await again(holder, () => holder.as(({ service }) => service.verify({ name, version }, TASK)))
      await eventually('it is repaired', () => holdersOf(made, org.nodes).length >= 2, IN_TIME_MS)
    }
  },
  {
    name: 'a rekey',
    victims: [office],
    before: () => put(true),
    act: async ({ name }) =>
      void (await again(office, () => office.as(({ service }) => service.sealing.rekey(name))))
  },
  { name: 'an erasure', victims: [office, nas1, nas2, nas3], before: () => put(), act: erase },
  { name: 'an erasure of what is sealed', victims: [office, nas2], before: () => put(true), act: erase }
]

before(async () => {
  await setFaultPoints()
  await org.prepare()
  await org.reset()
  base = await publish(false, BASE_BYTES)
  const policy = 'copies=3,sites=2'
  await office.as(({ service }) => service.storage.setStoragePolicy({ name: base.name, policy }))
  await eventually('all hold the base', () => holdersOf(base, org.nodes).length === 3)
})
after(() => org.stop())

for (const { name, victims, before: prepare, act } of SCENES)
  test(`${name} survives kills`, { timeout: rounds(1) * 120_000 }, async t => {
    let kills = 0
    for (let round = 0; round < rounds(1); round++) {
      const made = (await prepare?.()) ?? base
      const victim = victims[random(victims.length)] as FaultyNode
      const n = random(1 + random(POINTS_MAX))
      const where = `seed ${SEED}, round ${round}, ${victim.name} before its write ${n}`
      const hitting = hitAt(victim, n)
      try {
        await act(made)
        if (await hitting.end()) kills++
        await eventually('all are up', () => org.nodes.every(({ state }) => state === 'up'), IN_TIME_MS)
        await org.agreed()
        await judge.settles(`after ${where}`)
        judge.judge()
      } catch (thrown) {
        t.diagnostic(where)
        throw thrown
      } finally {
        await hitting.end()
      }
    }
    t.diagnostic(`${kills} kills in ${rounds(1)} rounds, seed ${SEED}`)
  })

test('what was acknowledged is read back, after all of that', async t => {
  await judge.readBack(nodes => nodes[random(nodes.length)])
  t.diagnostic(`killed before ${[...hit].map(([call, times]) => `${call} ${times}`).join(', ')}`)
})
