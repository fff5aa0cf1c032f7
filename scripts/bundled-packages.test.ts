import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { billOfMaterials, noticesText, packagesOf } from './bundled-packages.ts'

const root = mkdtempSync(join(tmpdir(), 'peerage-bundled-'))
after(() => rmSync(root, { recursive: true }))

function install(place: string, manifest: object, files: Readonly<Record<string, string>> = {}): string {
  const folder = join(root, 'node_modules', place)
  mkdirSync(join(folder, 'dist'), { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return join(folder, 'dist', 'index.js')
}

const scoped = install(
  '@some/thing',
  { name: '@some/thing', version: '2.0.0', license: 'Apache-2.0' },
  { LICENSE: 'Take it.\n', 'NOTICE.txt': 'By us.\n', 'licensing.js': 'no' }
)
const inner = install('@some/thing/node_modules/small', { name: 'small', version: '1.0.0', license: 'MIT' })
const packages = packagesOf([
  join(root, 'src', 'ours.ts'),
  scoped,
  `${scoped}?commonjs`,
  inner,
  '\0rolldown/runtime.js',
  `\0${inner}?proxy`
])

describe('packages of others in the program', () => {
  it('are those that its files came of, once each', () => {
    assert.deepEqual(packages, [
      { name: '@some/thing', version: '2.0.0', license: 'Apache-2.0', notices: ['Take it.', 'By us.'] },
      { name: 'small', version: '1.0.0', license: 'MIT', notices: [] }
    ])
  })

  it('are named with the notices that they ask for', () => {
    const text = noticesText(packages)
    assert.match(text, /@some\/thing 2\.0\.0 \(Apache-2\.0\)\n\nTake it\.\n\nBy us\.\n/)
    assert.match(text, /small 1\.0\.0 \(MIT\)\n$/)
  })

  it('are in a bill of materials by package URL', () => {
    const program = { name: 'peerage', version: '0.1.0', license: 'Apache-2.0' }
    const { components } = billOfMaterials(program, packages) as { components: { purl: string }[] }
    assert.deepEqual(
      components.map(({ purl }) => purl),
      ['pkg:npm/%40some/thing@2.0.0', 'pkg:npm/small@1.0.0']
    )
  })

  it('must say whose they are', () => {
    const nameless = install('nameless', { name: 'nameless', version: '1.0.0' })
    assert.throws(() => packagesOf([nameless]), /does not say its name, version and licence/)
  })
})
