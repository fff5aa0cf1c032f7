/**
 * Keeps secrets out of the log. A line is looked at as it goes out, so it counts neither who logs nor how deep a value
 * lies: a field whose name says that it is secret loses its value, and in each text what has the form of a secret of
 * ours, or of a credential of HTTP, loses what makes it one.
 *
 * It is the second guard: nothing that logs should be given a secret at all, and a secret that looks like nothing else
 * is not known here.
 */

const CENSORED = '[secret]'

const FIELDS: ReadonlySet<string> = new Set([
  ...['token', 'ticket', 'passphrase', 'password', 'secret', 'seed', 'privatekey', 'secretkey', 'filekey'],
  ...['authorization', 'proxyauthorization', 'cookie', 'setcookie', 'credentials', 'clientsecret'],
  ...['codeverifier', 'accesstoken', 'idtoken', 'refreshtoken']
])

const FORMS: readonly (readonly [RegExp, string])[] = [
  // A token of the API keeps its id, by which it can be revoked.
  [/\b(pgt_[0-9a-f]{12}_)[\w-]+/g, `$1${CENSORED}`],
  // Codes and cookies of sessions of the console, and what a provider of sign-in gives.
  [/\bpgc_[\w-]+/g, `pgc_${CENSORED}`],
  [/(__Host-peerage\w*=)[\w-]+/g, `$1${CENSORED}`],
  [/\beyJ[\w-]{8,}\.[\w-]+\.[\w-]+/g, CENSORED],
  [/([?&](?:code|state|token|access_token|id_token|code_verifier|client_secret)=)[^&\s"]+/g, `$1${CENSORED}`],
  [/\bpeerage1[\w-]{16,}/g, `peerage1${CENSORED}`],
  [/\bAGE-SECRET-KEY-[0-9A-Z-]+/gi, `AGE-SECRET-KEY-${CENSORED}`],
  [/(-----BEGIN [A-Z ]*PRIVATE KEY-----)[\s\S]*?(?=-----END|$)/g, `$1${CENSORED}`],
  [/\b(Bearer|Basic) +[\x21-\x7e]+/gi, `$1 ${CENSORED}`],
  [/(:\/\/)[^\s/@]+@/g, `$1${CENSORED}@`]
]

const NAMED = [...FIELDS].map(name => [...name].join('[-_]?')).join('|')
/** Whether it is worth taking a line apart. */
const SUSPECT = new RegExp(
  [
    ...['pgt_', 'pgc_', '__Host-', 'peerage1', 'AGE-SECRET', 'PRIVATE KEY', 'Bearer', 'Basic', 'eyJ'],
    ...['://[^/@]+@', '[?&][a-z_]+=', `"[\\w-]*(?:${NAMED})[\\w-]*":`]
  ].join('|'),
  'i'
)

export function textWithoutSecrets(text: string): string {
  return FORMS.reduce((rest, [form, shown]) => rest.replace(form, shown), text)
}

/** A line of the log, one JSON object, without what is secret in it. */
export function lineWithoutSecrets(line: string): string {
  if (!SUSPECT.test(line)) return line
  const kept: unknown = JSON.parse(line, (name: string, value: unknown) => {
    if (FIELDS.has(name.toLowerCase().replace(/[-_]/g, ''))) return value === null ? null : CENSORED
    return typeof value === 'string' ? textWithoutSecrets(value) : value
  })
  return `${JSON.stringify(kept)}\n`
}
