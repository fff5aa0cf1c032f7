/** Noise for tests, the same at every run: xorshift of 32 bits (Marsaglia, 2003). */

export function noise(bytes: number, seed: number): Uint8Array {
  const out = new Uint8Array(bytes)
  let state = seed | 1
  for (let at = 0; at < bytes; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    out[at] = state & 0xff
  }
  return out
}
