/** Hashing comes into the pure layers as a function, so that they need no crypto library of their own. */

/** SHA-256 (FIPS 180-4): bytes of any length in, a fresh array of 32 bytes out. */
export type Sha256 = (bytes: Uint8Array) => Uint8Array

export const HASH_BYTES = 32
