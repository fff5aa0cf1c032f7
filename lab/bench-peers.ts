/** What we are measured beside, in the same run: libtorrent, and node:tls with nothing around it. */

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

const PYTHON = '/usr/bin/python3'
const PEER = new URL('libtorrent-peer.py', import.meta.url).pathname

export interface PeerResult {
  readonly seconds: number
  readonly rssBytes: number
  readonly cpuSeconds: number
}

export function libtorrentVersion(): string | undefined {
  const found = spawnSync(PYTHON, ['-c', 'import libtorrent; print(libtorrent.__version__)'], {
    encoding: 'utf8'
  })
  return found.status === 0 ? found.stdout.trim() : undefined
}

export function libtorrentHash(path: string, pieceBytes: number, torrent: string): PeerResult {
  return JSON.parse(
    execFileSync(PYTHON, [PEER, 'hash', path, String(pieceBytes), torrent], { encoding: 'utf8' })
  )
}

/** One to one over loopback, plaintext TCP. */
export async function libtorrentTransfer(options: {
  torrent: string
  from: string
  to: string
  port: number
}): Promise<PeerResult> {
  const { torrent, from, to, port } = options
  const seeder = spawn(PYTHON, [PEER, 'seed', torrent, from, String(port)], {
    stdio: ['pipe', 'pipe', 'inherit']
  })
  try {
    await once(createInterface({ input: seeder.stdout }), 'line')
    const fetcher = spawn(PYTHON, [PEER, 'fetch', torrent, to, String(port)], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    const [line] = await once(createInterface({ input: fetcher.stdout }), 'line')
    return JSON.parse(line)
  } finally {
    await ended(seeder)
  }
}

async function ended(child: ChildProcess): Promise<void> {
  const exit = once(child, 'exit')
  child.stdin?.end()
  await exit
}

const TLS_SERVER = `
import { createServer } from 'node:tls'
import { readFileSync } from 'node:fs'
const [, key, cert] = process.argv
let bytes = 0
const server = createServer({ key: readFileSync(key), cert: readFileSync(cert), minVersion: 'TLSv1.3' }, socket => {
  socket.on('data', chunk => { bytes += chunk.length })
  socket.on('end', () => { console.log(bytes); server.close(); socket.end() })
})
server.listen(0, '127.0.0.1', () => console.log(server.address().port))
`

const TLS_CLIENT = `
import { connect } from 'node:tls'
const [, port, total] = process.argv
const block = Buffer.alloc(256 * 1024, 7)
const socket = connect({ port: Number(port), host: '127.0.0.1', rejectUnauthorized: false }, () => {
  let left = Number(total)
  const write = () => {
    while (left > 0) { left -= block.length; if (!socket.write(block)) return void socket.once('drain', write) }
    socket.end()
  }
  write()
})
socket.on('data', () => {})
socket.on('close', () => process.exit(0))
`

/** Bytes per second of one TLS 1.3 socket of node:tls between two processes. */
export async function tlsRate(folder: string, bytes: number): Promise<number> {
  const [key, cert] = [`${folder}/tls.key`, `${folder}/tls.crt`]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  const subject = ['-subj', '/CN=bench', '-days', '2', '-nodes']
  execFileSync('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', key, '-out', cert], {
    stdio: 'ignore'
  })
  const run = (source: string, args: string[]): ChildProcess =>
    spawn(process.execPath, ['--input-type=module', '-e', source, ...args], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
  const server = run(TLS_SERVER, [key, cert])
  if (server.stdout === null) throw new Error('the TLS server has no output')
  const lines = createInterface({ input: server.stdout })
  const [port] = await once(lines, 'line')
  const startMs = performance.now()
  run(TLS_CLIENT, [port, String(bytes)])
  await once(lines, 'line')
  return (1000 * bytes) / (performance.now() - startMs)
}
