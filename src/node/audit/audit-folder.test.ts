import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { encodeByteSequence } from '../../audit/byte-sequence.ts'
import { orgIdOf } from '../../ledger/chain/root.ts'
import { ROOTS_ASIDE_MAX } from '../../ledger/chain/root-chain.ts'
import { crowdedOut, rootAfter } from '../../ledger/chain/root-fixture.conformance.ts'
import { foundOrg, keyNamed } from '../../ledger/fold/org-fixture.conformance.ts'
import { verifyAuditFolder } from './audit-folder.ts'
import { encodeManifest } from './export-manifest.ts'

const admins = [keyNamed('a'), keyNamed('b')]
const founding = foundOrg(admins)

/** An export of an org in which nothing was logged. */
async function verifyExportOf(roots: readonly Uint8Array[]) {
  const folder = mkdtempSync(join(tmpdir(), 'peerage-audit-folder-'))
  try {
    mkdirSync(join(folder, 'ledger'))
    const manifest = {
      org: orgIdOf(founding),
      exportedBy: founding.admins[0] ?? '',
      atMs: 1,
      logs: [],
      missing: []
    }
    writeFileSync(join(folder, 'export.json'), encodeManifest(manifest))
    writeFileSync(join(folder, 'ledger', 'roots.cborseq'), encodeByteSequence(roots))
    writeFileSync(join(folder, 'ledger', 'operations.cborseq'), new Uint8Array(0))
    return await verifyAuditFolder({ folder, org: null, witnesses: [], onProgress: () => undefined })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('the export of an org with very many roots aside is checked like any other', async () => {
  const roots = crowdedOut(founding, admins).records()
  assert.ok(roots.length > ROOTS_ASIDE_MAX + 1)
  const { org } = await verifyExportOf(roots.map(root => root.record))
  assert.equal(org, orgIdOf(founding))
})

test('an export whose roots are damaged or of another org says which', async () => {
  const foreign = rootAfter(foundOrg([keyNamed('c')]), [keyNamed('c')])
  const fork = foundOrg([keyNamed('c')])
  const cases: [readonly Uint8Array[], RegExp][] = [
    [[], /it has no root/],
    [[founding.record.slice(1)], /root 1 is malformed/],
    [[founding.record, fork.record], /root record 2 is foreign-org/],
    [[founding.record, foreign.record.slice(0, -1)], /root record 2 is malformed/]
  ]
  for (const [roots, message] of cases)
    await assert.rejects(verifyExportOf(roots), { code: 'AUDIT_BROKEN', message })
})
