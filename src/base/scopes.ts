/**
 * What a caller may do, as a table: each route asks for one scope. Whoever opens the local socket has all of them; a
 * token and a person who signs in have those that they were given.
 *
 * - `metrics`: the numbers that monitoring collects; no names of datasets, devices or people;
 * - `watch`: how the node is, its rates, and how far versions have spread: what a screen on a wall shows, and a part of
 *   `read`;
 * - `read`: how the node and the org are, and what there is;
 * - `content`: the content itself, and transfers that are running;
 * - `host`: whatever names a path on the node's machine, and where content or events are sent from it. It lets a
 *   caller read and write files there as the node does, but for the home of the node, so it is apart from the rest;
 * - `govern`: who may do what with which content and devices;
 * - `privacy`: erasures and holds;
 * - `audit`: who did what, names of devices included;
 * - `settings`: how this node behaves;
 * - `authority`: the root of the org.
 *
 * No scope gives more than the device has: what the ledger does not let it do, it does for no caller.
 */

export const SCOPES = {
  metrics: 'read the metrics, for monitoring',
  watch: 'see health, rates and how far versions have spread, on a screen on a wall',
  read: 'see how the node and the org are, and what is there',
  content: 'read content, and steer transfers that are running',
  host: "read and write files of the node's machine: publish from it, fetch and export to it",
  govern: 'decide who may do what: grants, roles, groups, devices, classes, quarantine and recall',
  privacy: 'erase, hold, and see the cases',
  audit: 'see who did what',
  settings: 'change how this node behaves: limits, room, tokens',
  authority: 'propose and sign roots of the org, and overrides'
} as const

export type Scope = keyof typeof SCOPES

/** Of what a scope is a part: who has that has it as well. */
const WITHIN: Readonly<Partial<Record<Scope, Scope>>> = { watch: 'read' }

export const scopeNames = Object.keys(SCOPES) as readonly Scope[]

/** Whether who has `scopes` has this one, by its name or as a part of another. */
export function hasScope(scopes: ReadonlySet<Scope>, scope: Scope): boolean {
  const whole = WITHIN[scope]
  return scopes.has(scope) || (whole !== undefined && scopes.has(whole))
}
