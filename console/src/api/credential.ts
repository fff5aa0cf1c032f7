/**
 * What signs in without anybody writing it: the one-time code of `peerage console`, or the token of a screen on a wall.
 * Both come in the fragment of an address, which no browser sends, and leave it at once, so that no history keeps them.
 *
 * A screen on a wall has nobody who signs it in again when its session is over or its node began anew, so its token is
 * kept, in the storage of its tab, which is gone with that. It is kept only where it can do nothing but watch.
 */

import type { Caller } from './session-terms.ts'

export type Credential = { readonly code: string } | { readonly token: string }

const CODE = /^#code=([\w-]{8,200})$/
const TOKEN = /^#token=(pgt_[\w-]{8,200})$/
const KEY = 'peerage.wall'

/** Where the page of a screen on a wall is. */
export const WALL_PATH = '/console/wall'

export function credentialIn(fragment: string): Credential | null {
  const [, code] = CODE.exec(fragment) ?? []
  if (code !== undefined) return { code }
  const [, token] = TOKEN.exec(fragment) ?? []
  return token === undefined ? null : { token }
}

/** The address that opens a wall screen with a token. */
export function wallLink(origin: string, token: string): string {
  return `${origin}${WALL_PATH}#token=${token}`
}

/** Whether a sign-in can do nothing but watch, in nobody's name. */
export function onlyWatches({ kind, scopes }: Pick<Caller, 'kind' | 'scopes'>): boolean {
  return kind === 'token' && scopes.every(scope => scope === 'watch')
}

type TabStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

/** The token that this tab signs in again with. */
export class KeptToken {
  readonly #storage: () => TabStorage

  /** A browser may refuse to hand out its storage: then nothing is kept. */
  constructor(storage: () => TabStorage) {
    this.#storage = storage
  }

  get(): string | null {
    return this.#try(storage => storage.getItem(KEY))
  }

  keep(token: string): void {
    this.#try(storage => storage.setItem(KEY, token))
  }

  forget(): void {
    this.#try(storage => storage.removeItem(KEY))
  }

  #try<Answer>(act: (storage: TabStorage) => Answer): Answer | null {
    try {
      return act(this.#storage())
    } catch {
      return null
    }
  }
}
