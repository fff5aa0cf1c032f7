import { mkdtempSync } from 'node:fs'
import { keepAndLose, storingOrg } from './demo-storage.ts'

const folder = mkdtempSync('/tmp/peerage-zz-')
console.log(folder, new Date().toISOString())
const cluster = await storingOrg(folder)
console.log('org', new Date().toISOString())
try {
  await keepAndLose(cluster, t => console.log(new Date().toISOString(), t))
} finally {
  await cluster.stop()
}
