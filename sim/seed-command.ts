/** `--seed` and `--seeds`: runs, and what they say. */

import { execFileSync } from 'node:child_process'
import { messageOf } from '../src/base/errors.ts'
import { runSeed, type SeedOptions, type SeedResult } from './seed-run.ts'

interface Failure {
  readonly seed: number
  readonly result: SeedResult | undefined
  /** What the product or the simulator threw. */
  readonly thrown: unknown
}

export async function runSeeds(options: {
  readonly from: number
  readonly count: number
  readonly json: boolean
  readonly trace: boolean
  /** For tests: breaks nodes on purpose. */
  readonly parts?: SeedOptions['parts']
}): Promise<boolean> {
  const { from, count, json, trace, parts } = options
  const commit = commitName()
  const onTrace = trace ? (line: string): void => void process.stderr.write(`${line}\n`) : undefined
  let eventCount = 0
  for (let seed = from; seed < from + count; seed++) {
    let result: SeedResult | undefined
    let thrown: unknown
    try {
      result = await runSeed(seed, { onTrace, ...(parts === undefined ? {} : { parts }) })
    } catch (failure) {
      thrown = failure
    }
    eventCount += result?.eventCount ?? 0
    const isGood = result !== undefined && result.breaches.length === 0
    if (json) console.log(JSON.stringify(asData(commit, { seed, result, thrown })))
    else if (count === 1 && isGood && result !== undefined) console.log(describe(commit, result))
    if (isGood) continue
    if (!json) reportFailure(commit, { seed, result, thrown })
    return false
  }
  if (!json && count > 1)
    console.log(
      `seeds ${from} to ${from + count - 1} at ${commit}: ${eventCount} events, all as it should be`
    )
  return true
}

function asData(commit: string, { seed, result, thrown }: Failure): object {
  const outcome = result === undefined ? 'failed' : result.breaches.length > 0 ? 'breached' : 'passed'
  return { commit, seed, outcome, ...result, ...(thrown === undefined ? {} : { error: messageOf(thrown) }) }
}

function describe(commit: string, result: SeedResult): string {
  const { seed, hostCount, faults, eventCount, endedMs, checks } = result
  const what = faults.length === 0 ? 'nothing breaks' : faults.join(', ')
  const looks = Object.entries(checks).map(([name, times]) => `${name} ${times}`)
  return [
    `seed ${seed} at ${commit}: ${hostCount} hosts; ${what}`,
    `  ${eventCount} events in ${(endedMs / 1000).toFixed(1)} s of virtual time; all as it should be`,
    `  looked at: ${looks.join(', ')}`
  ].join('\n')
}

function reportFailure(commit: string, { seed, result, thrown }: Failure): void {
  console.error(`seed ${seed} at ${commit} FAILED`)
  for (const { invariant, atMs, host, detail } of result?.breaches ?? [])
    console.error(`  ${invariant}: after ${(atMs / 1000).toFixed(3)} s ${host} ${detail}`)
  if (thrown !== undefined) console.error(thrown)
  const isCommit = /^[0-9a-f]+$/.test(commit)
  console.error(`again: ${isCommit ? `git checkout ${commit} && ` : ''}npm run sim -- --seed ${seed} --trace`)
}

/** A tree with changes is no commit, and a run of it can not be had again by its name. */
function commitName(): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' }).trim()
    const isChanged = git('status', '--porcelain', '--untracked-files=no') !== ''
    return `${git('rev-parse', '--short=12', 'HEAD')}${isChanged ? '+changes' : ''}`
  } catch {
    return 'no-commit'
  }
}
