/** The published package: packed, installed into an empty folder, and used with a plain Node. */

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, test } from 'node:test'
import { runCommand } from '../lab/cluster.ts'
import { isBuilt } from '../lab/program.ts'

const folder = mkdtempSync(join(tmpdir(), 'peerage-pack-'))
after(() => rmSync(folder, { recursive: true, force: true }))

function npm(args: readonly string[], cwd: string): string {
  return execFileSync('npm', [...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

test('the packed package runs as compiled JavaScript', { timeout: 300_000 }, async t => {
  // Nodes of other tests run from what was built: to build it again would take it from under them.
  const built = isBuilt() ? ['--ignore-scripts'] : []
  const pack = ['pack', '--json', ...built, '--pack-destination', folder]
  const [packed] = JSON.parse(npm(pack, process.cwd()))
  const names: string[] = packed.files.map((file: { path: string }) => file.path)
  assert.ok(names.includes('dist/cli/main.js'))
  assert.ok(names.includes('dist/console/index.html'), 'the console is in it')
  assert.ok(names.includes('packaging/peerage.service') && names.includes('packaging/Containerfile'))
  assert.deepEqual(
    names.filter(name => /\.test\.|\.fuzz\.|\.conformance\.|^src\/|^lab\//.test(name)),
    [],
    'nothing but what users need'
  )
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'))
  const app = join(folder, 'app')
  mkdirSync(app)
  writeFileSync(join(app, 'package.json'), '{"private":true}')
  npm(['install', '--no-audit', '--no-fund', '--offline', join(folder, packed.filename)], app)
  const installed = readdirSync(join(app, 'node_modules')).filter(name => !name.startsWith('.'))
  assert.deepEqual(installed, ['peerage'], 'nothing else has to come')
  const main = join(app, 'node_modules', 'peerage', manifest.bin.peerage)
  const version = execFileSync(join(app, 'node_modules', '.bin', 'peerage'), ['--version'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` }
  })
  assert.match(version, new RegExp(manifest.version.replaceAll('.', '\\.')))
  judgeContents(join(app, 'node_modules', 'peerage', 'dist'))
  t.diagnostic(`${packed.entryCount} files, ${packed.unpackedSize} bytes`)
  await round(main)
})

/** What is in it of others is named, in the version that the lock file says, and may be given on. */
function judgeContents(dist: string): void {
  const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages
  const { components } = JSON.parse(readFileSync(join(dist, 'sbom.cdx.json'), 'utf8'))
  const notices = readFileSync(join(dist, 'third-party-notices.txt'), 'utf8')
  for (const name of ['libp2p', 'fastify', 'react', '@peculiar/x509']) {
    const { version, licenses } = components.find((component: { name: string }) => component.name === name)
    assert.equal(version, lock[`node_modules/${name}`].version)
    assert.ok(notices.includes(`\n${name} ${version} (${licenses[0].expression})\n`))
  }
  for (const { name, licenses } of components)
    assert.match(licenses[0].expression, /\b(?:MIT|Apache-2\.0|ISC|0?BSD)\b/, `${name} may be given on`)
}

/** init, up, publish, join, get: with the installed program alone. */
async function round(main: string): Promise<void> {
  const [first, second] = [join(folder, 'first'), join(folder, 'second')]
  const run = async (...args: string[]): Promise<string> => {
    const result = await runCommand(args, { main })
    assert.equal(result.exitCode, 0, `${args.join(' ')}: ${result.stdout}${result.stderr}`)
    return result.stdout
  }
  await run('init', '--org', 'acme', '--site', 's', '--device', 'a', '--home', first)
  const nodes = [await up(main, first)]
  try {
    writeFileSync(join(folder, 'input.bin'), Buffer.alloc(3_000_000, 'peerage'))
    await run('publish', join(folder, 'input.bin'), '--name', 'thing', '--home', first)
    const { ticket } = JSON.parse(await run('invite', '--json', '--home', first))
    await run('join', ticket, '--site', 's', '--device', 'b', '--home', second)
    nodes.push(await up(main, second))
    await untilKnown(() => run('datasets', '--json', '--home', second))
    await run('get', 'thing', join(folder, 'output.bin'), '--home', second)
    assert.ok(readFileSync(join(folder, 'output.bin')).equals(readFileSync(join(folder, 'input.bin'))))
  } finally {
    for (const node of nodes) {
      node.kill('SIGTERM')
      await once(node, 'exit')
    }
  }
}

async function untilKnown(datasets: () => Promise<string>): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    if (JSON.parse(await datasets()).datasets.length > 0) return
    await new Promise(resolve => setTimeout(resolve, 200))
  }
  assert.fail('the second device never heard of the dataset')
}

async function up(main: string, home: string): Promise<ReturnType<typeof spawn>> {
  const args = [main, 'up', '--json', '--no-mdns', '--listen', '/ip4/127.0.0.1/tcp/0', '--home', home]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  assert.equal(JSON.parse(line).type, 'ready', line)
  return child
}
