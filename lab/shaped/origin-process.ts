/**
 * A plain web server as a process of its own, so that it can run in a namespace: the origin in the place of a seed.
 * Run as a script it serves one file and its .torrent with ranges, prints "listening", and for each line "count" that
 * it is told the payload that it has sent of the file.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const ORIGIN_PORT = 8080
export const ORIGIN_PATH = '/data.bin'

export class OriginProcess {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  private constructor(child: ChildProcess) {
    this.#child = child
    if (child.stdout === null) throw new Error('an origin has an output')
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  }

  static async start(options: {
    readonly launcher: readonly string[]
    readonly address: string
    readonly path: string
    readonly torrent: string
  }): Promise<OriginProcess> {
    const { launcher, address, path, torrent } = options
    const [command = process.execPath, ...before] = launcher
    const args = [...before, fileURLToPath(import.meta.url), address, path, torrent]
    const origin = new OriginProcess(
      spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true })
    )
    const line = await origin.#next()
    if (line !== 'listening') throw new Error(`the origin says ${line}`)
    return origin
  }

  get pid(): number {
    return this.#child.pid ?? 0
  }

  /** Payload of the file that it has sent so far. */
  async sentBytes(): Promise<number> {
    this.#child.stdin?.write('count\n')
    return Number(await this.#next())
  }

  async #next(): Promise<string> {
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error('the origin has ended')
    return value
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}

async function serve(address: string, path: string, torrent: string): Promise<void> {
  const { size, mtimeMs } = statSync(path)
  const description = readFileSync(torrent)
  let sentBytes = 0
  const server = createServer((request, response) => {
    if (request.url === `${ORIGIN_PATH}.torrent`) response.end(description)
    else if (request.url === ORIGIN_PATH) {
      const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
      const [start, end] = [Number(first ?? 0), Number(last ?? size - 1)]
      response.writeHead(first === undefined ? 200 : 206, {
        etag: `"${size}-${mtimeMs}"`,
        'content-length': end - start + 1,
        ...(first === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${size}` })
      })
      const body = createReadStream(path, { start, end })
      body.on('data', chunk => {
        sentBytes += chunk.length
      })
      body.pipe(response)
      response.on('close', () => body.destroy())
    } else response.writeHead(404).end()
  })
  server.listen(ORIGIN_PORT, address)
  await once(server, 'listening')
  console.log('listening')
  for await (const _ of createInterface({ input: process.stdin })) console.log(String(sentBytes))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [address = '', path = '', torrent = ''] = process.argv.slice(2)
  await serve(address, path, torrent)
}
