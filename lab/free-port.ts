/**
 * A TCP port of loopback for a node that is stopped and started again: none of those that the system gives to outgoing
 * connections, of which one could have it in between (/proc/sys/net/ipv4/ip_local_port_range is from 32768 on).
 */

import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

const PORT_MIN = 20_000
const PORT_END = 32_000

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORT_MIN, PORT_END)
    if (await isFree(port)) return port
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
