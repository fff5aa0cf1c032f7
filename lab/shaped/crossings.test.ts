import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crossings, parseArrivals } from './crossings.ts'
import { planNetwork } from './network-plan.ts'
import { SMALL_SCENARIO } from './scenarios.ts'

const BLOCK = 16_384
const { hosts } = planNetwork(SMALL_SCENARIO, 1)
const [source, near, far, farther] = hosts
const byDevice = new Map(hosts.map(host => [host.name, host]))

test('copies into a site are told apart: the first, one asked for beside it, one asked for in spite of it', () => {
  assert.ok(source && near && far && farther)
  const first = parseArrivals(
    `10,ask,h0,0,0,${BLOCK}\n30,get,h0,0,0,${BLOCK}\n40,stored,,0,,\n`,
    far,
    byDevice
  )
  const raced = `20,ask,h1,0,0,${BLOCK}\n50,get,h1,0,0,${BLOCK}\n`
  const inSpite = `60,ask,h0,0,0,${BLOCK}\n70,get,h0,0,0,${BLOCK}\n`
  const second = parseArrivals(`${raced}${inSpite}80,get,h2,0,0,${BLOCK}\n8`, farther, byDevice)
  assert.equal(second.length, 3)
  assert.deepEqual(crossings([...first, ...second], 'a'), [
    'intoSite,fromSite,bytes,firstCopyBytes,racedBytes,heldInSiteBytes',
    `b,a,${3 * BLOCK},${BLOCK},${BLOCK},${BLOCK}`
  ])
})

test('what stays in a site does not cross, and each block of a run counts once', () => {
  assert.ok(source && near && far)
  const local = parseArrivals(`10,ask,h0,3,0,${BLOCK}\n30,get,h0,3,0,${BLOCK}\n`, near, byDevice)
  const overlapping = parseArrivals(
    `10,ask,h0,1,0,${2 * BLOCK}\n11,get,h0,1,0,${2 * BLOCK}\n12,ask,h1,1,${BLOCK},100\n13,get,h1,1,${BLOCK},100\n`,
    far,
    byDevice
  )
  assert.deepEqual(crossings([...local, ...overlapping], 'a').slice(1), [
    `b,a,${2 * BLOCK + 100},${2 * BLOCK},100,0`
  ])
})

test('the site of the source has everything from the start: nothing that crosses into it is a first copy', () => {
  assert.ok(near)
  const back = parseArrivals(
    `10,ask,h2,0,0,${BLOCK}\n30,get,h2,0,0,${BLOCK}\n40,stored,,0,,\n`,
    near,
    byDevice
  )
  assert.deepEqual(crossings(back, 'a').slice(1), [`a,b,${BLOCK},0,0,${BLOCK}`])
})
