/** The origins of the versions that this device fetches: which URL the ledger names, and how each origin is. */

import type { VersionId } from '../../base/ids.ts'
import type { Log } from '../log.ts'
import { OriginClient, type OriginRules, type OriginState } from './origin-client.ts'

/** The origin of a version for as long as it is fetched; the ledger may name another one meanwhile, or none. */
export interface OriginLink {
  readonly client: OriginClient | undefined
  close(): void
}

export interface OriginView {
  readonly url: string
  readonly state: OriginState
}

interface Link extends OriginLink {
  client: OriginClient | undefined
  readonly version: VersionId
  readonly onReady: (isReady: boolean) => void
}

export class OriginDesk {
  readonly #urlOf: (version: VersionId) => string | undefined
  readonly #rules: OriginRules
  readonly #log: Log
  readonly #links = new Set<Link>()

  constructor(init: {
    /** The origin that the ledger names for a version. */
    readonly urlOf: (version: VersionId) => string | undefined
    readonly rules?: OriginRules
    readonly log: Log
  }) {
    this.#urlOf = init.urlOf
    this.#rules = init.rules ?? {}
    this.#log = init.log
  }

  /** `onReady` is called when the origin can be asked, at once if it can, and when it can not any more. */
  open(version: VersionId, onReady: (isReady: boolean) => void): OriginLink {
    const link: Link = {
      ...{ version, onReady, client: undefined },
      close: () => {
        link.client?.close()
        this.#links.delete(link)
      }
    }
    this.#links.add(link)
    this.#refresh(link)
    return link
  }

  /** The ledger changed. */
  refresh(): void {
    for (const link of this.#links) this.#refresh(link)
  }

  #refresh(link: Link): void {
    const url = this.#urlOf(link.version)
    if (url === link.client?.url) return
    if (link.client !== undefined) link.onReady(false)
    link.client?.close()
    const { onReady } = link
    link.client =
      url === undefined ? undefined : new OriginClient({ url, log: this.#log, rules: this.#rules, onReady })
    if (url !== undefined) onReady(true)
  }

  view(version: VersionId): OriginView | undefined {
    for (const { version: of, client } of this.#links)
      if (of === version && client !== undefined) return { url: client.url, state: client.state }
    const url = this.#urlOf(version)
    return url === undefined
      ? undefined
      : { url, state: { kind: 'ready', fault: null, detail: null, untilMs: null } }
  }
}
