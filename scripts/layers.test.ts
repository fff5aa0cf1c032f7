import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkLayers, checkSource } from './layers.ts'

test('the tree keeps to the layer table', () => {
  assert.deepEqual(checkLayers(), [])
})

test('what the check is for is caught', () => {
  const cases: [string, string, RegExp][] = [
    ['src/content/a.ts', "import { x } from '../node/x.ts'\n", /src\/content may not use src\/node/],
    ['src/content/a.ts', "import fs from 'node:fs'\n", /node:fs, which src\/content may not use/],
    ['src/cli/a.ts', "import fs from 'fs'\n", /without the node: prefix/],
    ['src/cli/a.ts', `const x = await ${'import'}('libp2p')\n`, /libp2p, which src\/cli may not use/],
    ['src/swarm/a.ts', 'export const now = Date.now()\n', /reads a clock/],
    ['src/swarm/a.ts', 'export async function f(): Promise<void> {}\n', /asynchronous/],
    ['src/ledger/a.ts', 'export const r = Math.random()\n', /draws randomness/],
    ['console/src/a.ts', "import { ROUTES } from '../../src/api/routes.ts'\n", /only types of src\/api/],
    ['console/src/a.tsx', "import { x } from '../../src/cli/text.ts'\n", /may not use src\/cli/],
    ['elsewhere/a.ts', '', /belongs to no layer/]
  ]
  for (const [file, source, expected] of cases) assert.match(checkSource(file, source).join('\n'), expected)
})

test('what is allowed passes, comments included', () => {
  const source =
    "/** Not Date.now(), see import 'fs'. */\nimport { assert } from '../base/assert.ts'\nassert(true, 'x')\n"
  assert.deepEqual(checkSource('src/content/a.ts', source), [])
  const types = "import type {\n  Routes\n} from '../../src/api/routes.ts'\n"
  assert.deepEqual(checkSource('console/src/a.ts', types), [])
  assert.deepEqual(checkSource('src/content/a.test.ts', "import test from 'node:test'\n"), [])
})
