/**
 * `npm run lab -- SCENARIO`: a shaped network of real processes on this machine. Needs root and Linux.
 *
 *   npm run lab                          lists the scenarios
 *   npm run lab -- sites3x4              our nodes, as the built package runs them
 *   npm run lab -- sites3x4 --peer libtorrent --runs 3
 *   npm run lab -- sites3x4 --delay 20   20 ms more on each WAN link, one way
 *   npm run lab -- flat17 --slower 5     all links at a fifth, where processors limit the race at full rate
 *   npm run lab -- sites3x4 --delay 40 --loss 0.01
 *                                        and one of a hundred packets lost on each WAN link, each way
 *   npm run lab -- sites3x4 --trace DIR  who sent what to whom, and how busy each link was, as CSV and SVG
 *   npm run lab -- slow                  who is slow and why, as the org says, held against the truth
 *   npm run lab -- slow --ailing reads   where the disk of who publishes reads slowly
 *   npm run lab -- slow --ailing none    and whether it names anybody when nobody is
 *   npm run lab -- slow --trace DIR      what it said of each host in each answer, as CSV
 *
 * All traffic is inside namespaces that it makes; all that it makes is gone when it ends. What a killed run left is
 * removed by the next one.
 */

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { libtorrentVersion } from './bench-peers.ts'
import { buildProgram, otherProgram, runSources } from './program.ts'
import { AILMENTS, type Ailment, missingForAilments } from './shaped/ailment.ts'
import { congestionControls, missingForNetworks, removeLeftOvers, runFolderPrefix } from './shaped/network.ts'
import { REPORT_NOTE, type RunResult, renderRun } from './shaped/report.ts'
import {
  SCENARIOS,
  type Scenario,
  SLOW_SCENARIO,
  SMALL_SCENARIO,
  slower,
  YIELDING_SCENARIO
} from './shaped/scenarios.ts'

const EXIT_USAGE = 64
const EXIT_UNAVAILABLE = 69
const EXIT_INTERRUPTED = 130
/** Those that take a lost packet for a full queue are slowed by loss, as most machines are; BBR is not. */
const SLOW_CONGESTION = 'reno'
/** The others are in the way of what is given where the disk of who publishes is slow. */
const AILMENTS_DEFAULT = AILMENTS.filter(each => each !== 'reads').join(',')
const SECONDS_DEFAULT = 150
/** Above this TCP hardly gets anything through. */
const LOSS_MAX = 0.5
const MEMORY_DIR = '/dev/shm'

const ALL_SCENARIOS: readonly Scenario[] = [...SCENARIOS, SMALL_SCENARIO, YIELDING_SCENARIO, SLOW_SCENARIO]

class Refusal extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number) {
    super(message)
    this.exitCode = exitCode
  }
}

function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      peer: { type: 'string' },
      json: { type: 'boolean', default: false },
      runs: { type: 'string', default: '1' },
      delay: { type: 'string', default: '0' },
      slower: { type: 'string', default: '1' },
      loss: { type: 'string', default: '0' },
      congestion: { type: 'string' },
      trace: { type: 'string' },
      ailing: { type: 'string' },
      seconds: { type: 'string' },
      dir: { type: 'string', default: existsSync(MEMORY_DIR) ? MEMORY_DIR : tmpdir() },
      sources: { type: 'boolean', default: false },
      'node-option': { type: 'string', multiple: true, default: [] }
    }
  })
  const number = (name: 'runs' | 'delay' | 'slower' | 'seconds', least: number): number => {
    const value = Number(values[name] ?? SECONDS_DEFAULT)
    if (Number.isInteger(value) && value >= least && value <= 1000) return value
    throw new Refusal(
      `--${name} takes a whole number from ${least} to 1000, not "${values[name]}"`,
      EXIT_USAGE
    )
  }
  if (values.peer !== undefined && values.peer !== 'libtorrent')
    throw new Refusal(`--peer knows libtorrent, not "${values.peer}"`, EXIT_USAGE)
  if (positionals.length > 1) throw new Refusal('one scenario at a time', EXIT_USAGE)
  const loss = Number(values.loss)
  if (!(loss >= 0 && loss <= LOSS_MAX) || values.loss.trim() === '')
    throw new Refusal(
      `--loss takes a share of packets from 0 to ${LOSS_MAX}, not "${values.loss}"`,
      EXIT_USAGE
    )
  const relaying = { delayMs: number('delay', 0), loss }
  const [runs, factor, seconds] = [number('runs', 1), number('slower', 1), number('seconds', 10)]
  return {
    ...values,
    runs,
    factor,
    seconds,
    hasSeconds: values.seconds !== undefined,
    relaying,
    ailments: readAilments(values.ailing ?? AILMENTS_DEFAULT),
    name: positionals[0]
  }
}

function readAilments(words: string): Set<Ailment> {
  if (words === 'none') return new Set()
  const ailments = words.split(',').map(word => {
    const ailment = AILMENTS.find(each => each === word)
    if (ailment !== undefined) return ailment
    throw new Refusal(`--ailing takes none, or some of ${AILMENTS.join(',')}, not "${words}"`, EXIT_USAGE)
  })
  return new Set(ailments)
}

type Arguments = ReturnType<typeof readArguments>

/** No races: only our nodes are in them, at the rates that they have. */
const OTHER_SCENARIOS: ReadonlySet<string> = new Set([YIELDING_SCENARIO.name, SLOW_SCENARIO.name])

function chooseScenario(args: Arguments): Scenario {
  const { name, peer, relaying, factor, congestion, ailments, trace, ailing } = args
  const scenario = ALL_SCENARIOS.find(each => each.name === name)
  if (scenario === undefined) throw new Refusal(`no scenario "${name}"; npm run lab lists them`, EXIT_USAGE)
  const isRelaying = relaying.delayMs > 0 || relaying.loss > 0
  if (isRelaying && scenario.sites.every(site => site.wan === undefined))
    throw new Refusal(`--delay and --loss are of WAN links, and ${scenario.name} has none`, EXIT_USAGE)
  if (peer !== undefined && scenario.hostileShare !== undefined)
    throw new Refusal('hostile members speak our protocol: --peer does not go with this scenario', EXIT_USAGE)
  if (OTHER_SCENARIOS.has(scenario.name) && (peer !== undefined || factor !== 1))
    throw new Refusal(`--peer and --slower are of races, and ${scenario.name} is none`, EXIT_USAGE)
  if (scenario.name !== SLOW_SCENARIO.name && (ailing !== undefined || args.hasSeconds))
    throw new Refusal(`--ailing and --seconds are of slow, not of ${scenario.name}`, EXIT_USAGE)
  if (scenario.name === YIELDING_SCENARIO.name && (trace !== undefined || congestion !== undefined))
    throw new Refusal('--trace and --congestion do not go with yielding', EXIT_USAGE)
  if (peer !== undefined && scenario.isOrigin === true)
    throw new Refusal('--peer does not go with an HTTP origin', EXIT_USAGE)
  const missing = missingForNetworks()
  if (scenario.name === SLOW_SCENARIO.name) missing.push(...missingForAilments(ailments))
  if (peer !== undefined && libtorrentVersion() === undefined)
    missing.push('libtorrent for /usr/bin/python3: install python3-libtorrent')
  if (missing.length === 0 && congestion !== undefined && !congestionControls().includes(congestion))
    missing.push(
      `the congestion control ${congestion}: the kernel lets a namespace choose ${congestionControls().join(', ')}`
    )
  if (missing.length > 0)
    throw new Refusal(
      `the laboratory needs Linux and root; missing here:\n  ${missing.join('\n  ')}`,
      EXIT_UNAVAILABLE
    )
  return factor === 1 ? scenario : slower(scenario, factor)
}

function list(): void {
  console.log(
    'npm run lab -- SCENARIO [--peer libtorrent] [--runs N] [--slower N] [--delay MS] [--loss SHARE]\n' +
      '                        [--congestion NAME] [--trace DIR] [--sources] [--json]\n' +
      `npm run lab -- slow [--ailing ${AILMENTS.join(',')}] [--seconds N] [--runs N] [--congestion NAME]\n` +
      '                    [--trace DIR] [--sources] [--json]\n' +
      'npm run lab -- yielding [--runs N] [--delay MS] [--loss SHARE] [--sources] [--json]\n'
  )
  for (const { name, what } of ALL_SCENARIOS) console.log(`  ${name.padEnd(10)} ${what}`)
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

async function main(): Promise<void> {
  const args = readArguments()
  if (args.help || args.name === undefined) return list()
  const scenario = chooseScenario(args)
  for (const left of await removeLeftOvers(args.dir)) say(`removed what a killed run had left: ${left}`)
  // What traces a node stands between two modules, and a program that was built has them in one file.
  const isTapped = args.trace !== undefined && !OTHER_SCENARIOS.has(scenario.name)
  if (args.sources || isTapped) runSources()
  else if (otherProgram() === undefined) buildProgram({ commands: true })
  if (scenario.name === YIELDING_SCENARIO.name) {
    await runYieldingScenario(args)
    return
  }
  if (scenario.name === SLOW_SCENARIO.name) {
    await runSlowScenario(args)
    return
  }
  const { runScenario } = await import('./shaped/run.ts')
  const signal = stopSignal()
  const programs = args.peer === undefined ? ['peerage'] : ['peerage', 'libtorrent']
  if (!args.json) console.log(`${scenario.what}. ${REPORT_NOTE}`)
  for (let run = 1; run <= args.runs; run++)
    for (const program of programs) {
      const trace = traceFolder(args.trace, `${program}-${run}`)
      const options = { scenario, program, signal, congestion: args.congestion }
      const onStep = (step: string): void => say(`${scenario.name}, ${program}, run ${run}: ${step}`)
      await inRunFolder(args.dir, async folder => {
        const result = await runScenario({
          ...options,
          folder,
          relaying: { ...args.relaying, seed: run },
          trace,
          nodeOptions: args['node-option'],
          onStep
        })
        print(result, args.json)
      })
    }
}

/** Not a race: what others notice of a transfer. */
async function runYieldingScenario({ dir, relaying, json, runs, ...args }: Arguments): Promise<void> {
  const { renderYielding, runYielding } = await import('./shaped/yielding.ts')
  const [signal, nodeOptions] = [stopSignal(), args['node-option']]
  for (let run = 1; run <= runs; run++) {
    const onStep = (step: string): void => say(`${YIELDING_SCENARIO.name}, run ${run}: ${step}`)
    const options = { relaying: { ...relaying, seed: run }, nodeOptions, signal, onStep }
    const results = await inRunFolder(dir, folder => runYielding({ ...options, folder }))
    console.log(json ? JSON.stringify(results) : renderYielding(results).join('\n'))
  }
}

/** Not a race: who is slow, and whether the org says so. */
async function runSlowScenario({ dir, json, relaying, congestion = SLOW_CONGESTION, ...args }: Arguments) {
  const { renderSlow, runSlow } = await import('./shaped/slow.ts')
  const { answersCsv } = await import('./shaped/slow-trace.ts')
  const { ailments, seconds, 'node-option': nodeOptions } = args
  const signal = stopSignal()
  for (let run = 1; run <= args.runs; run++) {
    const onStep = (step: string): void => say(`${SLOW_SCENARIO.name}, run ${run}: ${step}`)
    const trace = traceFolder(args.trace, `${SLOW_SCENARIO.name}-${run}`)
    const options = { ailments, seconds, congestion, nodeOptions, signal, onStep }
    const result = await inRunFolder(dir, folder =>
      runSlow({ ...options, folder, relaying: { ...relaying, seed: run } })
    )
    if (trace !== undefined) writeFileSync(join(trace, 'answers.csv'), answersCsv(result.verdicts))
    console.log(json ? JSON.stringify(result) : renderSlow(result).join('\n'))
  }
}

/** Where a run is to write what happened, if anywhere; made. */
function traceFolder(trace: string | undefined, run: string): string | undefined {
  if (trace === undefined) return undefined
  const folder = resolve(trace, run)
  mkdirSync(folder, { recursive: true })
  return folder
}

/** In a folder of its own, which is gone after. */
async function inRunFolder<T>(dir: string, run: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(runFolderPrefix(dir))
  try {
    return await run(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function stopSignal(): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => stop.abort(new Refusal('interrupted', EXIT_INTERRUPTED)))
  return stop.signal
}

function print(result: RunResult, asJson: boolean): void {
  console.log(asJson ? JSON.stringify(result) : renderRun(result).join('\n'))
}

try {
  await main()
} catch (thrown) {
  const isOurs = thrown instanceof Refusal || (thrown as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')
  console.error(isOurs ? `lab: ${(thrown as Error).message}` : thrown)
  process.exitCode = thrown instanceof Refusal ? thrown.exitCode : isOurs ? EXIT_USAGE : 1
}
// Watches of nodes that were killed may still wait for their answers.
process.exit()
