/** `--scenario`: a race of the laboratory in virtual time, with what was measured beside it. */

import { SCENARIOS } from '../lab/shaped/scenarios.ts'
import { Refusal } from './arguments.ts'
import { compare, LABORATORY } from './laboratory.ts'
import { runScenario, type ScenarioResult } from './scenario.ts'

export interface ScenarioArguments {
  readonly seed: number
  readonly json: boolean
  readonly exact: boolean
  readonly freeProcessors: boolean
  readonly devices: number | undefined
  readonly sites: number | undefined
  readonly bytes: number | undefined
  readonly lan: number | undefined
  readonly wan: number | undefined
}

export function listScenarios(): string {
  const lines = SCENARIOS.map(({ name, what }) => `  ${name.padEnd(10)} ${what}`)
  return [
    'scenarios:',
    ...lines,
    '  org        an organisation of many devices and sites',
    '  year       where copies are, and what is moved to repair them, while machines come, go and break',
    '  month      what detection finds in a month in which nobody means harm',
    '  boost      one laptop has what many want, with copies in passing on servers and without'
  ].join('\n')
}

export async function runNamedScenario(name: string, args: ScenarioArguments): Promise<boolean> {
  if (name === 'org') {
    if (args.freeProcessors) throw new Refusal('--free-processors does not go with --scenario org')
    const { runOrganisation } = await import('./org-command.ts')
    return runOrganisation(args)
  }
  if (name === 'boost') return await runBoostScenario(args)
  if (name === 'year' || name === 'month') {
    for (const option of ['sites', 'bytes', 'lan', 'wan', 'exact', 'freeProcessors'] as const)
      if (args[option]) throw new Refusal(`--scenario ${name} takes --devices, --seed and --json only`)
    if (name === 'month') return (await import('./month-command.ts')).runMonthCommand(args)
    return (await import('./year-command.ts')).runYear(args)
  }
  const scenario = SCENARIOS.find(each => each.name === name)
  if (scenario === undefined) throw new Refusal(`no scenario "${name}"; npm run sim lists them`)
  for (const option of ['devices', 'sites', 'bytes', 'lan', 'wan'] as const)
    if (args[option] !== undefined) throw new Refusal(`--${option} does not go with --scenario ${name}`)
  if (args.exact) throw new Refusal('--exact goes with --scenario org only; the others always are')
  const result = await runScenario(scenario, { seed: args.seed, freeProcessors: args.freeProcessors })
  const figures = LABORATORY[name]
  const comparison = figures === undefined || args.freeProcessors ? undefined : compare(figures, result)
  if (args.json) console.log(JSON.stringify({ ...result, laboratory: figures, comparison }))
  else console.log([scenario.what, ...renderResult(result), ...renderComparison(name, comparison)].join('\n'))
  return result.unfinished.length === 0
}

async function runBoostScenario(args: ScenarioArguments): Promise<boolean> {
  for (const option of ['lan', 'wan', 'exact', 'freeProcessors'] as const)
    if (args[option])
      throw new Refusal('--scenario boost takes --devices, --sites, --bytes, --seed and --json only')
  return (await import('./boost-command.ts')).runBoostCommand(args)
}

function renderResult(result: ScenarioResult): string[] {
  const { boundSeconds, medianSeconds, lastSeconds, timesBound, unfinished } = result
  if (unfinished.length > 0) return [`  NOT complete: ${unfinished.join(', ')}`]
  return [
    `  bound ${boundSeconds.toFixed(2)} s; has it: the median host after ${medianSeconds.toFixed(2)} s, ` +
      `the last after ${lastSeconds.toFixed(2)} s, ${timesBound.toFixed(2)} x the bound`,
    `  ${Math.round(100 * result.busyShare)} % of two processors busy; ${result.eventCount} events`
  ]
}

function renderComparison(name: string, comparison: ReturnType<typeof compare> | undefined): string[] {
  const figures = LABORATORY[name]
  if (comparison === undefined || figures === undefined) return []
  return [
    `  beside the laboratory (${figures.measured}, commit ${figures.commit}):`,
    `  ${''.padEnd(22)}${'simulated'.padStart(10)}${'measured'.padStart(10)}${'error'.padStart(9)}`,
    ...comparison.map(({ what, simulated, measured, errorPercent }) => {
      const error = `${errorPercent >= 0 ? '+' : ''}${errorPercent.toFixed(0)} %`
      const numbers = [simulated.toFixed(2), measured.toFixed(2)].map(each => each.padStart(10)).join('')
      return `  ${what.padEnd(22)}${numbers}${error.padStart(9)}`
    })
  ]
}
