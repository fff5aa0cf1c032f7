/**
 * Files of versions over HTTP (docs/CONTENT.md), for anything that speaks it: browsers, players, package managers,
 * curl. Who calls needs the scope `content`; what may be read is up to the device.
 *
 * A reader that takes nothing for a while is cut off, so that it holds up nobody.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { CallObject } from '../../api/route-objects.ts'
import { AppError } from '../../base/errors.ts'
import { INSTANT_MS_MAX, MINUTE_MS } from '../../base/units.ts'
import type { OpenContent } from '../../node/contents/content-terms.ts'
import type { ContentFile } from '../../node/contents/content-tree.ts'
import type { NodeService } from '../../node/service.ts'
import { decideRange } from './byte-range.ts'
import { type Caller, requireScope } from './caller.ts'
import {
  CONTENT_PREFIX,
  type ContentAddress,
  contentAddress,
  parseContentAddress
} from './content-address.ts'
import { sendParts } from './content-body.ts'
import {
  cacheControl,
  contentDisposition,
  contentType,
  ISOLATION,
  refusedDestination
} from './content-headers.ts'
import { type Listing, listedEntries, listingPage } from './content-listing.ts'
import { isRangeApplicable, judgePreconditions } from './preconditions.ts'
import { takenReply } from './taken-reply.ts'

/** Players stop taking for as long as they are paused; they go on with a range of their own. */
const STALLED_MS = 2 * MINUTE_MS
const FULL_ID = /^[0-9a-f]{64}$/

export interface ContentRoutesOptions {
  readonly service: Pick<NodeService, 'contents'>
  readonly callerOf: (request: FastifyRequest) => Caller
  /** Told which version a call is about; never which file: what files are called is the publisher's. */
  readonly about?: ((request: FastifyRequest, object: CallObject) => Promise<void>) | undefined
  /** Ends what is being read. */
  readonly closing: AbortSignal
  /** Likewise, when who reads is signed in no more; by default nothing. */
  readonly ended?: ((request: FastifyRequest, reply: FastifyReply) => AbortSignal) | undefined
}

interface Asked {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly caller: Caller
  readonly address: ContentAddress
  readonly content: OpenContent
}

export class ContentRoutes {
  readonly #options: ContentRoutesOptions

  constructor(app: FastifyInstance, options: ContentRoutesOptions) {
    this.#options = options
    app.route({
      method: ['GET', 'HEAD'],
      url: `${CONTENT_PREFIX}/*`,
      config: { route: 'content' },
      handler: async (request, reply) => await this.#answer(request, reply)
    })
  }

  async #answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const caller = this.#options.callerOf(request)
    requireScope(caller, 'content')
    reply.headers(ISOLATION)
    const running = refusedDestination(request.headers)
    if (running !== undefined)
      throw new AppError('NOT_AUTHORISED', `stored content is never given to run as ${running} of a page`)
    const [pathname = ''] = (request.raw.url ?? '').split('?')
    const address = parseContentAddress(pathname)
    const content = await this.#options.service.contents.open(address.reference)
    await this.#options.about?.(request, { kind: 'dataset', id: `${content.name}@${content.ordinal}` })
    const asked = { request, reply, caller, address, content }
    const { path, isFolder } = address
    const file = isFolder ? undefined : content.tree.file(path)
    if (file !== undefined) return await this.#file(asked, file)
    if (content.tree.folder(path) === undefined) throw unknownPath(asked)
    // The address without its slash: what is linked to from it would be taken from the folder above.
    if (!pathname.endsWith('/'))
      return reply.redirect(contentAddress(address.reference, { path, isFolder: true }), 308)
    return this.#folder(asked)
  }

  #folder({ request, reply, address: { reference, path }, content }: Asked): FastifyReply {
    const { name, version, ordinal, publishedAtMs, tree, isSecret } = content
    const folder = tree.folder(path)
    if (folder === undefined) throw new RangeError('the folder was there a moment ago')
    const listing: Listing = {
      ...{ name, version, ordinal, publishedAtMs, path },
      entries: listedEntries(folder)
    }
    const isFixed = FULL_ID.test(reference.version ?? '')
    reply.headers({ 'cache-control': cacheControl({ isSecret, isFixed }), vary: 'accept' })
    const { list } = request.query as { readonly list?: string }
    const accepted = request.headers.accept ?? ''
    return list === 'json' || /^application\/json\b/.test(accepted)
      ? reply.type('application/json').send(JSON.stringify(listing))
      : reply.type('text/html; charset=utf-8').send(listingPage(listing))
  }

  async #file({ request, reply, caller, address, content }: Asked, file: ContentFile): Promise<FastifyReply> {
    const { reference } = address
    if (file.symlink !== undefined) {
      const isFolder = content.tree.folder(file.symlink) !== undefined
      return reply.redirect(contentAddress(reference, { path: file.symlink, isFolder }), 307)
    }
    const { publishedAtMs, isSecret } = content
    const validators = { etag: `"${file.tag}"`, modifiedAtMs: publishedAtMs }
    const isFixed = FULL_ID.test(reference.version ?? '')
    reply.headers({
      etag: validators.etag,
      'last-modified': new Date(Math.min(publishedAtMs, INSTANT_MS_MAX)).toUTCString(),
      'accept-ranges': 'bytes',
      'cache-control': cacheControl({ isSecret, isFixed })
    })
    const precondition = judgePreconditions(request.headers, validators)
    if (precondition === 'not modified') return reply.status(304).send()
    if (precondition === 'failed') return reply.status(412).send()
    // Only of GET is a part defined.
    const isRanged = request.method === 'GET' && isRangeApplicable(request.headers, validators)
    const range = decideRange(isRanged ? request.headers.range : undefined, file.bytes)
    if (range.kind === 'unsatisfiable')
      return reply.status(416).header('content-range', `bytes */${file.bytes}`).send()
    const { offset, bytes } = range.kind === 'part' ? range : { offset: 0, bytes: file.bytes }
    const name = file.path.at(-1) ?? ''
    const { download } = request.query as { readonly download?: string }
    const described = {
      'content-type': contentType(name),
      'content-disposition': contentDisposition(name, download !== undefined),
      'content-length': bytes,
      ...(range.kind === 'part' && {
        'content-range': `bytes ${offset}-${offset + bytes - 1}/${file.bytes}`
      })
    }
    if (request.method === 'HEAD') return reply.headers(described).send()
    const signal = this.#ending(request, reply)
    const parts = await content.read(file, { offset, bytes }, { by: caller.id, signal })
    // Before it is said that it can be had.
    const first = await parts.next()
    const response = takenReply(reply).writeHead(range.kind === 'part' ? 206 : 200, described)
    await sendParts(response, { first, parts }, signal)
    return reply
  }

  /** Fires when it is not to be answered further. */
  #ending(request: FastifyRequest, reply: FastifyReply): AbortSignal {
    const { closing, ended } = this.#options
    const ending = new AbortController()
    const end = (): void => ending.abort()
    const causes = [closing, ...(ended === undefined ? [] : [ended(request, reply)])]
    for (const cause of causes) cause.addEventListener('abort', end, { once: true })
    reply.raw.once('close', () => {
      for (const cause of causes) cause.removeEventListener('abort', end)
      // What went to its end needs none, and to fire costs a tenth of an answer.
      if (!reply.raw.writableFinished) end()
    })
    if (causes.some(({ aborted }) => aborted)) end()
    reply.raw.setTimeout(STALLED_MS)
    return ending.signal
  }
}

function unknownPath({ address: { path }, content: { name, ordinal } }: Asked): AppError {
  const where = JSON.stringify(path.join('/'))
  return new AppError(
    'CONTENT_UNKNOWN',
    `${name}@${ordinal} has no file or folder ${where}; the address ${CONTENT_PREFIX}/${encodeURIComponent(name)}/ ` +
      'lists what it has'
  )
}
