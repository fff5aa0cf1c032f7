import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { orgIdOf } from '../../ledger/chain/root.ts'
import { foundOrg, keyNamed, START_MS } from '../../ledger/fold/org-fixture.conformance.ts'
import { createOperation, parseOperation, type UncheckedOperation } from '../../ledger/operation/operation.ts'
import { sha256 } from '../../store/sha256.ts'
import { verify } from './ledger-keeper.ts'
import { SignaturePool } from './signature-pool.ts'

const [admin, other] = [keyNamed('admin'), keyNamed('other')]
const root = foundOrg([admin])
const pool = new SignaturePool(verify)
after(() => pool.close())

/** Every third is signed by somebody else, every fifth has a bit of its signature changed. */
function unchecked(count: number): { operations: UncheckedOperation[]; good: boolean[] } {
  const operations: UncheckedOperation[] = []
  const good: boolean[] = []
  for (let index = 0; index < count; index++) {
    const isForged = index % 3 === 2
    const { record } = createOperation(
      {
        ...{ org: orgIdOf(root), root: root.hash, author: admin.id, incarnation: '00000000000000a1' },
        ...{ seq: 1, prev: null, deps: [], timeMs: START_MS + index, expiresMs: null },
        content: { type: 'note', about: null, text: `number ${index}` }
      },
      { sign: isForged ? other.sign : admin.sign, sha256 }
    )
    const parsed = parseOperation(record, sha256)
    assert.ok(parsed.ok)
    const signature = Uint8Array.from(parsed.value.signature)
    const isChanged = index % 5 === 4
    if (isChanged) signature[index % 64] = (signature[index % 64] ?? 0) ^ 1
    operations.push({ operation: parsed.value.operation, signature })
    good.push(!isForged && !isChanged)
  }
  return { operations, good }
}

test('few or many, here or on threads: each signature gets its own verdict, in order', async () => {
  for (const count of [0, 1, 63, 64, 700]) {
    const { operations, good } = unchecked(count)
    assert.deepEqual(await pool.check(operations), good)
  }
})

test('batches that are checked side by side do not mix, also after the threads have ended', async () => {
  const batches = [200, 64, 333, 100].map(unchecked)
  const verdicts = await Promise.all(batches.map(({ operations }) => pool.check(operations)))
  assert.deepEqual(
    verdicts,
    batches.map(({ good }) => good)
  )
  await pool.close()
  const { operations, good } = unchecked(90)
  assert.deepEqual(await pool.check(operations), good)
})
