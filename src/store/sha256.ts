/** SHA-256 of OpenSSL, for the pure layers that take hashing as an argument. */

import { hash } from 'node:crypto'
import type { Sha256 } from '../content/hash.ts'

export const sha256: Sha256 = bytes => hash('sha256', bytes, 'buffer')
