/** Where a clamd listens, as an operator writes it: `unix:/run/clamav/clamd.ctl`, or `tcp:127.0.0.1:3310`. */

export type ClamdAddress =
  /** Of a Unix socket. */
  { readonly path: string } | { readonly host: string; readonly port: number }

/** Of a Unix socket's name in Linux, without its NUL; macOS has a little less. */
const SOCKET_PATH_BYTES_MAX = 107
const TCP = /^tcp:(?:\[([0-9a-fA-F:.]{2,45})\]|([0-9A-Za-z](?:[0-9A-Za-z.-]{0,252})?)):([1-9][0-9]{0,4})$/
const PORT_MAX = 65_535

/** Undefined when it is neither. What is sent to TCP is read by who is on the way: use it on one machine only. */
export function parseClamdAddress(text: string): ClamdAddress | undefined {
  if (text.startsWith('unix:/')) {
    const path = text.slice('unix:'.length)
    return Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX && !path.includes('\0') ? { path } : undefined
  }
  const [, address, name, port] = TCP.exec(text) ?? []
  const host = address ?? name
  if (host === undefined || Number(port) > PORT_MAX) return undefined
  return { host, port: Number(port) }
}

export function formatClamdAddress(address: ClamdAddress): string {
  if ('path' in address) return `unix:${address.path}`
  return address.host.includes(':')
    ? `tcp:[${address.host}]:${address.port}`
    : `tcp:${address.host}:${address.port}`
}

/** The same, and what people write for short: a path, or HOST:PORT. */
export function readClamdAddress(text: string): ClamdAddress | undefined {
  return parseClamdAddress(text) ?? parseClamdAddress(text.startsWith('/') ? `unix:${text}` : `tcp:${text}`)
}

/** Whether what is sent there stays on this machine. */
export function isLocal(address: ClamdAddress): boolean {
  return 'path' in address || /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(address.host)
}
