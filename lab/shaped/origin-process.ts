/**
 * A plain web server as a process of its own, so that it can run in a namespace: the origin in the place of a seed.
 * Run as a script it serves one file and its .torrent with ranges, prints "listening", and for each line "count" that
 * it is told the payload that it has sent of the file.
 */

import { once } from 'node:events'
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { LineProcess } from './line-process.ts'

export const ORIGIN_PORT = 8080
export const ORIGIN_PATH = '/data.bin'

export class OriginProcess {
  readonly #process: LineProcess

  private constructor(process: LineProcess) {
    this.#process = process
  }

  static async start(options: {
    readonly launcher: readonly string[]
    readonly address: string
    readonly path: string
    readonly torrent: string
  }): Promise<OriginProcess> {
    const { launcher, address, path, torrent } = options
    const program = fileURLToPath(import.meta.url)
    const origin = LineProcess.run('the origin', program, { launcher, args: [address, path, torrent] })
    await origin.expect('listening')
    return new OriginProcess(origin)
  }

  get pid(): number {
    return this.#process.pid
  }

  /** Payload of the file that it has sent so far. */
  async sentBytes(): Promise<number> {
    this.#process.tell('count')
    return Number(await this.#process.next())
  }

  kill(): void {
    this.#process.kill()
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
