/** A check that never fails proves nothing: for each invariant a node with that very fault, and the run that tells. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MIB } from '../src/base/units.ts'
import type { Clock } from '../src/node/clock.ts'
import { SwarmHub, type SwarmHubInit } from '../src/node/swarm/swarm-hub.ts'
import type { PeerStream } from '../src/node/transport/transport.ts'
import { encodeMessages } from '../src/swarm/wire-encoder.ts'
import { MESSAGE_ID } from '../src/swarm/wire-messages.ts'
import { Disk, DiskStore } from './disk.ts'
import { type HostParts, WatchedBuffers } from './host.ts'
import { INVARIANTS, type Invariant } from './invariants.ts'
import type { HostInPlan, Plan } from './plan.ts'
import { runSeed, type SeedOptions, type SeedResult } from './seed-run.ts'

const HOST: HostInPlan = {
  ...{ upMbit: 20, downMbit: 100, site: 's0', isSource: false, startMs: 0, hostile: undefined }
}

function planWith(changes: Partial<Plan>, hosts: readonly Partial<HostInPlan>[] = [{}, {}]): Plan {
  return {
    ...{ seed: 1, fileBytes: [6 * MIB], pieceBytes: 65_536, lanDelayMs: 1, faults: [], healMs: 1000 },
    sites: [{ name: 's0', wan: { upMbit: 20, downMbit: 20, delayMs: 10 } }],
    hosts: [{ ...HOST, isSource: true }, ...hosts.map(host => ({ ...HOST, ...host }))],
    ...changes
  }
}

/** Whether a broken part is noticed, and by which check first; and that the same run without it passes. */
async function isCaught(invariant: Invariant, plan: Plan, broken: Omit<SeedOptions, 'plan'>): Promise<void> {
  const sound = await runSeed(1, { plan })
  assert.deepEqual(sound.breaches, [], 'sound nodes pass the same run')
  const result: SeedResult = await runSeed(1, { plan, ...broken })
  assert.equal(result.breaches[0]?.invariant, invariant, JSON.stringify(result.breaches[0]))
}

/** For every host but the source. */
const receivers =
  (parts: HostParts) =>
  (host: number): HostParts | undefined =>
    host === 0 ? undefined : parts

/** A disk that says of its bytes that they are durable when they are not yet. */
class HastyDisk extends Disk {
  override async sync(piece: number): Promise<void> {
    void super.sync(piece)
  }
}

/** A disk that forgets in a crash what it said was durable. */
class ForgetfulDisk extends Disk {
  override crash(): void {
    this.forgetAll()
  }
}

function storeOn(DiskClass: typeof Disk): HostParts {
  return { disk: (engine, content) => new DiskClass(engine, content) }
}

test('claims: a piece that is announced before it is durable', () =>
  isCaught('claims', planWith({}), { parts: receivers(storeOn(HastyDisk)) }))

test('claims: a store that does not look at what it is given', () => {
  class BlindStore extends DiskStore {
    override matches(): boolean {
      return true
    }
  }
  const plan = planWith({}, [{}, { hostile: 'garbage' }])
  return isCaught('claims', plan, { parts: receivers({ store: init => new BlindStore(init) }) })
})

test('kept: a disk that loses what it called durable', () => {
  const faults = [{ kind: 'crash', atMs: 900, host: 1, forMs: 500 }] as const
  return isCaught('kept', planWith({ faults, healMs: 2000 }), { parts: receivers(storeOn(ForgetfulDisk)) })
})

test('authorised: a sender that hears of a revocation and goes on', () => {
  const faults = [{ kind: 'revoke', atMs: 700, host: 2, learnMs: 0 }] as const
  return isCaught('authorised', planWith({ faults }), {
    revoke: (host, revoked) => void host.revoked.add(revoked.device)
  })
})

test('memory: buffers that never come back', () => {
  class LeakingBuffers extends WatchedBuffers {
    override free(): void {
      // It stays lent.
    }
  }
  const plan = planWith({ fileBytes: [48 * MIB], pieceBytes: MIB }, [{}])
  return isCaught('memory', plan, { parts: receivers({ buffers: onLent => new LeakingBuffers(onLent) }) })
})

test('once: every request is sent to a second peer as well', () => {
  const streams: PeerStream[] = []
  const doubled = (stream: PeerStream): PeerStream => {
    streams.push(stream)
    return new Proxy(stream, {
      get: (target, name) => {
        if (name === 'send')
          return (bytes: Uint8Array | readonly Uint8Array[]): boolean => {
            for (const part of bytes instanceof Uint8Array ? [bytes] : bytes)
              if (part[4] === MESSAGE_ID.request)
                for (const other of streams) if (other !== target) other.send(part.subarray(0, 17))
            return target.send(bytes)
          }
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      }
    })
  }
  class DoublingHub extends SwarmHub {
    constructor(init: SwarmHubInit) {
      const { transport } = init
      const open: typeof transport.open = async (...args) => doubled(await transport.open(...args))
      const wrapped = new Proxy(transport, {
        get: (target, name) => (name === 'open' ? open : Reflect.get(target, name))
      })
      super({ ...init, transport: wrapped })
    }
  }
  const plan = planWith({}, [{}, { isSource: true }])
  return isCaught('once', plan, {
    parts: host => (host === 1 ? { hub: init => new DoublingHub(init) } : undefined)
  })
})

test('ends: a node whose timers do not go off waits for a peer that stalls for ever', () => {
  const deaf = (clock: Clock): Clock => ({ ...clock, after: () => () => undefined })
  const [source, ...others] = planWith({}, [{}, { hostile: 'stall' }]).hosts
  const late = { ...HOST, ...source, startMs: 300_000 }
  const plan = planWith({ healMs: 301_000, hosts: [late, ...others] })
  return isCaught('ends', plan, { parts: host => (host === 1 ? { clock: deaf } : undefined) })
})

test('blame: a peer that sends what nobody asked for is accused, though it is honest', () => {
  class TalkativeHub extends SwarmHub {
    constructor(init: SwarmHubInit) {
      const { transport } = init
      const handle: typeof transport.handle = (protocol, handler, options) =>
        transport.handle(
          protocol,
          stream => {
            handler(stream)
            const block = new Uint8Array(16_384)
            init.clock?.after(800, () => {
              for (const part of encodeMessages([{ type: 'piece', piece: 0, begin: 0, block }]))
                stream.send(part)
            })
          },
          options
        )
      super({
        ...init,
        transport: new Proxy(transport, {
          get: (target, name) => (name === 'handle' ? handle : Reflect.get(target, name))
        })
      })
    }
  }
  return isCaught('blame', planWith({}, [{}]), {
    parts: host => (host === 0 ? { hub: init => new TalkativeHub(init) } : undefined)
  })
})

test('liveness: a disk that is never mended', () => {
  class DeadDisk extends Disk {
    override write(): Promise<void> {
      return new Promise(() => undefined)
    }
  }
  return isCaught('liveness', planWith({}, [{}]), { parts: receivers(storeOn(DeadDisk)) })
})

test('over many seeds every invariant is looked at, and none is breached', async () => {
  const checked = new Set<string>()
  // CI runs many more of the simulator itself.
  for (let seed = 1; seed <= 12; seed++) {
    const { breaches, checks } = await runSeed(seed)
    assert.deepEqual(breaches, [], `seed ${seed}`)
    for (const invariant of Object.keys(checks)) checked.add(invariant)
  }
  for (const invariant of [...INVARIANTS, 'liveness'])
    assert.ok(checked.has(invariant), `${invariant} is looked at`)
})

test('a seed says the same every time', async () => {
  const lines = [[], []] as [string[], string[]]
  for (const trace of lines) await runSeed(5, { onTrace: line => void trace.push(line) })
  assert.ok(lines[0].length > 100)
  assert.deepEqual(lines[0], lines[1])
})
