import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, Socket } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { shareConnections } from './connection-shares.ts'

let server: Server
let open: Socket[]

beforeEach(async () => {
  open = []
  server = createServer()
  shareConnections(server, { allMax: 3, eachMax: 2 })
  server.on('connection', socket => {
    socket.on('error', () => undefined)
    if (!socket.destroyed && !socket.pending) socket.write('hello')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(() => {
  for (const socket of open) socket.destroy()
  server.close()
})

/** What is said to a connection from this address; nothing to one that is cut off. */
async function said(localAddress: string): Promise<string> {
  const { port } = server.address() as AddressInfo
  const socket = connect({ host: '127.0.0.1', port, localAddress })
  open.push(socket)
  return await new Promise(resolve => {
    socket.on('data', data => resolve(data.toString()))
    socket.on('error', () => resolve(''))
    socket.on('close', () => resolve(''))
  })
}

test('an address has its share of connections, and all have no more than there is room for', async () => {
  assert.deepEqual([await said('127.0.0.2'), await said('127.0.0.2')], ['hello', 'hello'])
  assert.equal(await said('127.0.0.2'), '')
  assert.equal(await said('127.0.0.3'), 'hello')
  assert.equal(await said('127.0.0.4'), '')
})

test('whoever has a network of IPv6 has one share, and leaves those of others', () => {
  const isLetIn = (remoteAddress: string): boolean => {
    const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: remoteAddress })
    open.push(socket)
    server.emit('connection', socket)
    return !socket.destroyed
  }
  assert.deepEqual(['2001:db8::1', '2001:db8::2', '2001:db8::3'].map(isLetIn), [true, true, false])
  assert.equal(isLetIn('2001:db8:0:1::1'), true)
})

test('a connection that has gone makes room', async () => {
  await said('127.0.0.2')
  await said('127.0.0.2')
  const accepted = once(server, 'connection')
  open[0]?.destroy()
  await once(open[0] as Socket, 'close')
  let next = await said('127.0.0.2')
  while (next === '') next = await said('127.0.0.2')
  assert.equal(next, 'hello')
  await accepted
})
