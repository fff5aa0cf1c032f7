/**
 * The import graph of the project as data, and its check. `node scripts/layers.ts` fails on an import that the
 * table does not list, on a cycle between files, and on an impure module in a pure layer; with `--write` it
 * renders the table into docs/ARCHITECTURE.md, and without it fails if that rendering is out of date.
 */

import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, normalize } from 'node:path'
import { argv, exit } from 'node:process'

interface Layer {
  readonly what: string
  /** Layers of ours that it may import. */
  readonly uses: readonly string[]
  /** Layers of ours that it may import types from, and nothing that runs. */
  readonly typesOf?: readonly string[]
  /** Packages that it may import; `node:*` stands for every built-in module. */
  readonly packages: readonly string[]
  /** Pure layers see no clock, no randomness, no I/O and nothing asynchronous. */
  readonly pure: boolean
}

export const LAYERS: Readonly<Record<string, Layer>> = {
  'src/base': {
    what: 'bytes, branded ids, units, assertions, AppError, small hashes',
    uses: [],
    packages: [],
    pure: true
  },
  'src/content': {
    what: 'Merkle tree, bencode, info dictionary, .torrent and magnet, path rules',
    uses: ['src/base'],
    packages: [],
    pure: true
  },
  'src/ledger': {
    what: 'authority chain, operations, feeds, the fold into state, invitations',
    uses: ['src/base'],
    packages: ['cborg'],
    pure: true
  },
  'src/audit': {
    what: 'audit log: RFC 6962 tree, checkpoints, witnesses, entries, receipts, verification',
    uses: ['src/base', 'src/ledger'],
    packages: [],
    pure: true
  },
  'src/swarm': {
    what: 'wire codec, peer session, piece picker, schedule',
    uses: ['src/base', 'src/content'],
    packages: [],
    pure: true
  },
  'src/placement': {
    what: 'failure domains, policies, assignment of copies and shares, repair plan, safety',
    uses: ['src/base', 'src/ledger'],
    packages: [],
    pure: true
  },
  'src/risk': {
    what: 'risk register: scale, risks, indicators, controls, residual risk, trend',
    uses: ['src/base'],
    packages: [],
    pure: true
  },
  'src/detection': {
    what: 'rules that find what is not as usual: facts, thresholds, findings, what is usual',
    uses: ['src/base'],
    packages: [],
    pure: true
  },
  'src/history': {
    what: 'time series: resolutions, mergeable histograms, what is saved',
    uses: ['src/base'],
    packages: [],
    pure: true
  },
  'src/slo': {
    what: 'service levels and their error budgets, slow devices and why',
    uses: ['src/base', 'src/history'],
    packages: [],
    pure: true
  },
  'src/files': {
    what: 'folders of the machine, as each shell makes them',
    uses: ['src/base'],
    packages: ['node:*'],
    pure: false
  },
  'src/store': {
    what: 'Store interface; memory; filesystem + SQLite; hashing workers',
    uses: ['src/base', 'src/content', 'src/files'],
    packages: ['node:*'],
    pure: false
  },
  'src/api': {
    what: 'request and response types of the admin API',
    uses: ['src/base'],
    packages: ['zod'],
    pure: false
  },
  'src/report': {
    what: 'reports: what the API answers as pages to print and as tables',
    uses: ['src/base'],
    typesOf: ['src/api'],
    packages: [],
    pure: true
  },
  'src/node': {
    what: 'drives the cores over libp2p, store and clock',
    uses: [
      'src/base',
      'src/content',
      'src/ledger',
      'src/audit',
      'src/swarm',
      'src/placement',
      'src/risk',
      'src/detection',
      'src/history',
      'src/slo',
      'src/files',
      'src/store'
    ],
    packages: [
      'node:*',
      '@opentelemetry/*',
      'libp2p',
      '@libp2p/*',
      '@multiformats/*',
      '@peculiar/x509',
      'reflect-metadata',
      'cborg',
      'pino',
      'uint8arraylist'
    ],
    pure: false
  },
  'src/gateway': {
    what: 'http: the admin API and files of versions, on the local socket and over TLS; metrics: what monitoring reads',
    uses: ['src/base', 'src/content', 'src/files', 'src/node', 'src/api'],
    packages: [
      'node:*',
      'fastify',
      '@fastify/*',
      '@peculiar/x509',
      'helmet',
      'mime',
      'openid-client',
      'prom-client',
      'reflect-metadata',
      'zod'
    ],
    pure: false
  },
  'src/daemon.ts': {
    what: 'the one file that starts a node with its gateways',
    uses: ['src/base', 'src/store', 'src/node', 'src/gateway'],
    packages: ['node:*', 'pino'],
    pure: false
  },
  'src/cli': {
    what: 'thin client of the admin API',
    uses: ['src/base', 'src/files', 'src/api', 'src/report', 'src/daemon.ts'],
    packages: ['node:*', 'commander', 'zod'],
    pure: false
  },
  'console/src': {
    what: 'the web console: runs in a browser, and knows the node by its API alone',
    uses: ['src/base', 'src/report'],
    typesOf: ['src/api'],
    packages: [
      'react',
      'react-dom',
      'react-router',
      '@mantine/*',
      '@tanstack/react-query',
      '@tanstack/react-virtual',
      'echarts'
    ],
    pure: false
  },
  'console/vite.config.ts': {
    what: 'builds the console',
    uses: ['src/api'],
    packages: ['node:*', 'vite', '@vitejs/plugin-react', 'postcss-preset-mantine'],
    pure: false
  },
  lab: {
    what: 'the demo, benchmarks and measurements on real processes',
    uses: [
      'src/base',
      'src/content',
      'src/ledger',
      'src/audit',
      'src/swarm',
      'src/placement',
      'src/store',
      'src/node',
      'src/api',
      'src/gateway',
      'src/daemon.ts',
      'src/cli'
    ],
    packages: ['node:*', '@libp2p/gossipsub', '@libp2p/logger', 'axe-core', 'playwright-core'],
    pure: false
  },
  sim: {
    what: 'the simulator: the same cores and node driver over virtual time, network and disk',
    uses: [
      'src/base',
      'src/content',
      'src/swarm',
      'src/placement',
      'src/detection',
      'src/store',
      'src/node',
      'lab'
    ],
    packages: ['node:*'],
    pure: false
  },
  test: {
    what: 'process tests, interop, golden vectors',
    uses: [
      'src/base',
      'src/content',
      'src/ledger',
      'src/audit',
      'src/swarm',
      'src/risk',
      'src/detection',
      'src/store',
      'src/node',
      'src/api',
      'src/gateway',
      'src/report',
      'src/cli',
      'lab',
      'scripts'
    ],
    packages: [
      'node:*',
      'fast-check',
      'cctv-age',
      '@libp2p/*',
      'libp2p',
      'ajv',
      'ajv-formats',
      'playwright-core',
      'axe-core'
    ],
    pure: false
  },
  scripts: {
    what: 'the build, and the checks of the project itself',
    uses: ['src/base', 'src/cli', 'src/node', 'lab'],
    packages: ['node:*', 'commander', 'fast-check', 'rolldown', 'vite'],
    pure: false
  }
}

/** What tests may use beyond their layer. */
const TEST_PACKAGES = ['node:*', 'fast-check', '@seriousme/openapi-schema-validator', 'oidc-provider']
const TEST_FILE = /\.(test|conformance|fuzz)\.ts$/
const TYPE_IMPORT = /^(?:import|export) type\b[^'"()=;]*?\bfrom\s+'([^']+)'/gm
const BLOCK_COMMENT = /\/\*[\s\S]*?\*\//g
const IMPORTS = [
  /^(?:import|export)\b[^'"()=;]*?\bfrom\s+'([^']+)'/gm,
  /^import\s+'([^']+)'/gm,
  /\bimport\(\s*'([^']+)'\s*\)/g
]
const IMPURE = [
  [/\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b/, 'reads a clock'],
  [/\bMath\.random\b|\bcrypto\.(getRandomValues|randomUUID)\b/, 'draws randomness'],
  [/\b(setTimeout|setInterval|setImmediate|queueMicrotask)\s*\(/, 'sets a timer'],
  [/\basync\s+[(a-zA-Z]|\bawait\s|\bnew Promise\b/, 'is asynchronous']
] as const

export function layerOf(file: string): string | undefined {
  return Object.keys(LAYERS).find(layer => file === layer || file.startsWith(`${layer}/`))
}

function packageAllowed(specifier: string, allowed: readonly string[]): boolean {
  return allowed.some(pattern =>
    pattern.endsWith('*')
      ? specifier.startsWith(pattern.slice(0, -1))
      : specifier === pattern || specifier.startsWith(`${pattern}/`)
  )
}

function importsOf(source: string): string[] {
  const code = source.replace(BLOCK_COMMENT, '')
  return IMPORTS.flatMap(pattern => [...code.matchAll(pattern)].map(match => match[1] as string))
}

/** What is imported for its types alone. */
function typeImportsOf(source: string): Set<string> {
  const code = source.replace(BLOCK_COMMENT, '')
  return new Set([...code.matchAll(TYPE_IMPORT)].map(match => match[1] as string))
}

function checkImport(
  file: string,
  layerName: string,
  { specifier, isTypes }: { readonly specifier: string; readonly isTypes: boolean }
): string | undefined {
  const layer = LAYERS[layerName] as Layer
  const isTest = TEST_FILE.test(file)
  if (specifier.startsWith('.')) {
    const target = normalize(join(dirname(file), specifier))
    if (/\.(json|css)$/.test(target)) return undefined
    const targetLayer = layerOf(target)
    if (targetLayer === undefined) return `imports ${specifier}, which lies outside every layer`
    if (targetLayer === layerName || layer.uses.includes(targetLayer)) return undefined
    if (layer.typesOf?.includes(targetLayer))
      return isTypes ? undefined : `imports ${specifier}: ${layerName} may use only types of ${targetLayer}`
    return `imports ${specifier}: ${layerName} may not use ${targetLayer}`
  }
  if (!specifier.startsWith('node:') && builtinModules.includes(specifier))
    return `imports ${specifier} without the node: prefix`
  const allowed = isTest ? [...layer.packages, ...TEST_PACKAGES] : layer.packages
  return packageAllowed(specifier, allowed)
    ? undefined
    : `imports ${specifier}, which ${layerName} may not use`
}

function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>()
  const path: string[] = []
  const visit = (file: string): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file]
    if (done.has(file)) return undefined
    path.push(file)
    for (const next of graph.get(file) ?? []) {
      const cycle = visit(next)
      if (cycle !== undefined) return cycle
    }
    path.pop()
    done.add(file)
    return undefined
  }
  for (const file of graph.keys()) {
    const cycle = visit(file)
    if (cycle !== undefined) return cycle
  }
  return undefined
}

/** Problems of one file; `file` is relative to the root of the project. */
export function checkSource(file: string, source: string): string[] {
  const layerName = layerOf(file)
  if (layerName === undefined) return [`${file}: belongs to no layer of scripts/layers.ts`]
  const problems: string[] = []
  const types = typeImportsOf(source)
  for (const specifier of importsOf(source)) {
    const problem = checkImport(file, layerName, { specifier, isTypes: types.has(specifier) })
    if (problem !== undefined) problems.push(`${file}: ${problem}`)
  }
  if (LAYERS[layerName]?.pure && !TEST_FILE.test(file)) {
    const code = source.replace(BLOCK_COMMENT, '').replace(/\/\/.*$/gm, '')
    for (const [pattern, what] of IMPURE)
      if (pattern.test(code)) problems.push(`${file}: ${what} in a pure layer`)
  }
  return problems
}

export function checkLayers(): string[] {
  const problems: string[] = []
  const graph = new Map<string, string[]>()
  for (const file of globSync('{src,lab,sim,test,scripts,console/src}/**/*.{ts,tsx}')
    .concat('console/vite.config.ts')
    .sort()) {
    const source = readFileSync(file, 'utf8')
    problems.push(...checkSource(file, source))
    const relative = importsOf(source).filter(specifier => specifier.startsWith('.'))
    graph.set(
      file,
      relative.map(specifier => normalize(join(dirname(file), specifier)))
    )
  }
  const cycle = findCycle(graph)
  if (cycle !== undefined) problems.push(`import cycle: ${cycle.join(' -> ')}`)
  return problems
}

const PAGE = 'docs/ARCHITECTURE.md'
const BEGIN = '<!-- layers: generated by scripts/layers.ts --write -->'
const END = '<!-- /layers -->'

function renderTable(): string {
  const rows = Object.entries(LAYERS).map(([name, layer]) => {
    const named = (layers: readonly string[], after: string) =>
      layers.map(use => `\`${use.replace('src/', '')}\`${after}`)
    const uses = [...named(layer.uses, ''), ...named(layer.typesOf ?? [], ' (types)')].join(' ')
    const packages = layer.packages.map(entry => `\`${entry}\``).join(' ')
    return `| \`${name}\` | ${layer.what} | ${layer.pure ? 'pure' : ''} | ${uses} | ${packages} |`
  })
  return [
    BEGIN,
    '',
    '| Layer | What it is | | May import | Packages |',
    '|---|---|---|---|---|',
    ...rows,
    '',
    END
  ].join('\n')
}

function main(): void {
  const page = readFileSync(PAGE, 'utf8')
  const start = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  const rendered =
    start < 0 || end < 0 ? page : page.slice(0, start) + renderTable() + page.slice(end + END.length)
  const problems = checkLayers()
  if (start < 0 || end < 0) problems.push(`${PAGE}: has no place for the layer table`)
  if (argv.includes('--write')) writeFileSync(PAGE, rendered)
  else if (rendered !== page)
    problems.push(`${PAGE}: the layer table is out of date; run node scripts/layers.ts --write`)
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) exit(1)
  console.log('layers: ok')
}

if (import.meta.main) main()
