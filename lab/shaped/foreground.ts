/**
 * The other traffic of a link, as a process in a namespace: who serves answers every datagram, and sends bytes over
 * TCP to whoever connects for as long as it stays. Who measures sends a datagram every few milliseconds, takes bytes
 * when it is told to, and says how long the answers took and how fast the bytes came.
 *
 *   foreground.ts serve ADDRESS PORT
 *   foreground.ts measure ADDRESS PORT     then lines of JSON: {"ms": …, "flow": true}
 */

import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

export interface Measurement {
  readonly sent: number
  readonly lost: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly flowBytesPerSecond: number
}

const PING_MS = 20
/** How long an answer is waited for after the last was asked for. */
const LATE_MS = 1500
const CHUNK = Buffer.alloc(64 * 1024, 7)
/** A flow has found its rate by then. */
const FLOW_WARM_MS = 2000

function serve(address: string, port: number): void {
  const echo = createSocket('udp4', (message, from) => echo.send(message, from.port, from.address))
  echo.bind(port, address)
  createServer(socket => {
    const pump = (): void => {
      while (socket.write(CHUNK));
    }
    socket.on('drain', pump)
    socket.on('error', () => socket.destroy())
    pump()
  }).listen(port, address, () => console.log('ready'))
}

async function measure(address: string, port: number, ms: number, withFlow: boolean): Promise<Measurement> {
  let bytes = 0
  const flow = withFlow ? connect(port, address) : undefined
  flow?.on('data', chunk => {
    bytes += chunk.length
  })
  flow?.on('error', () => undefined)
  if (withFlow) await delay(FLOW_WARM_MS)
  const fromBytes = bytes
  const startMs = performance.now()
  const sentMs: number[] = []
  const tookMs: number[] = []
  const pings = createSocket('udp4', message => {
    tookMs.push(performance.now() - (sentMs[message.readUInt32BE()] ?? 0))
  })
  while (performance.now() - startMs < ms) {
    const message = Buffer.alloc(64)
    message.writeUInt32BE(sentMs.length)
    sentMs.push(performance.now())
    pings.send(message, port, address)
    await delay(PING_MS)
  }
  const flowBytesPerSecond = ((bytes - fromBytes) * 1000) / (performance.now() - startMs)
  flow?.destroy()
  await delay(LATE_MS)
  pings.close()
  const sorted = tookMs.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN
  const lost = sentMs.length - tookMs.length
  return { sent: sentMs.length, lost, p50Ms: at(0.5), p95Ms: at(0.95), flowBytesPerSecond }
}

async function main([role, address = '', port = '0']: readonly string[]): Promise<void> {
  if (role === 'serve') {
    serve(address, Number(port))
    return
  }
  console.log('ready')
  for await (const line of createInterface({ input: process.stdin })) {
    const { ms, flow } = JSON.parse(line) as { ms: number; flow: boolean }
    console.log(JSON.stringify(await measure(address, Number(port), ms, flow)))
  }
}

if (import.meta.main) await main(process.argv.slice(2))
