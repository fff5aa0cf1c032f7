/** What to ask of a peer now. */

import type { BlockRun, OpenPiece } from './open-piece.ts'

export type Choice =
  | {
      readonly kind: 'blocks'
      readonly open: OpenPiece
      readonly run: BlockRun
      /** Asked of an assigning source that did not suggest it. */
      readonly impatient: boolean
    }
  /** This peer has nothing for us now. */
  | { readonly kind: 'nothing' }
  /** It has, but too much is open already. */
  | { readonly kind: 'full' }
  /** It has, but enough is on its way into our site. */
  | { readonly kind: 'later' }
  /** It has, but every block of it is read from our own files. */
  | { readonly kind: 'local' }
