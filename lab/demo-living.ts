/**
 * The end of the demo with --keep: its nodes go on, one of them answers programs over TLS, and what there is to try is
 * printed with the addresses, folders and process ids of this run.
 */

import { join } from 'node:path'
import type { Cluster, ClusterNode } from './cluster.ts'

export interface Living {
  /** HOST:PORT where the first node answers programs and browsers. */
  readonly api: string
  /** The device that is cut off already. */
  readonly revoked: string
  readonly dataset: string
  readonly say: (text: string) => void
}

export async function live(cluster: Cluster, { api, revoked, dataset, say }: Living): Promise<void> {
  const [admin, ...others] = cluster.nodes
  const alive = others.filter(({ name }) => name !== revoked)
  const [first, second, third] = alive
  if (admin === undefined || first === undefined || second === undefined || third === undefined)
    throw new Error('the org has its devices')
  await cluster.nodes.find(({ name }) => name === revoked)?.stop()
  const { addresses } = await admin.json<{ addresses: string[] }>('console')
  const { token } = await admin.json<{ token: string }>('token', 'create', 'demo', '--scope', 'read')

  const on = (node: ClusterNode, command: string): string =>
    `  npm run -s peerage -- ${command} --home ${node.home}`

  say(`nodes of this run, below ${cluster.folder}:`)
  for (const node of [admin, ...alive])
    say(
      `  ${node.name.padEnd(8)} ${node.site.padEnd(7)} pid ${String(node.pid).padEnd(8)} --home ${node.home}`
    )
  say(`\nThe console of ${admin.name}, for whoever opens it within two minutes: ${addresses[0]}`)
  say('Another address like it, later:')
  say(on(admin, 'console'))
  const url = `https://${api}`
  say(`\nThe API of ${admin.name}: ${url}, described at ${url}/openapi.json. A token that reads:`)
  say(`  ${token}`)
  say(
    `  curl --cacert ${join(admin.home, 'web', 'cert.pem')} -H "Authorization: Bearer ${token}" ${url}/v1/status`
  )

  const big = join(cluster.folder, 'next.bin')
  say('\nTo try in another terminal, in this folder:')
  say(
    'watch a distribution, in the console under Datasets, next, or in a terminal; then publish, and fetch it on three'
  )
  say(on(first, 'top'))
  say(`  head -c 2000000000 /dev/urandom > ${big}`)
  say(on(admin, `publish ${big} --name next`))
  for (const node of [first, second, third])
    say(`${on(node, `get next ${join(cluster.folder, node.name, 'next')}`)} &`)
  say('kill a node while it fetches, look what the others say, and start it again: it goes on where it was')
  say(`  kill -9 ${first.pid}`)
  say(on(admin, 'peers'))
  say(on(first, `up --no-mdns --listen /ip4/127.0.0.1/tcp/0`))
  say('revoke a device, and ask it why nobody talks to it any more')
  say(on(admin, `device revoke ${second.name} --reason "stolen from a car"`))
  say(on(second, 'status'))
  say('quarantine what was distributed, and see that it is read by nobody')
  say(on(admin, `quarantine ${dataset} --reason "does not boot"`))
  say(on(third, `get ${dataset} ${join(cluster.folder, third.name, 'again')}`))
  say('who read it, and what there is to worry about')
  say(on(admin, `audit who ${dataset}`))
  say(on(admin, 'risk'))
  say('\nCtrl-C stops the nodes and removes their folders.')
}

/** Resolves at the first signal to stop. A timer keeps the process until then. */
export async function stopSignal(): Promise<void> {
  const alive = setInterval(() => undefined, 60_000)
  await new Promise<void>(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  clearInterval(alive)
}

/** Ends every node, also one that somebody started again by hand. */
export async function endAll(cluster: Cluster): Promise<void> {
  await cluster.stop()
  for (const node of cluster.nodes) {
    try {
      process.kill((await node.client.call('status', {})).pid, 'SIGKILL')
    } catch {
      // Nobody answers: it is down, as it should be.
    }
  }
}
