/** What sessions and the audit log call a browser that the owner of the node signed in: who came with a code. */

const OWNERS_BROWSER = /^browser of the owner \([0-9a-f]{12}\)$/

/** `id` tells it from others, in 12 hex digits. */
export function ownersBrowser(id: string): string {
  return `browser of the owner (${id})`
}

export function isOwnersBrowser(caller: string): boolean {
  return OWNERS_BROWSER.test(caller)
}
