/**
 * The commit worker: the one thread that fsyncs, names files and writes the index, so that the main thread never
 * waits for a disk. Jobs run one after the other in the order they were sent; that order is what the index means.
 *
 * The order of a commit is what makes a crash at any instant harmless:
 *   1. fsync the written files, and the folders of new part files;
 *   2. one transaction that claims the pieces, and notes the fingerprint of each file that became whole;
 *   3. rename whole files. A crash before it leaves a part file with that fingerprint, which recovery renames.
 * Only then is the caller told.
 */

import type { BigIntStats } from 'node:fs'
import { closeSync, fstatSync } from 'node:fs'
import { dirname } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { AssertionFailure, defined, unreachable } from '../base/assert.ts'
import type { CommitAnswer, CommitJob, FileCommit, FileCommitResult, FileToSync } from './commit-jobs.ts'
import { type SyncTarget, syncToDisk } from './disk-sync.ts'
import { appErrorOf, type Failure, failureOf } from './failure.ts'
import { IndexDatabase } from './index-database.ts'
import type { PieceSet } from './piece-set.ts'
import { allowExecution, finishTree, nameFile, prepareTree, removeParts, surveyTree } from './placed-tree.ts'
import { removeTree } from './removed-tree.ts'
import { reopenFiles } from './reopened-files.ts'
import { absolute, fingerprintOf, partOf } from './safe-files.ts'
import type { Fingerprint } from './store.ts'

const { indexPath } = workerData as { readonly indexPath: string }
const index = new IndexDatabase(indexPath)

const DONE: CommitAnswer = { kind: 'done' }

/** Fsyncs files and new names; returns the failure of each file that is not durable. */
function syncCommits(files: readonly FileCommit[]): Map<FileCommit, Failure> {
  const targets: SyncTarget[] = files.map(file => ({
    path: absolute(partOf(file.file)),
    fd: file.fds[0],
    isFolder: false
  }))
  const folderOf = (file: FileCommit) => dirname(absolute(file.file))
  const folders = [...new Set(files.filter(file => file.isNew).map(folderOf))]
  for (const path of folders) targets.push({ path, fd: undefined, isFolder: true })
  const failures = new Map<FileCommit, Failure>()
  for (const [target, failure] of syncToDisk(targets)) {
    const folder = folders[target - files.length]
    for (const [position, file] of files.entries())
      if (position === target || (folder !== undefined && file.isNew && folderOf(file) === folder))
        failures.set(file, failure)
  }
  return failures
}

function statOf(file: FileCommit): BigIntStats {
  return fstatSync(defined(file.fds[0], 'a descriptor'), { bigint: true })
}

/** A part file has the length of its file from the start; any other length is someone else's doing. */
function findChanged(files: readonly FileCommit[], failures: Map<FileCommit, Failure>): void {
  for (const file of files) {
    if (failures.has(file) || statOf(file).size === BigInt(file.bytes)) continue
    const path = absolute(partOf(file.file))
    const message = `${path} was shortened or lengthened while it was fetched; fetch it again`
    failures.set(file, { code: 'CONTENT_CHANGED', message, path })
  }
}

/** Claims the pieces of durable files in one transaction; returns the fingerprints of those that became whole. */
function claim(files: readonly FileCommit[]): Map<FileCommit, Fingerprint> {
  const whole = new Map<FileCommit, Fingerprint>()
  index.transaction(() => {
    const haves = new Map<number, PieceSet>()
    for (const file of files) {
      const have = haves.get(file.holding) ?? index.have(file.holding)
      if (have === undefined) continue // forgotten meanwhile
      haves.set(file.holding, have)
      for (const piece of file.pieces) have.add(piece)
      const isWhole = have.countIn(file.firstPiece, file.pieceCount) === file.pieceCount
      if (isWhole) whole.set(file, fingerprintOf(statOf(file)))
      if (isWhole || file.isNew)
        index.putFile(file.holding, {
          file: file.fileIndex,
          inode: file.inode,
          fingerprint: whole.get(file)
        })
    }
    for (const [holding, have] of haves) index.putHave(holding, have)
  })
  return whole
}

function commit(files: readonly FileCommit[]): CommitAnswer {
  try {
    const failures = syncCommits(files)
    findChanged(files, failures)
    const whole = claim(files.filter(file => !failures.has(file)))
    const results = files.map((file): FileCommitResult => {
      const failure = failures.get(file)
      if (failure !== undefined) return { outcome: 'failed', failure }
      const fingerprint = whole.get(file)
      if (fingerprint === undefined) return { outcome: 'durable', whole: undefined }
      return { outcome: 'durable', whole: { fingerprint, problem: nameFile(file.file, fingerprint) } }
    })
    return { kind: 'committed', results }
  } finally {
    for (const file of files) for (const fd of file.fds) closeSync(fd)
  }
}

function syncOthers(files: readonly FileToSync[]): void {
  for (const { file, makeExecutable } of files) if (makeExecutable) allowExecution(file)
  const failures = syncToDisk(
    files.map(({ file }) => ({ path: absolute(file), fd: undefined, isFolder: false }))
  )
  for (const failure of failures.values()) throw appErrorOf(failure)
}

function run(job: CommitJob): CommitAnswer {
  switch (job.kind) {
    case 'commit':
      return commit(job.files)
    case 'insert': {
      const holding = index.transaction(() => {
        const id = index.insert(job.holding)
        index.amend({ ...job.amendment, holding: id })
        return id
      })
      return { kind: 'inserted', holding }
    }
    case 'amend':
      index.transaction(() => index.amend(job.amendment))
      removeParts(job.removeParts)
      return DONE
    case 'layer':
      index.transaction(() => index.putLayer(job.versionId, job.fileIndex, job.layer))
      return DONE
    case 'survey':
      return { kind: 'surveyed', ...surveyTree(job.tree, job.files) }
    case 'prepare':
      prepareTree(job.tree)
      return DONE
    case 'name':
      return {
        kind: 'named',
        problems: job.files.map(({ file, fingerprint }) => nameFile(file, fingerprint))
      }
    case 'reopen': {
      const files = reopenFiles(job.files)
      const { amendment } = job
      if (amendment !== undefined && files.every(({ inode }) => inode !== undefined))
        index.transaction(() => index.amend(amendment))
      return { kind: 'reopened', files }
    }
    case 'sync':
      syncOthers(job.files)
      return DONE
    case 'finish':
      finishTree(job.tree)
      index.transaction(() =>
        index.amend({ holding: job.holding, add: [], drop: [], dropFiles: [], putFiles: [], complete: true })
      )
      return DONE
    case 'parts':
      removeParts(job.parts)
      return DONE
    case 'forget':
      // Part files first: a crash in between leaves claims without files, which recovery drops, and no litter.
      removeParts(job.parts)
      index.transaction(() => index.remove(job.holding))
      return DONE
    case 'erase': {
      // Files first: a crash in between leaves a holding to erase again.
      const bytes = job.remove === undefined ? 0 : removeTree(job.remove)
      index.transaction(() => index.remove(job.holding))
      index.scrub()
      return { kind: 'erased', bytes }
    }
    case 'remove':
      return { kind: 'erased', bytes: removeTree(job.remove) }
    case 'scrub':
      index.scrub()
      return DONE
    case 'close':
      index.close()
      return DONE
    default:
      return unreachable(job)
  }
}

function placeOf(job: CommitJob): { readonly action: string; readonly path: string } {
  switch (job.kind) {
    case 'survey':
    case 'prepare':
    case 'finish':
      return { action: job.kind === 'survey' ? 'look at' : 'write', path: job.tree.base }
    case 'remove':
      return { action: 'erase', path: job.remove.tree.base }
    case 'erase':
      return { action: 'erase', path: job.remove?.tree.base ?? indexPath }
    default:
      return { action: 'update the index', path: indexPath }
  }
}

function answer(job: CommitJob): CommitAnswer {
  try {
    return run(job)
  } catch (error) {
    if (error instanceof AssertionFailure) throw error
    const { action, path } = placeOf(job)
    return { kind: 'failed', failure: failureOf(action, path, error) }
  }
}

const port = defined(parentPort, 'the port of a worker thread')
port.on('message', (job: CommitJob) => port.postMessage(answer(job)))
