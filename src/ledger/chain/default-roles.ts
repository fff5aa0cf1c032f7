/**
 * The role table of a new org: who may author what. It is data: an org keeps the table that its root has, whatever a
 * later version of the program begins with; root-upgrade.ts says what of this an older table lacks.
 */

const ADMIN_TYPES = [
  'access.grant',
  'access.revoke',
  'approve',
  'class.policy',
  'content.erase',
  'content.quarantine',
  'content.recall',
  'content.release',
  'content.scan',
  'copy.dispute',
  'copy.renew',
  'copy.state',
  'dataset.origin',
  'dataset.policy',
  'dataset.publish',
  'dataset.retire',
  'dataset.shares',
  'dataset.storage',
  'dataset.subjects',
  'device.enrol',
  'device.revoke',
  'device.sealing',
  'device.storage',
  'device.suspend',
  'device.update',
  'erase.confirm',
  'group.add',
  'group.create',
  'group.epoch',
  'group.remove',
  'hold.lift',
  'hold.place',
  'invite.cancel',
  'invite.create',
  'level.set',
  'note',
  'price.set',
  'risk.accept',
  'risk.withdraw',
  'role.grant',
  'role.revoke',
  'root.propose',
  'root.vote',
  'site.region'
]

/** Every member has the role `device`, admins have `admin` as well. */
export const DEFAULT_ROLES: ReadonlyMap<string, readonly string[]> = new Map([
  ['admin', ADMIN_TYPES],
  [
    'publisher',
    [
      'content.quarantine',
      'dataset.origin',
      'dataset.policy',
      'dataset.publish',
      'dataset.retire',
      'dataset.shares',
      'dataset.storage',
      'dataset.subjects',
      'note',
      'root.propose',
      'root.vote'
    ]
  ],
  // Erasing takes admins' approval besides (fold-judge.ts), so that nobody destroys data alone.
  ['privacy', ['content.erase', 'hold.lift', 'hold.place', 'note']],
  ['scanner', ['content.scan', 'note']],
  ['reader', ['note']],
  ['holder', ['note']],
  ['storage', ['note']],
  ['auditor', ['note']],
  // A key of the chain may live apart from any device, so every device can carry a proposal or a vote.
  [
    'device',
    [
      'copy.dispute',
      'copy.renew',
      'copy.state',
      'dataset.publish',
      'dataset.retire',
      'dataset.shares',
      'dataset.subjects',
      'device.sealing',
      'device.storage',
      'erase.confirm',
      'note',
      'root.propose',
      'root.vote'
    ]
  ]
])
/** Rank 2 is free for a role between admins and publishers. */
export const DEFAULT_RANKS: ReadonlyMap<string, number> = new Map([
  ['admin', 1],
  ['publisher', 3],
  ['privacy', 3],
  ['scanner', 3],
  ['reader', 4],
  ['holder', 4],
  ['storage', 4],
  ['auditor', 4],
  ['device', 5]
])
