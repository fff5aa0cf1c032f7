/**
 * Every code that an AppError can carry, with what it means and how a command that meets it exits.
 * docs/ERRORS.md documents each one, and a test holds the two against each other.
 *
 * Exit codes follow sysexits.h where it has a fitting one: 64 usage, 65 data, 66 no input, 69 unavailable,
 * 73 can't create, 74 I/O, 75 try again, 77 no permission, 78 configuration.
 */

interface ErrorCodeEntry {
  readonly meaning: string
  readonly exitCode: number
}

export const ERROR_CODES = {
  // base and command line
  USAGE: { meaning: 'The command line or a request is malformed.', exitCode: 64 },
  INTERRUPTED: { meaning: 'The user interrupted the command; what was done so far is kept.', exitCode: 130 },
  // content
  BENCODE_INVALID: { meaning: 'Bytes are not strict bencode.', exitCode: 65 },
  INFO_INVALID: { meaning: 'An info dictionary breaks a rule of BEP 52 or of this project.', exitCode: 65 },
  TORRENT_INVALID: { meaning: 'A .torrent file or magnet link is malformed.', exitCode: 65 },
  PATH_UNSAFE: { meaning: 'A path could escape the destination or collide with another.', exitCode: 65 },
  SEALED_INVALID: {
    meaning: 'A sealed object, manifest or envelope is damaged, or is not what its key belongs to.',
    exitCode: 65
  },
  SHARES_INVALID: {
    meaning: 'The shares that the ledger names for a version do not give it back.',
    exitCode: 65
  },
  SEALED_NO_KEY: {
    meaning: 'Nobody who can open a sealed version has wrapped its key for this device yet.',
    exitCode: 75
  },
  SOURCE_UNSUPPORTED: {
    meaning: 'A folder to publish holds something that is neither file nor folder nor safe link.',
    exitCode: 65
  },
  SOURCE_EMPTY: { meaning: 'There is nothing to publish at the given path.', exitCode: 66 },
  SOURCE_MISSING: { meaning: 'The path to publish does not exist or can not be read.', exitCode: 66 },
  // home and configuration
  HOME_MISSING: { meaning: 'The home folder holds no device; init or join comes first.', exitCode: 78 },
  HOME_EXISTS: { meaning: 'The home folder already belongs to a device.', exitCode: 78 },
  HOME_LOCKED: { meaning: 'Another node is running on this home folder.', exitCode: 75 },
  HOME_CORRUPT: { meaning: 'A file of the home folder is damaged or from an unknown version.', exitCode: 65 },
  // key files
  KEY_FILE_MISSING: { meaning: 'There is no key file at the given path.', exitCode: 66 },
  KEY_FILE_EXISTS: {
    meaning: 'A file is there already, and a key file is never written over.',
    exitCode: 73
  },
  KEY_FILE_INVALID: {
    meaning: 'A file is no key file, is damaged, or is from an unknown version.',
    exitCode: 65
  },
  PASSPHRASE_MISSING: { meaning: 'A passphrase is needed and there is no way to ask for it.', exitCode: 66 },
  PASSPHRASE_WRONG: { meaning: 'The passphrase does not open the key file.', exitCode: 77 },
  // node and admin API
  NODE_DOWN: { meaning: 'No node is running on this home folder.', exitCode: 69 },
  NODE_INTERNAL: { meaning: 'The node met a fault of its own; its log has the details.', exitCode: 70 },
  NOT_SIGNED_IN: { meaning: 'A call over the network shows no token or session that holds.', exitCode: 77 },
  SCOPE_MISSING: { meaning: 'The caller of the admin API has not the scope that this takes.', exitCode: 77 },
  TOO_MANY_CALLS: { meaning: 'A caller of the admin API calls more often than it may.', exitCode: 75 },
  SESSION_UNKNOWN: { meaning: 'This node has no session of that id.', exitCode: 66 },
  TOKEN_UNKNOWN: { meaning: 'This node has no token of that id.', exitCode: 66 },
  ORIGIN_REFUSED: {
    meaning: 'A page that is not of this node would act in a session with it.',
    exitCode: 77
  },
  HOST_UNKNOWN: { meaning: 'A call over the network is for a name that is not of this node.', exitCode: 64 },
  API_CLOSED: { meaning: 'The node does not answer its API over the network.', exitCode: 69 },
  SIGN_IN_UNSET: { meaning: 'No provider signs people in to this node.', exitCode: 66 },
  SIGN_IN_UNAVAILABLE: {
    meaning: 'The provider that signs people in does not answer, or does not know this node.',
    exitCode: 69
  },
  SIGN_IN_STALE: { meaning: 'This takes a sign-in of the last few minutes.', exitCode: 77 },
  SIGN_IN_REFUSED: { meaning: 'A person was not signed in, or what says so does not hold.', exitCode: 77 },
  PERSON_UNMAPPED: { meaning: 'The provider knows a person to whom this node gives no role.', exitCode: 77 },
  TOKENS_FULL: { meaning: 'This node has as many tokens as it takes.', exitCode: 73 },
  LISTEN_FAILED: { meaning: 'The node can not listen on an address.', exitCode: 69 },
  CONTENT_UNKNOWN: { meaning: 'A version has no file or folder at a path.', exitCode: 66 },
  PEER_UNREACHABLE: { meaning: 'No address of a peer answered.', exitCode: 69 },
  PEER_REFUSED: { meaning: 'A peer refused the connection or the request.', exitCode: 77 },
  // ledger
  RECORD_INVALID: { meaning: 'A ledger record is malformed or its signature is wrong.', exitCode: 65 },
  AUTHORITY_FROZEN: {
    meaning: 'Admins signed two roots of one version; authority does not change.',
    exitCode: 65
  },
  SUBJECT_UNKNOWN: { meaning: 'Nothing is known here of a person of that id.', exitCode: 66 },
  SUBJECT_IN_USE: { meaning: 'There is data about a person who is to be forgotten.', exitCode: 73 },
  SUBJECT_UNPROVED: {
    meaning: 'Devices have not confirmed that all about a person is erased, or keep sources of it.',
    exitCode: 75
  },
  SUBJECTS_UNREACHABLE: {
    meaning: 'No device that knows whom data is about can be asked now.',
    exitCode: 69
  },
  DEVICE_UNKNOWN: { meaning: 'No device, or more than one, is named so here.', exitCode: 66 },
  DEVICE_NAME_TAKEN: {
    meaning: 'A member of the org has the name that a device wants to join under.',
    exitCode: 73
  },
  GROUP_UNKNOWN: { meaning: 'No group, or more than one, is named so here.', exitCode: 66 },
  GROUP_EXISTS: { meaning: 'The org has a group of that name already.', exitCode: 73 },
  INVITE_UNKNOWN: { meaning: 'No invite, or more than one, has an id that begins so.', exitCode: 66 },
  OPERATION_UNKNOWN: { meaning: 'No operation, or more than one, has an id that begins so.', exitCode: 66 },
  DETECTION_UNKNOWN: { meaning: 'No finding of detection has that number here.', exitCode: 66 },
  DETECTION_OFF: { meaning: 'Rules of detection are off on this node.', exitCode: 78 },
  SINK_UNKNOWN: { meaning: 'No sink of events has that number here.', exitCode: 66 },
  SINK_FAILED: {
    meaning: 'Events have not reached a sink for a while; they wait in the audit log.',
    exitCode: 69
  },
  RISK_UNKNOWN: { meaning: 'The register has no risk with that id.', exitCode: 66 },
  PROPOSAL_UNKNOWN: {
    meaning: 'No proposed root that follows the head, or more than one, has a hash that begins so.',
    exitCode: 66
  },
  SIGNED_BEFORE: { meaning: 'The key signed another root of that version already.', exitCode: 77 },
  NO_CHANGE: { meaning: 'What is asked for is so already, or can not be: nothing was signed.', exitCode: 64 },
  LEDGER_BROKEN: {
    meaning: 'A ledger folder is damaged, or holds what can not be part of a ledger.',
    exitCode: 65
  },
  CLOCK_SKEWED: {
    meaning: 'This device signs nothing: its clock is wrong by the beacons of the org.',
    exitCode: 75
  },
  NOT_AUTHORISED: { meaning: 'This device has no right to that operation.', exitCode: 77 },
  TICKET_INVALID: { meaning: 'An invitation ticket is malformed or damaged.', exitCode: 65 },
  TICKET_REFUSED: {
    meaning: 'An invitation was spent, has expired, or is of another organisation.',
    exitCode: 77
  },
  DATASET_UNKNOWN: { meaning: 'No dataset or version of that name is known here.', exitCode: 66 },
  DATASET_EXISTS: { meaning: 'The same content is already published under that name.', exitCode: 73 },
  // audit
  AUDIT_BROKEN: {
    meaning: 'An audit log is not the one that its device signed, or an export of it is damaged.',
    exitCode: 65
  },
  // store
  DEST_EXISTS: { meaning: 'The destination holds something else already.', exitCode: 73 },
  DEST_UNSAFE: {
    meaning: 'Writing there would leave the destination or pass through a symbolic link.',
    exitCode: 73
  },
  DISK_FULL: { meaning: 'The disk has no room for what is to be written.', exitCode: 74 },
  STORAGE_FAILED: { meaning: 'A file could not be read, written, fsynced or renamed.', exitCode: 74 },
  CONTENT_CHANGED: { meaning: 'A file that is served was changed or removed behind our back.', exitCode: 74 },
  VERIFY_FAILED: { meaning: 'Stored bytes do not match the version.', exitCode: 65 },
  // transfer
  NO_SOURCES: { meaning: 'No reachable peer has the missing pieces.', exitCode: 75 },
  ORIGIN_FAULTY: {
    meaning: 'The HTTP origin of a version gives something else than it should, or nothing; it is set aside.',
    exitCode: 75
  },
  NOTHING_SELECTED: { meaning: 'No file of the version is chosen by the globs of --only.', exitCode: 66 },
  TRANSFER_SETTLED: {
    meaning: 'A transfer is complete, stopped or failed: what was asked for is for one under way.',
    exitCode: 64
  },
  COPIES_PENDING: {
    meaning: 'Copies are not where they are to be in the time that was given; they go on being made.',
    exitCode: 75
  },
  TRANSFER_STOPPED: { meaning: 'A transfer was stopped before it was complete.', exitCode: 75 },
  // scanning
  SCANNER_MISSING: { meaning: 'No malware scanner is set up on this device.', exitCode: 78 },
  MALWARE_FOUND: { meaning: 'A scan found malware in a version.', exitCode: 79 },
  SCAN_INCOMPLETE: { meaning: 'A version could not be scanned as a whole.', exitCode: 75 },
  SCANNER_DOWN: { meaning: 'The malware scanner can not be reached.', exitCode: 69 },
  SCANNER_FAULTY: { meaning: 'The malware scanner gave no usable answer, or broke off.', exitCode: 75 },
  SCANNER_UNFIT: {
    meaning: 'The malware scanner is set up so that what it calls clean may not have been looked at.',
    exitCode: 78
  },
  // erasure
  CONTENT_WITHDRAWN: {
    meaning: 'What is to be published was erased or recalled from the org.',
    exitCode: 77
  },
  CASE_UNKNOWN: {
    meaning: 'No case of an erasure, breach or request, or more than one, begins so.',
    exitCode: 66
  },
  CASE_OPEN: { meaning: 'A case of privacy is still open.', exitCode: 73 },
  CASE_OVERDUE: { meaning: 'The time that the law gives for a case of privacy is over.', exitCode: 75 },
  ERASURE_UNFINISHED: {
    meaning:
      'Something of an erased version is still on this device: a source, or a copy that is not in reach.',
    exitCode: 75
  },
  CERTIFICATE_INVALID: {
    meaning: 'A certificate of erasure is malformed, or is not what was signed.',
    exitCode: 65
  },
  CERTIFICATE_MISSING: { meaning: 'There is no certificate of erasure at the given path.', exitCode: 66 },
  // limits
  LIMIT_UNKNOWN: { meaning: 'No bandwidth limit has that id.', exitCode: 66 },
  // follow
  FOLLOW_UNKNOWN: { meaning: 'No dataset is followed into that folder.', exitCode: 66 },
  FOLLOW_EXISTS: {
    meaning: 'Another dataset, or in another mode, is followed into that folder.',
    exitCode: 73
  },
  HOOK_FAILED: { meaning: 'The hook of a follow failed after a switch.', exitCode: 75 },
  VERSION_WITHDRAWN: {
    meaning: 'A version that a follow was at was recalled, quarantined or retired.',
    exitCode: 75
  }
} as const satisfies Record<string, ErrorCodeEntry>

export type ErrorCode = keyof typeof ERROR_CODES
