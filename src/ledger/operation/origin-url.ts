/**
 * What can be the URL of an origin. Decided by a pattern of our own and not by a parser of the runtime's, so that every
 * member folds the same operations into the same state for ever.
 *
 * http or https, a host (a name, an IPv4 address, or an IPv6 address in brackets) with or without a port, and a path of
 * visible ASCII. Neither a user nor a password, no query and no fragment: the ledger is read by every member and never
 * forgets, so nothing may be in it that opens a door. A path that ends in a slash is a folder.
 */

export const ORIGIN_URL_CHARACTERS_MAX = 2048

const HOST = String.raw`(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]{2,45}\])`
const PATH = "(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)"
const ORIGIN_URL = new RegExp(`^https?://${HOST}(?::[1-9][0-9]{0,4})?${PATH}$`)

export function isOriginUrl(url: string): boolean {
  return url.length <= ORIGIN_URL_CHARACTERS_MAX && ORIGIN_URL.test(url)
}
