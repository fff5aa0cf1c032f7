/**
 * What a caller may do, as a table: each route asks for one scope. Whoever opens the local socket has all of them; a
 * token and a person who signs in have those that they were given.
 *
 * - `read`: how the node and the org are, and what there is;
 * - `content`: the content itself, and transfers that are running;
 * - `host`: whatever names a path on the node's machine. It lets a caller read and write files there as the node
 *   does, so it is apart from the rest;
 * - `govern`: who may do what with which content and devices;
 * - `privacy`: erasures and holds;
 * - `audit`: who did what, names of devices included;
 * - `settings`: how this node behaves;
 * - `authority`: the root of the org.
 *
 * No scope gives more than the device has: what the ledger does not let it do, it does for no caller.
 */

import { z } from 'zod'
import type { RouteName } from './routes.ts'

export const SCOPES = {
  read: 'see how the node and the org are, and what is there',
  content: 'read content, and steer transfers that are running',
  host: "read and write files of the node's machine: publish from it, fetch and export to it",
  govern: 'decide who may do what: grants, roles, groups, devices, classes, quarantine and recall',
  privacy: 'erase, hold, and see the cases',
  audit: 'see who did what',
  settings: 'change how this node behaves: limits, room, scanner, tokens',
  authority: 'propose and sign roots of the org, and overrides'
} as const

export type Scope = keyof typeof SCOPES

export const scopeNames = Object.keys(SCOPES) as readonly Scope[]
export const scope = z.enum(scopeNames as [Scope, ...Scope[]])

/** The scope that each route asks for, and what it does. */
export const ROUTE_NOTES: { readonly [Name in RouteName]: readonly [Scope, string] } = {
  status: ['read', 'How this node is: org, device, peers, freshness, and what needs attention.'],
  activity: ['read', 'What moves now: transfers, peers, rates.'],
  peers: ['read', 'Who is connected, and how.'],
  invite: ['govern', 'Makes an invitation with which devices join.'],
  datasets: ['read', 'Datasets with their newest versions.'],
  dataset: ['read', 'A dataset with its versions and who holds them.'],
  retire: ['govern', 'Takes a version, or all of them, out of use.'],
  torrent: ['content', 'The BitTorrent v2 .torrent file of a version.'],
  verify: ['content', 'Reads the copies here again and checks every piece.'],
  publish: ['host', "Publishes a file or folder of the node's machine as a new version."],
  transfers: ['read', 'Transfers of this node.'],
  startTransfer: ['host', "Fetches a version to a folder of the node's machine."],
  transfer: ['read', 'One transfer.'],
  stopTransfer: ['content', 'Stops a transfer; what came stays or goes.'],
  pauseTransfer: ['content', 'Pauses a transfer.'],
  resumeTransfer: ['content', 'Goes on with a transfer.'],
  setTransferDeadline: ['content', 'Says until when a transfer should be done, or takes that back.'],
  prioritiseTransfer: ['content', 'Says which transfer comes first.'],
  watchTransfer: ['read', 'Follows a transfer until it is done. Leaving does not stop it.'],
  follows: ['read', 'Datasets whose newest version this node keeps in a folder.'],
  follow: ['host', "Begins to keep the newest version of a dataset in a folder of the node's machine."],
  followed: ['read', 'One of them.'],
  stopFollow: ['content', 'Follows no more.'],
  rollbackFollow: ['content', 'Goes back to an earlier version, and stays there.'],
  resumeFollow: ['content', 'Goes on to the newest version again.'],
  retryFollow: ['content', 'Tries a version again that failed.'],
  limits: ['read', 'What limits transfers, by time and place.'],
  setLimits: ['settings', 'Adds rules.'],
  removeLimit: ['settings', 'Removes a rule.'],
  clearLimits: ['settings', 'Removes all rules.'],
  setBudget: ['settings', 'Says how much may cross the WAN in a month.'],
  scanStatus: ['read', 'The scanner of this node and what it does.'],
  setUpScan: ['settings', 'Has versions scanned by a clamd.'],
  endScan: ['settings', 'Scans no more.'],
  malware: ['read', 'What scans found, who holds it and who read it.'],
  scanReport: ['read', 'What scans said about the versions of a dataset.'],
  scan: ['content', 'Scans a version now.'],
  audit: ['audit', 'Entries of audit logs, here and of peers that answer.'],
  auditWho: ['audit', 'Who holds a dataset, and who has read it.'],
  auditCheckpoints: ['audit', 'Checkpoints and who cosigned them.'],
  auditAsk: ['audit', 'Asks witnesses outside for cosignatures.'],
  auditAccept: ['host', 'Takes cosignatures in that witnesses outside gave.'],
  auditVerify: ['audit', 'Checks the audit log here.'],
  auditExport: ['host', "Writes an audit log to a folder of the node's machine."],
  devices: ['read', 'Devices of the org.'],
  suspendDevice: ['govern', 'Suspends a device.'],
  revokeDevice: ['govern', 'Revokes a device for good.'],
  readmitDevice: ['govern', 'Lets a suspended device in again.'],
  roles: ['read', 'Roles and who holds them.'],
  grantRole: ['govern', 'Gives a role.'],
  revokeRole: ['govern', 'Takes a role.'],
  groups: ['read', 'Groups and who is in them.'],
  createGroup: ['govern', 'Makes a group.'],
  addToGroup: ['govern', 'Adds a device.'],
  removeFromGroup: ['govern', 'Removes a device.'],
  access: ['read', 'Grants and policies.'],
  grantAccess: ['govern', 'Lets a device or group read.'],
  revokeAccess: ['govern', 'Takes that back.'],
  setPolicy: ['govern', 'Says who may read a dataset, and its labels.'],
  setOrigin: ['govern', 'Says where a version can also be fetched from.'],
  quarantine: ['govern', 'Stops reading and serving of a version everywhere.'],
  release: ['govern', 'Ends a quarantine.'],
  recall: ['govern', 'Takes a version back for good.'],
  readers: ['read', 'Who may read a version, and why.'],
  readable: ['read', 'What a device may read.'],
  rekey: ['govern', 'Wraps the keys of a dataset anew for who may read it now.'],
  exportAge: ['host', "Writes a sealed version as age files into a folder of the node's machine."],
  classes: ['read', 'How content of each class is kept.'],
  setClass: ['govern', 'Changes that; takes as many admins as a root.'],
  storage: ['read', 'Used, owed and free, by device and site, and what is not safe.'],
  setCapacity: ['settings', 'Says how much this device holds for others.'],
  setRegion: ['govern', 'Says in which region a site lies.'],
  whatIf: ['read', 'What would be at risk or lost without some devices, a site, a group or a region.'],
  checkStoragePolicy: ['read', 'Whether a storage policy can be met, in words.'],
  setStoragePolicy: ['govern', 'Says how a dataset is stored.'],
  versionStorage: ['read', 'Where the copies of a version are, and what it survives.'],
  holds: ['read', 'Legal holds.'],
  placeHold: ['privacy', 'Holds a dataset for the record.'],
  liftHold: ['privacy', 'Lifts a hold.'],
  erase: ['privacy', 'Begins an erasure; takes as many admins as a root.'],
  approveErasure: ['privacy', 'Approves every operation of a case that waits for more admins.'],
  erasureOf: ['read', 'Whether a version is erased or recalled, and who has confirmed.'],
  subjects: ['privacy', 'Persons whom data is about, as the directory here names them.'],
  subject: [
    'privacy',
    'All about one person: what there is, who holds and reads it, and who did not answer.'
  ],
  forgetSubject: [
    'privacy',
    'Destroys the directory entry of a person, so that its pseudonyms mean nothing.'
  ],
  tag: ['privacy', 'Says whom a version is about.'],
  prepareTags: ['privacy', 'Makes the pseudonyms under which persons are named in the ledger.'],
  erasureCases: ['privacy', 'Erasures by case.'],
  erasureCase: ['privacy', 'One case: who confirmed, who has not.'],
  finishErasure: [
    'host',
    'Says on this device what it can not find out: that a folder is gone, or a source may be deleted.'
  ],
  erasureCertificate: ['privacy', 'The signed certificate of a case.'],
  invites: ['read', 'Invitations and who used them.'],
  cancelInvite: ['govern', 'Cancels an invitation.'],
  approve: ['govern', 'Approves an operation that waits for more admins.'],
  note: ['govern', 'Writes a note into the ledger.'],
  authority: ['read', 'The root of the org, its admins, and what stands to vote.'],
  propose: ['authority', 'Proposes a root.'],
  previewRoot: ['read', 'What a change of the root would mean.'],
  proposal: ['read', 'The bytes of a proposal, to be signed elsewhere.'],
  vote: ['authority', 'Signs a proposal, or brings a signature.'],
  overrides: ['read', 'Overrides of freshness in force.'],
  draftOverride: ['authority', 'Drafts one, to be signed elsewhere.'],
  makeOverride: ['authority', 'Makes one.'],
  operations: ['read', 'Operations of the ledger, newest first.'],
  operation: ['read', 'One operation, with what it is built on.'],
  exportLedger: ['host', "Writes the ledger to a folder of the node's machine."]
}
