/**
 * The tables of `audit.db`.
 *
 * - `logs` names each log by its device and incarnation; `size` and `edge` (the hashes of its full subtrees from the
 *   left) are all that is needed to go on with it. Both change in the very transaction that adds entries. Of
 *   `dropped` entries retention has left only the leaf hash, here last at `dropped_time` those before `dropped_before`.
 * - `entries` holds the bytes that the tree is over, or the leaf hash in their place. The columns beside them only serve
 *   searches; they say what the entry says, and are null where it can not be read, or is no more.
 * - `nodes` holds the inner nodes of this device's own logs, so a proof of any size is a handful of lookups. A leaf's
 *   hash is made from its entry.
 * - `checkpoints` are those that this device signed, by log and size, with the cosignatures they have got.
 * - `witnessed` is the latest checkpoint of each log that this device has cosigned. It only ever grows.
 * - `file` tells this very file from a copy of it: a copy was made at some earlier time, and is no log to go on with.
 * - `sightings` are checkpoints of others that were seen anywhere, `findings` what was found wrong, for good.
 */

export const AUDIT_SCHEMA = {
  what: 'the audit log',
  steps: [
    `CREATE TABLE logs (
       id INTEGER PRIMARY KEY,
       device TEXT NOT NULL,
       incarnation INTEGER NOT NULL,
       size INTEGER NOT NULL,
       edge BLOB NOT NULL,
       note BLOB,
       dropped INTEGER NOT NULL DEFAULT 0,
       dropped_time INTEGER,
       dropped_before INTEGER,
       UNIQUE (device, incarnation)
     ) STRICT;
     CREATE TABLE file (id TEXT NOT NULL) STRICT;
     CREATE TABLE entries (
       log INTEGER NOT NULL REFERENCES logs (id),
       seq INTEGER NOT NULL,
       time INTEGER,
       action TEXT,
       dataset TEXT,
       version TEXT,
       bytes BLOB,
       leaf BLOB,
       PRIMARY KEY (log, seq),
       CHECK ((bytes IS NULL) <> (leaf IS NULL))
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX entries_by_time ON entries (time);
     CREATE INDEX entries_by_action ON entries (action, time) WHERE action IS NOT NULL;
     CREATE INDEX entries_by_dataset ON entries (dataset, time) WHERE dataset IS NOT NULL;
     CREATE INDEX entries_by_version ON entries (version, time) WHERE version IS NOT NULL;
     CREATE TABLE nodes (
       log INTEGER NOT NULL REFERENCES logs (id),
       level INTEGER NOT NULL,
       position INTEGER NOT NULL,
       hash BLOB NOT NULL,
       PRIMARY KEY (log, level, position)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE checkpoints (
       log INTEGER NOT NULL REFERENCES logs (id),
       size INTEGER NOT NULL,
       note BLOB NOT NULL,
       PRIMARY KEY (log, size)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE witnessed (
       device TEXT NOT NULL,
       incarnation INTEGER NOT NULL,
       size INTEGER NOT NULL,
       root BLOB NOT NULL,
       note BLOB NOT NULL,
       PRIMARY KEY (device, incarnation)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE sightings (
       device TEXT NOT NULL,
       incarnation INTEGER NOT NULL,
       size INTEGER NOT NULL,
       root BLOB NOT NULL,
       note BLOB NOT NULL,
       PRIMARY KEY (device, incarnation, size, root)
     ) STRICT, WITHOUT ROWID;
     CREATE TABLE findings (
       device TEXT NOT NULL,
       incarnation INTEGER NOT NULL,
       kind TEXT NOT NULL,
       position INTEGER,
       witnesses TEXT NOT NULL,
       detail TEXT NOT NULL,
       time INTEGER NOT NULL,
       PRIMARY KEY (device, kind, detail)
     ) STRICT, WITHOUT ROWID;`
  ]
}
