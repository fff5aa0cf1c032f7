/** What the fold asks of the authority chain. root-chain.ts is the chain itself. */

import { equalBytes } from '../../base/bytes.ts'
import type { DeviceId } from '../../base/ids.ts'
import type { Root } from './root.ts'
import type { FeedPosition } from './root-chain.ts'

export interface ChainView {
  readonly founding: Root
  /** The newest root in force. */
  readonly head: Root
  /** root.v1 to the head. */
  readonly roots: readonly Root[]
  /** What to call the state of the chain toward a peer. */
  readonly newest: { readonly version: number; readonly hash: Uint8Array }
  readonly freeze:
    | {
        readonly version: number
        readonly contested: readonly Uint8Array[]
        readonly equivocators: readonly DeviceId[]
      }
    | undefined
  find(hash: Uint8Array): { readonly root: Root; readonly contested: boolean } | undefined
  isBeyondFrontier(at: FeedPosition, rootHash: Uint8Array): boolean
}

/** A chain of one root, for who needs no more. */
export function singleRoot(root: Root): ChainView {
  return {
    founding: root,
    head: root,
    roots: [root],
    newest: { version: root.version, hash: root.hash },
    freeze: undefined,
    find: hash => (equalBytes(hash, root.hash) ? { root, contested: false } : undefined),
    isBeyondFrontier: () => false
  }
}
