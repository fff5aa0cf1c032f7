/**
 * What there is to publish at a path: every file and link below it, with the rules of paths and links enforced
 * before a byte is hashed. Folders are listed by the hash workers, one job each, so that a large tree blocks
 * nobody; an empty folder leaves no trace, because BEP 52 knows files only.
 */

import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { AppError, systemCodeOf } from '../base/errors.ts'
import { FILE_COUNT_MAX } from '../content/file-entries.ts'
import { componentFault, PathTree, pathError } from '../content/path-rules.ts'
import { LinkResolver, linkError } from '../content/symlinks.ts'
import { failureOf } from './failure.ts'
import type { ListedEntry } from './hash-jobs.ts'
import type { HashPool } from './hash-pool.ts'

const ACTION = 'publish'
/** Folders that are listed at the same time. */
const LISTINGS_MAX = 16

export interface ScannedFile {
  /** Components of the path in the version. */
  readonly path: readonly string[]
  readonly bytes: number
  readonly executable: boolean
  readonly symlink: readonly string[] | undefined
}

export interface ScannedTree {
  /** What it is called: the last component of the path that was given. */
  readonly name: string
  readonly isSingleFile: boolean
  /** Absolute path without links: the file itself, or the folder. */
  readonly source: string
  readonly files: readonly ScannedFile[]
  readonly totalBytes: number
}

/** Files that are not to be published under any name, as fileIdentityOf has them. Asked only of files with several. */
export type GuardedFiles = () => Promise<ReadonlySet<string>>

export interface ScanOptions {
  readonly guarded?: GuardedFiles | undefined
  readonly pool: HashPool
  readonly signal?: AbortSignal | undefined
  readonly onProgress?: ((found: { readonly files: number; readonly bytes: number }) => void) | undefined
}

function unsupported(path: string, what: string): AppError {
  return new AppError(
    'SOURCE_UNSUPPORTED',
    `can not publish ${path}: it ${what}; only files, folders and links inside the tree can be published. ` +
      'Move it out of the tree',
    { details: { path } }
  )
}

function locate(path: string): {
  readonly real: string
  readonly isFolder: boolean
  readonly stats: SingleStats
} {
  try {
    const real = realpathSync(path)
    const stats = statSync(real)
    if (!stats.isFile() && !stats.isDirectory()) throw unsupported(path, 'is neither a file nor a folder')
    return {
      real,
      isFolder: stats.isDirectory(),
      stats: { bytes: stats.size, executable: (stats.mode & 0o100) !== 0 }
    }
  } catch (error) {
    if (error instanceof AppError) throw error
    const missing = systemCodeOf(error) === 'ENOENT'
    const why = missing ? 'there is nothing at that path' : failureOf('read', path, error).message
    throw new AppError('SOURCE_MISSING', `can not publish ${path}: ${why}`, {
      details: { path },
      cause: error
    })
  }
}

interface SingleStats {
  readonly bytes: number
  readonly executable: boolean
}

interface FoundLink {
  readonly path: readonly string[]
  readonly text: string
}

/** Collects what the listings bring. */
class Findings {
  readonly source: string
  readonly files: ScannedFile[] = []
  readonly links: FoundLink[] = []
  readonly folders: string[] = ['']
  readonly #tree = new PathTree()
  /** By what they are to the system (fileIdentityOf), those that have other names besides. */
  readonly linked = new Map<string, readonly string[]>()
  totalBytes = 0

  constructor(source: string) {
    this.source = source
  }

  take(folder: string, entry: ListedEntry): void {
    const path = folder === '' ? [entry.name] : [...folder.split('/'), entry.name]
    const shown = join(this.source, ...path)
    if (!entry.isUnicode) throw unsupported(shown, 'has a name that is not valid UTF-8')
    if (entry.kind === 'folder') {
      this.folders.push(path.join('/'))
      return
    }
    if (entry.kind === 'other') throw unsupported(shown, 'is a device, socket or FIFO')
    const problem = this.#tree.add(path)
    if (problem !== undefined) throw pathError(problem, ACTION)
    if (entry.kind === 'link') this.links.push({ path, text: entry.link })
    else {
      this.files.push({ path, bytes: entry.bytes, executable: entry.executable, symlink: undefined })
      this.totalBytes += entry.bytes
      if (entry.linked !== null) this.linked.set(entry.linked, path)
    }
    if (this.files.length + this.links.length > FILE_COUNT_MAX)
      throw new AppError(
        'SOURCE_UNSUPPORTED',
        `can not publish ${this.source}: it has more than ${FILE_COUNT_MAX} files; publish parts of it, or an archive`
      )
  }

  /** Adds the links, each as what it finally leads to. */
  resolveLinks(): void {
    if (this.links.length === 0) return
    const resolver = new LinkResolver(
      this.files.map(file => file.path),
      this.links
    )
    for (const link of this.links) {
      const resolution = resolver.resolve(link)
      if (resolution.fault !== undefined) throw linkError(link.path, resolution.fault, ACTION)
      this.files.push({ path: link.path, bytes: 0, executable: false, symlink: resolution.target })
    }
  }
}

async function scanFolder(source: string, options: ScanOptions): Promise<Findings> {
  const { pool, signal, onProgress } = options
  const findings = new Findings(source)
  while (findings.folders.length > 0) {
    signal?.throwIfAborted()
    const listed = findings.folders.splice(-LISTINGS_MAX)
    const answers = await Promise.all(listed.map(path => pool.list({ kind: 'list', base: source, path })))
    answers.forEach((answer, index) => {
      if (answer.outcome === 'failed')
        throw new AppError('SOURCE_MISSING', answer.failure.message, {
          details: { path: answer.failure.path }
        })
      for (const entry of answer.entries) findings.take(listed[index] ?? '', entry)
    })
    onProgress?.({ files: findings.files.length, bytes: findings.totalBytes })
  }
  findings.resolveLinks()
  if (findings.linked.size > 0 && options.guarded !== undefined) {
    const guarded = await options.guarded()
    for (const [identity, path] of findings.linked)
      if (guarded.has(identity))
        throw unsupported(join(source, ...path), 'is a hard link to a file of this node')
  }
  return findings
}

/**
 * Looks at what is to be published. Throws AppError SOURCE_MISSING, SOURCE_EMPTY, SOURCE_UNSUPPORTED or
 * PATH_UNSAFE, each naming the path; rejects with the signal's reason when aborted.
 */
export async function scanTree(path: string, options: ScanOptions): Promise<ScannedTree> {
  const given = resolve(path)
  const { real, isFolder, stats } = locate(given)
  const name = basename(given)
  const fault = componentFault(name)
  if (fault !== undefined) throw pathError({ fault, path: [name] }, ACTION)
  if (!isFolder) {
    const file: ScannedFile = { path: [name], ...stats, symlink: undefined }
    return { name, isSingleFile: true, source: real, files: [file], totalBytes: stats.bytes }
  }
  const { files, totalBytes } = await scanFolder(real, options)
  if (files.length === 0)
    throw new AppError('SOURCE_EMPTY', `can not publish ${given}: it holds no file; add one`, {
      details: { path: given }
    })
  return { name, isSingleFile: false, source: real, files, totalBytes }
}

/** Where the scanned files are: the folder to hash from, and a path in it for each. */
export function locationOf(
  tree: ScannedTree,
  file: ScannedFile
): { readonly base: string; readonly path: string } {
  return tree.isSingleFile
    ? { base: dirname(tree.source), path: basename(tree.source) }
    : { base: tree.source, path: file.path.join('/') }
}
