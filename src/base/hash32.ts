/** Small hashes for spreading things evenly, where nobody gains by a collision. Never for security. */

/** FNV-1a over the UTF-16 units of a text (Fowler, Noll and Vo), 32 bits, unsigned. */
export function textHash32(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

/** Makes every bit of the result depend on every bit of the input: the finalizer of MurmurHash3 (Appleby), unsigned. */
export function mixed32(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
