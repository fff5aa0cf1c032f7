/**
 * What of others is in the program: the packages that its files came of, as the notices that their licences ask for and
 * as a bill of materials (CycloneDX 1.6, ECMA-424) that a scanner for known weaknesses reads.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const MODULES = '/node_modules/'
const NOTICE_FILE = /^(?:licen[cs]e|copying|notice)(?:[.-].*)?$/i

export interface BundledPackage {
  readonly name: string
  readonly version: string
  /** An SPDX expression. */
  readonly license: string
  /** The texts of its licence and notices; empty where it has none but the name. */
  readonly notices: readonly string[]
}

/** The packages of these files, by name and version, each once. */
export function packagesOf(files: readonly string[]): BundledPackage[] {
  const folders = new Set(files.flatMap(file => packageFolder(file) ?? []))
  const found = [...folders].map(readPackage)
  const byId = new Map(found.map(bundled => [`${bundled.name}@${bundled.version}`, bundled]))
  return [...byId.keys()].sort().map(id => byId.get(id) as BundledPackage)
}

/** The folder of the package that a file belongs to; undefined for a file of ours, or of the bundler's own. */
function packageFolder(file: string): string | undefined {
  const path = (file.split('?', 1)[0] as string).replaceAll('\\', '/')
  const start = path.lastIndexOf(MODULES)
  if (start < 0 || path.startsWith('\0')) return undefined
  const [scope = '', name = ''] = path.slice(start + MODULES.length).split('/')
  return path.slice(0, start + MODULES.length) + (scope.startsWith('@') ? `${scope}/${name}` : scope)
}

function readPackage(folder: string): BundledPackage {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>
  const { name, version, license } = manifest
  if (typeof name !== 'string' || typeof version !== 'string' || typeof license !== 'string')
    throw new Error(`${folder} does not say its name, version and licence`)
  const notices = readdirSync(folder)
    .filter(file => NOTICE_FILE.test(file))
    .sort()
    .map(file => readFileSync(join(folder, file), 'utf8').trim())
  return { name, version, license, notices }
}

/** All notices as one text. */
export function noticesText(packages: readonly BundledPackage[]): string {
  const parts = packages.map(({ name, version, license, notices }) =>
    [`${name} ${version} (${license})`, ...notices].join('\n\n')
  )
  const head = 'Peerage contains these packages of others, each under its own licence.'
  return `${[head, ...parts].join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}

/** A package URL (purl-spec): the at sign of a scope is encoded. */
function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`
}

export function billOfMaterials(
  program: { readonly name: string; readonly version: string; readonly license: string },
  packages: readonly BundledPackage[]
): object {
  const component = (type: string, { name, version, license }: Omit<BundledPackage, 'notices'>): object => ({
    type,
    'bom-ref': purlOf(name, version),
    name,
    version,
    licenses: [{ expression: license }],
    purl: purlOf(name, version)
  })
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: component('application', program) },
    components: packages.map(bundled => component('library', bundled))
  }
}
