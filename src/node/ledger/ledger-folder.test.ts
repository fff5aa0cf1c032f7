import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { decodeByteSequence, encodeByteSequence } from '../../audit/byte-sequence.ts'
import { AppError } from '../../base/errors.ts'
import type { OrgId } from '../../base/ids.ts'
import { ROOT_RECORD_BYTES_MAX, type Root } from '../../ledger/chain/root.ts'
import { recordAfter, rootAfter } from '../../ledger/chain/root-fixture.conformance.ts'
import {
  foundOrg,
  INCARNATION,
  keyNamed,
  OTHER_INCARNATION,
  TestDevice
} from '../../ledger/fold/org-fixture.conformance.ts'
import { OPERATION_RECORD_BYTES_MAX } from '../../ledger/operation/operation.ts'
import { verifyLedgerFolder, writeLedgerFolder } from './ledger-folder.ts'
import type { LedgerVerification } from './ledger-terms.ts'

const base = mkdtempSync(join(tmpdir(), 'peerage-ledger-'))
after(() => rmSync(base, { recursive: true }))
let folders = 0

const ADMINS = ['founder', 'second', 'third'].map(keyNamed)
const founding = foundOrg(ADMINS)

/** An org in which something of everything has happened. */
function history(): TestDevice {
  const founder = new TestDevice(keyNamed('founder'), founding)
  const lab = new TestDevice(keyNamed('lab'), founding)
  founder.enrol(lab.key)
  founder.enrol(keyNamed('office'))
  lab.learn(founder)
  lab.publish('lab/image', '1')
  founder.learn(lab)
  founder.write({
    ...{ type: 'device.suspend', device: keyNamed('office').id, cutoffs: [], reason: 'lost' }
  })
  lab.learn(founder)
  lab.write({ type: 'group.create', name: 'not mine to make' })
  founder.learn(lab)
  return founder
}

async function written(
  operations: readonly Uint8Array[],
  roots: readonly (Root | Uint8Array)[] = [founding]
): Promise<string> {
  const folder = join(base, String(folders++))
  await writeLedgerFolder(folder, {
    org: history().ledger.org,
    roots: roots.map(root => (root instanceof Uint8Array ? root : root.record)),
    operations,
    atMs: 1,
    task: { signal: new AbortController().signal, onProgress: () => {} }
  })
  return folder
}

const recordsOf = (device: TestDevice) => [...device.ledger.operations()].map(operation => operation.record)

async function check(folder: string, org: OrgId | null = null): Promise<LedgerVerification> {
  return await verifyLedgerFolder({ folder, org, onProgress: () => {} })
}

const kindsOf = ({ findings }: LedgerVerification) => findings.map(({ kind }) => kind)

function rewrite(
  folder: string,
  name: 'roots' | 'operations',
  change: (records: Uint8Array[]) => Uint8Array[]
): void {
  const path = join(folder, `${name}.cborseq`)
  const recordBytesMax = Math.max(OPERATION_RECORD_BYTES_MAX, ROOT_RECORD_BYTES_MAX)
  const records = decodeByteSequence(new Uint8Array(readFileSync(path)), recordBytesMax)
  assert.ok(records !== undefined)
  writeFileSync(path, encodeByteSequence(change(records)))
}

describe('an exported ledger', () => {
  it('is checked on a machine that knows nothing, and gives the same state', async () => {
    const device = history()
    const { org } = device.ledger
    const verification = await check(await written(recordsOf(device)), org)
    assert.deepEqual(verification, {
      ...{ org, orgName: 'Acme', rootVersion: 1, roots: 1, operations: 5, feeds: 2, inForce: 4 },
      inert: [{ reason: 'not-authorised', operations: 1 }],
      devices: { members: 4, suspended: 1, revoked: 0 },
      ...{ datasets: 1, findings: [], findingCount: 0 }
    })
  })

  it('is the same in whatever order its operations stand', async () => {
    const records = recordsOf(history())
    const straight = await check(await written(records))
    assert.deepEqual(await check(await written(records.toReversed())), straight)
  })

  it('shows every byte that was changed', async () => {
    const device = history()
    for (const name of ['operations', 'roots']) {
      const folder = await written(recordsOf(device))
      const path = join(folder, `${name}.cborseq`)
      const whole = readFileSync(path)
      for (let at = 0; at < whole.length; at += 7) {
        const changed = Uint8Array.from(whole)
        changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
        writeFileSync(path, changed)
        const outcome = await check(folder).then(
          ({ findingCount }) => findingCount > 0,
          thrown => thrown instanceof AppError && thrown.code === 'LEDGER_BROKEN'
        )
        assert.ok(outcome, `byte ${at} of ${name}`)
      }
    }
  })

  it('shows what is missing, what is there twice, and where a file ends too early', async () => {
    const records = recordsOf(history())
    const lacking = await written(records)
    rewrite(lacking, 'operations', all => all.slice(1))
    assert.ok(kindsOf(await check(lacking)).includes('missing'))
    const short = await written(records)
    rewrite(short, 'operations', all => all.slice(0, -1))
    assert.deepEqual(kindsOf(await check(short)), ['count'])
    const twice = await written([...records, ...records.slice(0, 1)])
    assert.deepEqual(kindsOf(await check(twice)), ['duplicate'])
    const cut = await written(records)
    const path = join(cut, 'operations.cborseq')
    writeFileSync(path, readFileSync(path).subarray(0, -1))
    assert.deepEqual(kindsOf(await check(cut)), ['truncated', 'count'])
  })

  it('shows who signed two histories, and who two roots of one version', async () => {
    const device = history()
    const forker = new TestDevice(keyNamed('lab'), founding)
    forker.learn(device)
    const [first, second] = ['a', 'b'].map(version =>
      forker.sign({
        ...{ type: 'note', about: null, text: `note ${version}` }
      })
    )
    assert.ok(first !== undefined && second !== undefined && first.id !== second.id)
    const forked = await check(await written([...recordsOf(device), first.record, second.record]))
    assert.deepEqual(kindsOf(forked), ['forked'])
    assert.match(forked.findings[0]?.detail ?? '', new RegExp(`${forker.id}.*${INCARNATION}`))
    assert.doesNotMatch(forked.findings[0]?.detail ?? '', new RegExp(OTHER_INCARNATION))

    const siblings = ['red', 'blue'].map(orgName => rootAfter(founding, ADMINS.slice(0, 2), { orgName }))
    const contested = await check(await written(recordsOf(device), [founding, ...siblings]))
    assert.deepEqual(kindsOf(contested).sort(), [
      ...['contested-root', 'contested-root', 'equivocation', 'equivocation']
    ])
    assert.equal(contested.rootVersion, 1)
  })

  it('shows roots that too few signed', async () => {
    const weak = recordAfter(founding, ADMINS.slice(0, 1), { orgName: 'Mine' })
    const verification = await check(await written(recordsOf(history()), [founding, weak]))
    assert.deepEqual(kindsOf(verification), ['bad-root'])
    assert.equal(verification.orgName, 'Acme')
  })

  it('is refused when it is of another org, or none at all', async () => {
    const folder = await written(recordsOf(history()))
    const other = new TestDevice(keyNamed('second'), foundOrg([keyNamed('second')])).ledger.org
    const isBroken = (thrown: unknown) => thrown instanceof AppError && thrown.code === 'LEDGER_BROKEN'
    await assert.rejects(check(folder, other), isBroken)
    await assert.rejects(check(base), isBroken)
    for (const manifest of ['', '[]', '{"v":2}', '{"v":1,"org":"x","roots":1,"operations":1}']) {
      writeFileSync(join(folder, 'export.json'), manifest)
      await assert.rejects(check(folder), isBroken, manifest)
    }
  })

  it('is never written over', async () => {
    const folder = await written([])
    const again = writeLedgerFolder(folder, {
      ...{ org: history().ledger.org, roots: [], operations: [], atMs: 1 },
      task: { signal: new AbortController().signal, onProgress: () => {} }
    })
    await assert.rejects(
      again,
      (thrown: unknown) => thrown instanceof AppError && thrown.code === 'DEST_EXISTS'
    )
  })
})
