/** What the tests of all Stores need of each. */

import type { Store } from './store.ts'

export interface StoreHarness {
  readonly store: Store
  /** An absolute path for a fetch or a source. */
  place(name: string): string
  /** Writes a file as somebody else would. */
  plant(path: string, bytes: Uint8Array): void
  remove(path: string): void
  bytesAt(path: string): Uint8Array | undefined
  /** Lets a second pass, for checks that are not made at every read. */
  passTime(): void
  fingerprintAt(path: string): string
  dispose(): Promise<void>
}
