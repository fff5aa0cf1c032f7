/**
 * Opens a database file of the home folder: WAL with synchronous=FULL, so that a committed transaction survives
 * power loss, and migrated step by step from the schema it has to the newest.
 *
 * What is deleted is overwritten with zeros (secure_delete), so that no page, free or used, has anything of it; `scrub`
 * takes it out of the WAL too. A file from before this was so is vacuumed once, and marked.
 */

import { DatabaseSync } from 'node:sqlite'
import { AppError, messageOf } from '../base/errors.ts'
import { appErrorOf, failureOf, toldIfFull } from './failure.ts'

const BUSY_TIMEOUT_MS = 5000
/** `PRAGMA application_id` of a file without remains in its free pages. */
const CLEAN_FILE = 0x50656572

export interface Schema {
  /** What the file is, for messages. */
  readonly what: string
  /** Step n takes schema version n to n + 1; `PRAGMA user_version` counts the steps taken. */
  readonly steps: readonly string[]
}

/** Throws AppError DISK_FULL or STORAGE_FAILED where SQLite can not write; then nothing of it is there. */
export function transaction<T>(database: DatabaseSync, work: () => T): T {
  return writing(database, () => {
    database.exec('BEGIN IMMEDIATE')
    try {
      const result = work()
      database.exec('COMMIT')
      return result
    } catch (error) {
      // A full disk may have rolled it back already.
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  })
}

/** What SQLite can not do is an AppError: DISK_FULL or STORAGE_FAILED. */
export function writing<T>(database: DatabaseSync, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const isOfSqlite = error instanceof Error && 'errcode' in error
    throw isOfSqlite
      ? appErrorOf(failureOf('write', database.location() ?? 'the database', error), error)
      : error
  }
}

function migrate(database: DatabaseSync, path: string, schema: Schema): void {
  const found = Number(database.prepare('PRAGMA user_version').get()?.user_version)
  if (found > schema.steps.length)
    throw new AppError(
      'HOME_CORRUPT',
      `${path} (${schema.what}) has schema version ${found}, this program knows up to ${schema.steps.length}: ` +
        'run the version of peerage that wrote it, or a newer one',
      { details: { path, found, known: schema.steps.length } }
    )
  schema.steps.slice(found).forEach((step, index) => {
    transaction(database, () => {
      database.exec(step)
      database.exec(`PRAGMA user_version = ${found + index + 1}`)
    })
  })
}

/** Leaves nothing of what was deleted or replaced: empties the WAL into the file, and cuts it to no length. */
export function scrub(database: DatabaseSync): void {
  const row = writing(database, () => database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get())
  if (Number(row?.busy) !== 0)
    throw new AppError(
      'STORAGE_FAILED',
      'a database is read by another program, so what was deleted stays in its WAL'
    )
}

function clean(database: DatabaseSync): void {
  if (Number(database.prepare('PRAGMA application_id').get()?.application_id) === CLEAN_FILE) return
  database.exec('VACUUM')
  database.exec(`PRAGMA application_id = ${CLEAN_FILE}`)
}

/** Throws AppError HOME_CORRUPT when the file is no database or from a newer program, DISK_FULL when it has no room. */
export function openDatabase(path: string, schema: Schema): DatabaseSync {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true })
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON')
    migrate(database, path, schema)
    clean(database)
    return database
  } catch (error) {
    database?.close()
    const told = toldIfFull(path, error)
    if (told instanceof AppError) throw told
    throw new AppError(
      'HOME_CORRUPT',
      `can not open ${path} (${schema.what}): ${messageOf(error)}; restore the file from a backup or remove it`,
      { details: { path }, cause: error }
    )
  }
}
