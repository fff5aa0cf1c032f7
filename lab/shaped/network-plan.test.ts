import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type NetworkPlan,
  namespacePrefix,
  networkCommands,
  ownerOfNamespace,
  planNetwork
} from './network-plan.ts'
import { SCENARIOS, SMALL_SCENARIO } from './scenarios.ts'

function rolesOf(name: string): string {
  const scenario = SCENARIOS.find(each => each.name === name)
  assert.ok(scenario)
  return planNetwork(scenario, 1)
    .hosts.map(host => host.role[0])
    .join('')
}

test('the source comes first, and those with a part of their own last', () => {
  assert.equal(rolesOf('flat9'), 'srrrrrrrr')
  assert.equal(rolesOf('churn'), 'srrrrrrkk')
  assert.equal(rolesOf('latejoin'), 'srrrrrlll')
  assert.equal(rolesOf('hostile'), 'srrrrrrrrhh')
})

test('a namespace says whose it is', () => {
  const { core, hosts } = planNetwork(SMALL_SCENARIO, 4711)
  for (const name of [core, ...hosts.map(host => host.namespace)]) {
    assert.ok(name.startsWith(namespacePrefix(4711)))
    assert.equal(ownerOfNamespace(name), 4711)
  }
  assert.equal(ownerOfNamespace('somebody-elses'), undefined)
})

test('every host has an address and a port of its own, and names that Linux takes', () => {
  for (const scenario of SCENARIOS) {
    const { hosts } = planNetwork(scenario, 4_194_304)
    assert.equal(new Set(hosts.map(host => host.address)).size, hosts.length)
    assert.equal(new Set(hosts.map(host => host.port)).size, hosts.length)
    assert.ok(hosts.every(host => host.port.length < 16))
  }
})

test('each direction of each link is shaped exactly once, at its rate', () => {
  const sites = [
    { name: 'a', hosts: [{ upMbit: 1, downMbit: 2 }], wan: { upMbit: 3, downMbit: 4 } },
    { name: 'b', hosts: [{ upMbit: 5, downMbit: 6 }], wan: { upMbit: 7, downMbit: 8 } }
  ]
  const plan = planNetwork({ name: 'x', what: '', sites, files: 1, fileBytes: 1 }, 1)
  assert.deepEqual(shapers(plan, false), [
    'core p0 2',
    'core p1 6',
    'core wc0 4',
    'core wc1 8',
    'core ws0 3',
    'core ws1 7',
    'h0 eth0 1',
    'h1 eth0 5'
  ])
  assert.deepEqual(shapers(plan, true), shapers(plan, false))
})

test('the ends of a delayed WAN link are left to the relay', () => {
  const plan = planNetwork(SMALL_SCENARIO, 1)
  const made = (isRelayed: boolean): string[] =>
    networkCommands(plan, { isRelayed }).ip.filter(line => line.includes(' ws0 '))
  assert.equal(made(false).length, 1)
  assert.equal(made(true).length, 0)
})

test('the link of a host that loses packets goes through a relay of its own, and no other does', () => {
  const link = { upMbit: 1, downMbit: 1 }
  const sites = [{ name: 'a', hosts: [link, { ...link, loss: 0.1 }] }]
  const plan = planNetwork({ name: 'x', what: '', sites, files: 1, fileBytes: 1 }, 1)
  assert.deepEqual(
    plan.hosts.map(({ relay }) => relay),
    [undefined, ['ra1', 'rb1']]
  )
  const [core] = networkCommands(plan, { isRelayed: false }).inside
  const masters = core?.ip.filter(line => line.includes(' master ')).sort()
  assert.deepEqual(masters, [
    'link set p0 master lan0',
    'link set p1 master acc-h1',
    'link set ra1 master acc-h1',
    'link set rb1 master lan0'
  ])
})

function shapers(plan: NetworkPlan, isRelayed: boolean): string[] {
  const { inside } = networkCommands(plan, { isRelayed })
  const found = inside.flatMap(({ namespace, tc }) =>
    tc.map(line => {
      const [, device, mbit] = /dev (\w+) root tbf rate (\d+)mbit/.exec(line) ?? []
      return `${namespace.replace(namespacePrefix(1), '')} ${device} ${mbit}`
    })
  )
  return found.sort()
}
