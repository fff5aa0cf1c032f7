/** `up`: the node itself, in the foreground. */

import { Option } from 'commander'
import { z } from 'zod'
import { AppError } from '../../base/errors.ts'
import { formatDuration } from '../../base/units.ts'
import type { ApiListen, NodeReady } from '../../daemon.ts'
import { collect, command, duration } from '../command.ts'
import type { CliContext } from '../context.ts'
import { keepHeapSmall } from '../heap-shape.ts'
import { absolutePathOf } from '../paths.ts'
import { type Paint, printable } from '../text.ts'

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const
const LOG_FORMATS = ['json', 'text'] as const

function renderReady(ready: NodeReady, paint: Paint): string[] {
  const { device, org, addresses, startupMs, api } = ready
  const who = printable(`${device.name} (site ${device.site}) of ${org.name}`)
  const where = addresses.length === 0 ? 'no address' : addresses.join(' ')
  const lines = [`${paint('green', 'ready')}: ${who}, in ${formatDuration(startupMs)}, listening on ${where}`]
  if (api === null) return lines
  const host = api.host.includes(':') ? `[${api.host}]` : api.host
  return [...lines, `API at https://${host}:${api.port}, certificate SHA-256 ${api.fingerprint}`]
}

const PORT_MAX = 65_535

/** HOST:PORT, [IPV6]:PORT or :PORT, which is every address of the machine. */
const listenAddress = z.string().transform((text, context) => {
  const [, host, port] = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]*):(\d{1,5})$/.exec(text) ?? []
  if (host !== undefined && port !== undefined && Number(port) <= PORT_MAX)
    return { host: host === '' ? '::' : host.replace(/^\[|\]$/g, ''), port: Number(port) }
  context.addIssue({
    code: 'custom',
    message: 'write an address such as 127.0.0.1:4780, [::1]:4780 or :4780'
  })
  return z.NEVER
})

const hostName = z
  .string()
  .max(253)
  .regex(
    /^(?=.*[a-z])[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/i,
    'write a host name such as nas.example.org, without port'
  )

interface ApiOptions {
  readonly api?: { readonly host: string; readonly port: number } | undefined
  readonly apiCert?: string | undefined
  readonly apiKey?: string | undefined
  readonly apiName: readonly string[]
}

function apiListen(
  { api, apiCert, apiKey, apiName }: ApiOptions,
  context: CliContext
): ApiListen | undefined {
  if ((apiCert === undefined) !== (apiKey === undefined))
    throw new AppError('USAGE', 'a certificate needs its key: give both --api-cert and --api-key')
  if (api === undefined && apiCert !== undefined)
    throw new AppError('USAGE', '--api-cert is for the API over TLS: say with --api where it answers')
  if (api === undefined && apiName.length > 0)
    throw new AppError('USAGE', '--api-name is for the API over TLS: say with --api where it answers')
  if (api === undefined) return undefined
  const path = (file: string): string => absolutePathOf(file, context)
  const certificate =
    apiCert === undefined || apiKey === undefined ? undefined : { cert: path(apiCert), key: path(apiKey) }
  return { ...api, certificate, names: apiName }
}

export const up = command({
  usage: 'up',
  summary: 'run the node in the foreground',
  description:
    'Prints one line when the node is ready; logs go to stderr. SIGTERM or Ctrl-C drains and stops it. ' +
    'Unfinished transfers go on at the next start.',
  examples: ['peerage up', 'peerage up --listen /ip4/10.0.0.5/tcp/4701 --no-mdns'],
  options: [
    new Option(
      '--listen <multiaddr>',
      'address to listen on, repeatable (default: TCP port 4701, IPv4 and IPv6)'
    ).argParser(collect),
    new Option('--no-mdns', 'do not look for devices on the LAN'),
    new Option(
      '--audit-witness <key>',
      'verifier key of a witness outside the org whose cosignatures count, repeatable'
    ).argParser(collect),
    new Option('--audit-retention <duration>', 'how long entries of audit logs are kept').default('400d'),
    new Option(
      '--origin-any-address',
      'take from HTTP origins at any address, those of this machine included: for tests'
    ),
    new Option(
      '--storage-grace <duration>',
      'how long a device may be away before its copies are made elsewhere: for tests (default: by its kind)'
    ),
    new Option(
      '--api <address>',
      'answer the API over TLS too, for callers with a token: HOST:PORT or :PORT'
    ),
    new Option('--api-cert <file>', 'certificate for it in PEM (default: the node signs one itself)'),
    new Option('--api-key <file>', 'private key of that certificate in PEM'),
    new Option(
      '--api-name <name>',
      'what it is called besides what the certificate and --api say, repeatable'
    ).argParser(collect),
    new Option('--log-level <level>', 'least severe log line').choices(LOG_LEVELS).default('info'),
    new Option('--log-format <format>', 'log lines as JSON or as text (default: text on a terminal)').choices(
      LOG_FORMATS
    )
  ],
  input: z.object({
    listen: z
      .array(z.string().startsWith('/', 'write a multiaddr such as /ip4/0.0.0.0/tcp/4701'))
      .default([]),
    mdns: z.boolean(),
    auditWitness: z.array(z.string()).default([]),
    auditRetention: duration,
    originAnyAddress: z.boolean().default(false),
    storageGrace: duration.optional(),
    api: listenAddress.optional(),
    apiCert: z.string().min(1).optional(),
    apiKey: z.string().min(1).optional(),
    apiName: z.array(hostName).default([]),
    logLevel: z.enum(LOG_LEVELS),
    logFormat: z.enum(LOG_FORMATS).optional()
  }),
  streams: true,
  run: async (invocation, input) => {
    const { listen, mdns, logLevel, logFormat, auditWitness, auditRetention, originAnyAddress } = input
    const storageGraceMs = input.storageGrace
    const { context, home } = invocation
    const api = apiListen(input, context)
    keepHeapSmall()
    const daemon = await context.loadDaemon()
    return await daemon.runDaemon({
      home,
      listen,
      mdns,
      auditWitnesses: auditWitness,
      auditRetentionMs: auditRetention,
      originAnyAddress,
      storageGraceMs,
      api,
      logLevel,
      logFormat: logFormat ?? (context.stderr.isTty && !invocation.json ? 'text' : 'json'),
      onReady: ready => invocation.result({ type: 'ready', ready }, paint => renderReady(ready, paint))
    })
  }
})
