/**
 * `npm run sim`: the simulator. docs/SIMULATOR.md says what it models, and what it can not tell.
 *
 *   npm run sim                             this list, and the scenarios
 *   npm run sim -- --seed 7                 what the seed stands for, with faults, checked at every step
 *   npm run sim -- --seeds 200 --from 1     one after another, until one fails
 *   npm run sim -- --scenario flat9         a race of the laboratory, beside what was measured there
 *   npm run sim -- --scenario org --devices 10000 --sites 50 --bytes 10G
 *   npm run sim -- --scenario year          a year of copies and repairs, drawn into docs/simulated-year.svg
 *   npm run sim -- --scenario month         what detection finds in a normal month
 *   npm run sim -- --scenario boost         how boosts help who wants what one laptop has
 *   npm run sim -- --scale                  times from 10 to 10,000 devices, drawn into docs/simulated-scale.svg
 */

import { parseArgs } from 'node:util'
import { messageOf } from '../src/base/errors.ts'
import { Refusal, readBytes, readCount } from './arguments.ts'
import { listScenarios, runNamedScenario } from './scenario-command.ts'
import { runSeeds } from './seed-command.ts'

const EXIT_USAGE = 64
const SEED_MAX = 2 ** 32 - 1
const DEVICES_MAX = 20_000
const SITES_MAX = 1000
const MBIT_MAX = 1_000_000

const OPTIONS = {
  seed: { type: 'string' },
  seeds: { type: 'string' },
  from: { type: 'string' },
  scenario: { type: 'string' },
  devices: { type: 'string' },
  sites: { type: 'string' },
  bytes: { type: 'string' },
  lan: { type: 'string' },
  wan: { type: 'string' },
  exact: { type: 'boolean', default: false },
  'free-processors': { type: 'boolean', default: false },
  scale: { type: 'boolean', default: false },
  trace: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false }
} as const

const HELP = `npm run sim -- OPTIONS

  --seed N              one random network with faults, checked at every step
  --seeds N [--from M]  that for N seeds, from 1 or M; ends at the first that fails
  --scenario NAME       a race of the laboratory in virtual time, beside what was measured
    --free-processors   with processor time that costs nothing
  --scenario org        many devices: --devices N (1000), --sites N (50), --bytes SIZE (10G),
                        --lan MBIT (1000), --wan MBIT of each site (200)
    --exact             with the product's own nodes instead of the coarse model (up to 400 devices)
  --scenario year       where copies are, and what repairs move, in a year: --devices N (500)
  --scenario month      what detection finds in a month in which nobody means harm: --devices N (400)
  --scenario boost      one laptop has what many want: --devices N (50), --sites N (5), --bytes SIZE (500k)
  --scale               the coarse model from 10 to 10,000 devices; draws docs/simulated-scale.svg
  --trace               every event of a seed, on standard error
  --json                one line of JSON for each run
  --help
`

/** Which options go with which command. */
const COMMANDS: readonly (readonly [string, readonly string[]])[] = [
  ['seed', ['trace', 'json']],
  ['seeds', ['from', 'json']],
  ['scenario', ['devices', 'sites', 'bytes', 'lan', 'wan', 'exact', 'free-processors', 'seed', 'json']],
  ['scale', ['json']]
]

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: OPTIONS })
  const given = Object.entries(values).flatMap(([name, value]) => (value === false ? [] : [name]))
  if (positionals.length > 0) throw new Refusal(`nothing is called "${positionals[0]}"; see --help`)
  if (values.help || given.every(name => name === 'json')) {
    console.log(`${HELP}\n${listScenarios()}`)
    return
  }
  const command = ['scenario', 'scale', 'seeds', 'seed'].find(name => given.includes(name))
  if (command === undefined) throw new Refusal(`--${given[0]} needs --seed, --seeds, --scenario or --scale`)
  const allowed = COMMANDS.find(([name]) => name === command)?.[1] ?? []
  for (const name of given)
    if (name !== command && !allowed.includes(name))
      throw new Refusal(`--${name} does not go with --${command}`)
  const { json, trace } = values
  const seed = readCount('seed', values.seed, { least: 0, most: SEED_MAX }) ?? 1
  const isGood = await (async () => {
    switch (command) {
      case 'seed':
        return runSeeds({ from: seed, count: 1, json, trace })
      case 'seeds': {
        const count = readCount('seeds', values.seeds, { least: 1, most: 1_000_000 }) ?? 1
        const from = readCount('from', values.from, { least: 0, most: SEED_MAX - count }) ?? 1
        return runSeeds({ from, count, json, trace: false })
      }
      case 'scale':
        return (await import('./scale-command.ts')).runScale({ json })
      default:
        return runNamedScenario(values.scenario ?? '', {
          ...{ seed, json, exact: values.exact, freeProcessors: values['free-processors'] },
          devices: readCount('devices', values.devices, { least: 2, most: DEVICES_MAX }),
          sites: readCount('sites', values.sites, { least: 1, most: SITES_MAX }),
          bytes: readBytes('bytes', values.bytes),
          lan: readCount('lan', values.lan, { least: 1, most: MBIT_MAX }),
          wan: readCount('wan', values.wan, { least: 1, most: MBIT_MAX })
        })
    }
  })()
  if (!isGood) process.exitCode = 1
}

try {
  await main()
} catch (thrown) {
  const isUsage =
    thrown instanceof Refusal || (thrown as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')
  console.error(isUsage ? `sim: ${messageOf(thrown)}` : thrown)
  process.exitCode = isUsage ? EXIT_USAGE : 1
}
