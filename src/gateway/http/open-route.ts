/**
 * Routes that answer without a sign-in, such as the pages of the console, which a person has to see before signing
 * in. All others refuse strangers, those that do not exist among them.
 *
 * Whoever adds pages gives `WebServer` the option `pages`, a function that registers its routes on the server, each
 * with the options that `openRoute` makes:
 *
 *     pages: app => void app.get('/', { ...openRoute('console', CONSOLE_POLICY) }, (_, reply) => reply.send(...))
 *
 * `policy` is the content security policy of what is answered there, whole: what it does not name is not allowed. The
 * route of a name is in the audit log and in the metrics like all others. Who calls is known there too, if it is
 * signed in.
 */

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route is called in the audit log and in the metrics. */
    readonly route?: string
    readonly open?: boolean
    /** What the audit log says nothing of: it is the same for everybody and tells nobody anything. */
    readonly unaudited?: boolean
    /** The content security policy of what is answered there, instead of that of all others (security-headers.ts). */
    readonly policy?: string
  }
}

export type PagePolicy = Readonly<Record<string, readonly string[]>>

/** What a policy has that says nothing else. */
const CLOSED: PagePolicy = {
  'default-src': ["'none'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"]
}

interface OpenRoute {
  readonly config: { readonly route: string; readonly open: true; readonly policy: string }
}

export function openRoute(route: string, policy: PagePolicy = {}): OpenRoute {
  return { config: { route, open: true, policy: policyText(policy) } }
}

/** As the header has it. */
export function policyText(policy: PagePolicy): string {
  return Object.entries({ ...CLOSED, ...policy })
    .map(([name, values]) => [name, ...values].join(' '))
    .join('; ')
}
