/**
 * What a call of each route is about, for the audit log: the one dataset, device, token, case or the like that it
 * names. A route of which nothing stands here is about the node or the org as a whole, or about what no log is to have:
 * persons (the ids of docs/PRIVACY.md), secrets, paths of the machine, addresses that may carry a password, free text.
 *
 * Ids of requests, breaches and erasures are drawn at random: who is meant by one, the node knows as long as it is not
 * forgotten, and the log does not.
 */

import type { RouteInput, RouteName } from './routes.ts'

export interface CallObject {
  readonly kind: string
  /** An id, or the beginning of one; or what the org calls it. Of a device, what the caller called it. */
  readonly id: string
  /** Whether the caller makes it, or gives it its name: it is what it is called only once that is done. */
  readonly isNew?: true
}

type ObjectOf<Name extends RouteName> = (input: RouteInput<Name>) => CallObject | null

function dataset(input: { readonly name: string; readonly version?: string | null }): CallObject {
  const { name, version = null } = input
  return { kind: 'dataset', id: version === null ? name : `${name}@${version}` }
}

function device(input: { readonly device: string }): CallObject {
  return { kind: 'device', id: input.device }
}

function byId(kind: string) {
  return ({ id }: { readonly id: string | number }): CallObject => ({ kind, id: String(id) })
}

function byName(kind: string) {
  return ({ name }: { readonly name: string }): CallObject => ({ kind, id: name })
}

/** The same, of what need not be there before. */
function made<Input>(of: (input: Input) => CallObject | null) {
  return (input: Input): CallObject | null => {
    const object = of(input)
    return object && { ...object, isNew: true }
  }
}

const GROUP = 'group:'

function grantee({ who }: { readonly who: string }): CallObject {
  return who.startsWith(GROUP) ? { kind: 'group', id: who.slice(GROUP.length) } : { kind: 'device', id: who }
}

function site({ site: id }: { readonly site: string | null }): CallObject | null {
  return id === null ? null : { kind: 'site', id }
}

/** A place is `site:`, `region:` or `device:`, and a name. */
function place({ place: text }: { readonly place: string }): CallObject {
  const [kind = '', ...rest] = text.split(':')
  return { kind, id: rest.join(':') }
}

const proposal = (input: { readonly proposal: string }): CallObject => ({
  kind: 'proposal',
  id: input.proposal
})

const OBJECTS: { readonly [Name in RouteName]?: ObjectOf<Name> } = {
  levelHistory: byName('level'),
  setLevel: made(byName('level')),
  unsetLevel: byName('level'),
  setPrice: made(site),
  dataset,
  holders: dataset,
  retire: dataset,
  torrent: dataset,
  verify: dataset,
  publish: made(dataset),
  startTransfer: dataset,
  transfer: byId('transfer'),
  transferFiles: byId('transfer'),
  stopTransfer: byId('transfer'),
  pauseTransfer: byId('transfer'),
  resumeTransfer: byId('transfer'),
  setTransferDeadline: byId('transfer'),
  prioritiseTransfer: byId('transfer'),
  watchTransfer: byId('transfer'),
  follow: dataset,
  removeLimit: byId('limit'),
  scanReport: dataset,
  scan: dataset,
  audit: ({ dataset: name, device: of }) =>
    name === null ? (of === null ? null : device({ device: of })) : dataset({ name }),
  auditWho: dataset,
  auditCheckpoints: ({ device: of }) => (of === null ? null : device({ device: of })),
  suspendDevice: device,
  revokeDevice: device,
  readmitDevice: device,
  grantRole: device,
  revokeRole: device,
  createGroup: made(byName('group')),
  addToGroup: byName('group'),
  removeFromGroup: byName('group'),
  grantAccess: grantee,
  revokeAccess: grantee,
  setPolicy: dataset,
  setOrigin: dataset,
  quarantine: dataset,
  release: dataset,
  recall: dataset,
  readers: dataset,
  readable: device,
  rekey: dataset,
  exportAge: dataset,
  setClass: ({ dataClass }) => ({ kind: 'class', id: dataClass }),
  setRegion: made(site),
  previewStoragePolicy: dataset,
  setStoragePolicy: dataset,
  versionStorage: dataset,
  placeHold: dataset,
  liftHold: byId('hold'),
  setRetention: ({ scope }) =>
    scope.kind === 'class' ? { kind: 'class', id: scope.dataClass } : dataset({ name: scope.name }),
  risk: byId('risk'),
  acceptRisk: byId('risk'),
  withdrawAcceptance: byId('risk'),
  setRiskOwner: byId('risk'),
  setRiskTreatment: byId('risk'),
  setPlace: made(place),
  describeDataset: dataset,
  detection: byId('finding'),
  acknowledgeDetection: byId('finding'),
  removeSink: byId('sink'),
  breach: byId('breach'),
  breachPersons: byId('breach'),
  changeBreach: byId('breach'),
  closeBreach: byId('breach'),
  deleteBreach: byId('breach'),
  tag: dataset,
  request: byId('request'),
  extendRequest: byId('request'),
  closeRequest: byId('request'),
  deleteRequest: byId('request'),
  // Of a person nothing is said here; what is looked up of one has an entry of its own, by a pseudonym.
  erase: ({ name, version }) => (name === null ? null : dataset({ name, version })),
  erasureCase: byId('erasure'),
  erasureOf: dataset,
  approveErasure: byId('erasure'),
  finishErasure: byId('erasure'),
  erasureCertificate: byId('erasure'),
  cancelInvite: byId('invite'),
  approve: byId('operation'),
  endNamedSession: byId('session'),
  revokeToken: byId('token'),
  proposal,
  vote: proposal,
  operation: byId('operation')
}

/** Null for a call that is about nothing that a log should name. */
export function objectOf<Name extends RouteName>(name: Name, input: RouteInput<Name>): CallObject | null {
  const of: ObjectOf<Name> | undefined = OBJECTS[name]
  return of?.(input) ?? null
}
