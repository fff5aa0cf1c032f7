/**
 * How a holding comes to be: a version that is to be fetched into a place, and a tree that is served from where
 * it is. Everything is looked at before anything is written, and files that are the version's own already are
 * taken over, so that fetching again into the same place is cheap and safe.
 */

import { sep } from 'node:path'
import { assert, defined } from '../base/assert.ts'
import { equalBytes } from '../base/bytes.ts'
import { AppError } from '../base/errors.ts'
import { idBytes } from '../base/ids.ts'
import { fileRootOfPieceLayer } from '../content/merkle.ts'
import type { Version } from '../content/version.ts'
import type { PlacedTree, SurveyedFile } from './commit-jobs.ts'
import {
  checkFreeSpace,
  type Place,
  placedFile,
  placeOfRoot,
  resolveDestination,
  treeOf
} from './destination.ts'
import { appErrorOf } from './failure.ts'
import type { FilesystemHolding, HoldingContext, HoldingOptions } from './filesystem-holding.ts'
import { HeldFiles, selectionBytes } from './held-files.ts'
import type { Amendment, HoldingKind } from './index-database.ts'
import { type FileToHash, hashFiles } from './range-hashing.ts'
import { absolute, partOf } from './safe-files.ts'
import { sha256 } from './sha256.ts'
import type { FetchTarget, Fingerprint, HashedTree, PieceLayers } from './store.ts'

/** Paths that one message names. */
const NAMED_MAX = 5
/** Files that one message to the commit worker names. */
const SYNC_FILES_MAX = 4096

export interface Opening {
  readonly context: HoldingContext
  readonly holdings: readonly FilesystemHolding[]
  readonly add: (options: HoldingOptions) => FilesystemHolding
}

/** What stands at the place already. */
interface Findings {
  /** Whole files that the store did not know of, with their piece hashes. */
  readonly taken: Map<number, { readonly fingerprint: Fingerprint; readonly pieceHashes: Uint8Array }>
  /** Files that the store took for whole and that are gone. */
  readonly lost: number[]
}

function holdingAt(opening: Opening, version: Version, root: string): FilesystemHolding | undefined {
  return opening.holdings.find(holding => holding.version.id === version.id && holding.root === root)
}

type Selection = ReadonlySet<number> | undefined

function* pathsOf(version: Version, place: Place, selected: Selection): Generator<string> {
  for (const [fileIndex, file] of version.files.entries())
    if (file.bytes > 0 && selected?.has(fileIndex) !== false)
      yield absolute(placedFile(version, place, fileIndex))
}

/** Two fetches that write the same file would take each other's part file for their own. */
function checkOverlap(opening: Opening, version: Version, place: Place, selected: Selection): void {
  const isWithin = (inner: string, outer: string) => inner === outer || inner.startsWith(`${outer}${sep}`)
  for (const other of opening.holdings) {
    const { place: theirs } = other.files
    const isSame = other.version.id === version.id && other.root === place.root
    if (isSame || other.kind === 'source' || other.files.isDone) continue
    if (!isWithin(place.base, theirs.base) && !isWithin(theirs.base, place.base)) continue
    const taken = new Set(pathsOf(other.version, theirs, other.selected))
    for (const path of pathsOf(version, place, selected)) {
      if (!taken.has(path)) continue
      throw new AppError(
        'DEST_EXISTS',
        `can not fetch into ${place.root}: another version, ${other.version.name}, is being fetched to ${path}; ` +
          'let it end, or choose another destination',
        { details: { path } }
      )
    }
  }
}

function conflictError(place: Place, paths: readonly string[]): AppError {
  const named = paths.slice(0, NAMED_MAX).join(', ')
  const more = paths.length > NAMED_MAX ? ` and ${paths.length - NAMED_MAX} more` : ''
  return new AppError(
    'DEST_EXISTS',
    `can not fetch into ${place.root}: something else stands at ${named}${more}; nothing was written. ` +
      'Move it away or choose another destination',
    { details: { path: paths[0] ?? place.root } }
  )
}

async function surveyed(
  context: HoldingContext,
  files: HeldFiles,
  { tree, selected }: { readonly tree: PlacedTree; readonly selected: Selection }
): Promise<ReadonlyMap<number, SurveyedFile>> {
  const wanted = [...files.withBytes()].filter(fileIndex => selected?.has(fileIndex) !== false)
  const answer = await context.commits.run({
    kind: 'survey',
    tree,
    files: wanted.map(fileIndex => ({
      path: files.final(fileIndex).path,
      bytes: files.entry(fileIndex).bytes
    }))
  })
  assert(answer.kind === 'surveyed', 'a survey is answered as one')
  if (answer.conflicts.length > 0) throw conflictError(files.place, answer.conflicts)
  return new Map(wanted.map((fileIndex, at) => [fileIndex, defined(answer.files[at], 'a surveyed file')]))
}

function isOwn(version: Version, fileIndex: number, pieceHashes: Uint8Array): boolean {
  const file = defined(version.files[fileIndex], 'a file of the version')
  const { pieceBytes } = version
  const root = fileRootOfPieceLayer(pieceHashes, { fileBytes: file.bytes, pieceBytes, sha256 })
  return equalBytes(root, idBytes(defined(file.root, 'the root of a file with bytes')))
}

/** Compares what stands there with what the store knows and, by hash, with the version. */
async function compare(
  context: HoldingContext,
  files: HeldFiles,
  surveyed: ReadonlyMap<number, SurveyedFile>,
  signal: AbortSignal | undefined
): Promise<Findings> {
  const findings: Findings = { taken: new Map(), lost: [] }
  const candidates: FileToHash[] = []
  for (const [fileIndex, found] of surveyed) {
    const held = files.get(fileIndex)
    if (held.phase === 'whole' && found.found === 'candidate' && found.fingerprint === held.fingerprint)
      continue
    if (held.phase === 'whole') findings.lost.push(fileIndex)
    if (found.found !== 'candidate') continue
    candidates.push({
      key: fileIndex,
      path: files.final(fileIndex).path,
      bytes: files.entry(fileIndex).bytes
    })
  }
  const others: string[] = []
  const { version, place } = files
  const hashing = { pool: context.pool, base: place.base, pieceBytes: version.pieceBytes, signal }
  await hashFiles(hashing, candidates, (file, hashed) => {
    if (hashed.outcome === 'failed') throw appErrorOf(hashed.failure)
    if (hashed.outcome === 'hashed' && isOwn(version, file.key, hashed.pieceHashes))
      findings.taken.set(file.key, hashed)
    else if (hashed.outcome !== 'missing') others.push(absolute(files.final(file.key)))
  })
  if (others.length > 0) throw conflictError(place, others.sort())
  return findings
}

function neededBytes(files: HeldFiles, findings: Findings, selected: Selection): number {
  const isSelected = (fileIndex: number) => selected?.has(fileIndex) !== false
  let bytes = files.missingBytes(selected)
  for (const fileIndex of findings.taken.keys()) {
    const { first, count } = files.runOf(fileIndex)
    if (isSelected(fileIndex) && files.have.countIn(first, count) === 0) bytes -= files.entry(fileIndex).bytes
  }
  for (const fileIndex of findings.lost)
    if (isSelected(fileIndex) && !findings.taken.has(fileIndex)) bytes += files.entry(fileIndex).bytes
  return bytes
}

/** Makes files that others wrote durable, and those that are taken over executable where they should be. */
async function syncFiles(
  context: HoldingContext,
  files: HeldFiles,
  indexes: Iterable<number>,
  kind: HoldingKind
): Promise<void> {
  const all = [...indexes].map(fileIndex => ({
    file: files.final(fileIndex),
    makeExecutable: kind === 'fetched' && files.entry(fileIndex).executable
  }))
  for (let first = 0; first < all.length; first += SYNC_FILES_MAX)
    await context.commits.run({ kind: 'sync', files: all.slice(first, first + SYNC_FILES_MAX) })
}

/** Layers that the caller or the index knows, and those that hashing brought. */
function layersOf(version: Version, known: PieceLayers, findings: Findings): Map<number, Uint8Array> {
  const layers = new Map(known)
  for (const [fileIndex, { pieceHashes }] of findings.taken)
    if ((version.files[fileIndex]?.pieceCount ?? 0) > 1) layers.set(fileIndex, pieceHashes)
  return layers
}

/** What is to be there from now on: what is asked for, and what is whole there by an earlier fetch. */
function selectionWith(
  { version, selected: asked }: FetchTarget,
  known: FilesystemHolding | undefined,
  findings?: Findings
): Selection {
  if (asked === undefined) return undefined
  const gone = new Set(findings?.lost.filter(fileIndex => !findings.taken.has(fileIndex)))
  const isKept = (fileIndex: number): boolean => {
    if (known === undefined) return false
    const { files, wasCompleted } = known
    if (files.entry(fileIndex).bytes === 0) return wasCompleted && files.isSelected(fileIndex)
    return files.get(fileIndex).phase === 'whole' && !gone.has(fileIndex)
  }
  const selected = new Set([...asked, ...[...version.files.keys()].filter(isKept)])
  return selected.size === version.files.length ? undefined : selected
}

/** Takes the findings into memory; returns what the index is to learn. */
function takeIn(
  context: HoldingContext,
  files: HeldFiles,
  findings: Findings,
  selected: Selection
): Omit<Amendment, 'holding'> {
  files.select(selected)
  const suspects = files.isDetached ? [...files.withBytes()] : findings.lost
  const lost = suspects.filter(fileIndex => !findings.taken.has(fileIndex))
  files.isDetached = false
  const drop = lost.map(fileIndex => files.runOf(fileIndex))
  for (const fileIndex of lost) files.giveUp(fileIndex)
  const nowMs = context.nowMs()
  const putFiles = [...findings.taken].map(([fileIndex, { fingerprint }]) =>
    files.takeWhole(fileIndex, fingerprint, nowMs)
  )
  const add = [...findings.taken.keys()].map(fileIndex => files.runOf(fileIndex))
  return { drop, add, dropFiles: lost, putFiles, selected: selectionBytes(files.version, selected) }
}

async function insert(
  opening: Opening,
  made: {
    version: Version
    root: string
    kind: 'source' | 'fetched'
    layers: PieceLayers
    complete: boolean
    selected: Selection
  },
  amendment: Omit<Amendment, 'holding'>
): Promise<FilesystemHolding> {
  const { version, root, kind, layers, complete, selected } = made
  const answer = await opening.context.commits.run({
    kind: 'insert',
    holding: {
      versionId: version.id,
      info: version.infoBytes,
      kind,
      root,
      pieceCount: version.pieceCount,
      layers
    },
    amendment: { ...amendment, complete }
  })
  assert(answer.kind === 'inserted', 'an insert is answered as one')
  return opening.add({ rowId: answer.holding, version, root, kind, layers, complete, selected })
}

function dropOpenFiles(holding: FilesystemHolding, findings: Findings): void {
  for (const fileIndex of [...findings.lost, ...findings.taken.keys()])
    holding.context.openFiles.drop(holding.fileKey(fileIndex))
}

async function resume(
  holding: FilesystemHolding,
  layers: PieceLayers,
  { findings, selected }: { readonly findings: Findings; readonly selected: Selection }
): Promise<FilesystemHolding> {
  const { files, context, version } = holding
  for (const [fileIndex, layer] of layers) await holding.setLayer(fileIndex, layer)
  const replaced = [...findings.taken.keys()]
    .filter(fileIndex => ['part', 'unnamed'].includes(files.get(fileIndex).phase))
    .map(fileIndex => files.part(fileIndex))
  dropOpenFiles(holding, findings)
  const isWider = [...version.files.keys()].some(
    fileIndex => selected?.has(fileIndex) !== false && !files.isSelected(fileIndex)
  )
  const amendment = takeIn(context, files, findings, selected)
  // Links and folders of files that are new in the selection are still to be made.
  const complete = holding.wasCompleted && !isWider && files.isDone
  await holding.amend({ ...amendment, complete }, replaced)
  holding.settle({ complete, damage: undefined })
  return holding
}

/** See {@link Store.create}. */
export async function openFetch(target: FetchTarget, opening: Opening): Promise<FilesystemHolding> {
  const { context } = opening
  const { version, signal } = target
  const place = resolveDestination(version, target.destination)
  const known = holdingAt(opening, version, place.root)
  if (known?.kind === 'source') {
    if (known.state === 'complete') return known
    throw new AppError(
      'DEST_EXISTS',
      `can not fetch into ${place.root}: it is published from there; restore it and publish again, or choose another destination`,
      { details: { path: place.root } }
    )
  }
  checkOverlap(opening, version, place, target.selected)
  const files = known?.files ?? new HeldFiles(version, place)
  const looked = selectionWith(target, known)
  const survey = { tree: treeOf(version, place, looked), selected: looked }
  const findings = await compare(context, files, await surveyed(context, files, survey), signal)
  const selected = selectionWith(target, known, findings)
  signal?.throwIfAborted()
  checkFreeSpace(place.base, neededBytes(files, findings, selected))
  await context.commits.run({ kind: 'prepare', tree: treeOf(version, place, selected) })
  await syncFiles(context, files, findings.taken.keys(), 'fetched')
  const layers = layersOf(version, target.layers, findings)
  let holding: FilesystemHolding
  if (known !== undefined) holding = await resume(known, layers, { findings, selected })
  else {
    const amendment = takeIn(context, files, findings, selected)
    holding = await insert(
      opening,
      { version, root: place.root, kind: 'fetched', layers, complete: false, selected },
      amendment
    )
    takeIn(context, holding.files, findings, selected)
  }
  await holding.nameFiles()
  await holding.finishOrFail()
  return holding
}

/** See {@link Store.adopt}. */
export async function openSource(tree: HashedTree, opening: Opening): Promise<FilesystemHolding> {
  const { context } = opening
  const { version, source: root, layers, fingerprints } = tree
  const known = holdingAt(opening, version, root)
  const files = known?.files ?? new HeldFiles(version, placeOfRoot(version, root))
  await syncFiles(context, files, fingerprints.keys(), 'source')
  const takeAll = (into: HeldFiles) =>
    [...fingerprints].map(([fileIndex, fingerprint]) =>
      // Never compared yet: the first read compares it.
      into.takeWhole(fileIndex, fingerprint, Number.NEGATIVE_INFINITY)
    )
  files.select(undefined)
  const putFiles = takeAll(files)
  assert(files.have.size === version.pieceCount, 'a hashed tree has a fingerprint for each file with bytes')
  const amendment = {
    drop: [],
    dropFiles: [],
    putFiles,
    add: [{ first: 0, count: version.pieceCount }],
    selected: null,
    complete: true
  }
  if (known === undefined) {
    const holding = await insert(
      opening,
      { version, root, kind: 'source', layers, complete: true, selected: undefined },
      amendment
    )
    takeAll(holding.files)
    return holding
  }
  for (const fileIndex of fingerprints.keys()) context.openFiles.drop(known.fileKey(fileIndex))
  for (const [fileIndex, layer] of layers) await known.setLayer(fileIndex, layer)
  const parts = [...fingerprints.keys()].map(fileIndex => partOf(files.final(fileIndex)))
  await known.amend(amendment, known.kind === 'fetched' ? parts : [])
  known.settle({ complete: true, damage: undefined })
  return known
}
