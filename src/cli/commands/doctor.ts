/** `doctor`: what is wrong with this machine, its node and the network around it, and what to do. */

import { z } from 'zod'
import type { Check } from '../../api/checkup.ts'
import { ERROR_CODES } from '../../base/error-codes.ts'
import { AppError } from '../../base/errors.ts'
import { command, type Invocation } from '../command.ts'
import { type Paint, plural, printable } from '../text.ts'

const MARKS = {
  good: ['green', 'ok  '],
  attention: ['yellow', 'look'],
  bad: ['red', 'BAD '],
  unknown: ['dim', '?   ']
} as const
const TITLE_WIDTH = 12

function linesOf({ id, outcome, found, remedy }: Check, paint: Paint): string[] {
  const [colour, mark] = MARKS[outcome]
  return [
    `${paint(colour, mark)}  ${id.replace('-', ' ').padEnd(TITLE_WIDTH)}${printable(found)}`,
    ...(remedy === null ? [] : [`${' '.repeat(6 + TITLE_WIDTH)}-> ${printable(remedy)}`])
  ]
}

function summary(checks: readonly Check[]): string {
  const count = (outcome: Check['outcome']): number => checks.filter(each => each.outcome === outcome).length
  const [bad, attention] = [count('bad'), count('attention')]
  if (bad + attention === 0) return `${plural(checks.length, 'check')}, all well`
  return `${plural(checks.length, 'check')}: ${bad} bad, ${attention} to look at`
}

async function checkup(invocation: Invocation, say: (check: Check) => void): Promise<readonly Check[]> {
  const { context, client, home } = invocation
  const signal = context.catchInterrupt()
  try {
    const { checks } = await client.stream('checkup', {}, { signal, onProgress: say })
    return checks
  } catch (thrown) {
    if (!(thrown instanceof AppError) || !['NODE_DOWN', 'HOME_MISSING'].includes(thrown.code)) throw thrown
  }
  const checks: Check[] = []
  const daemon = await context.loadDaemon()
  for await (const check of daemon.checkMachine(home)) {
    checks.push(check)
    say(check)
  }
  return checks
}

export const doctor = command({
  usage: 'doctor',
  summary: 'look at this machine, its node and the network around it, and say what to do about what is wrong',
  description:
    'Clock, ports, firewalls and NAT (peers are asked to connect to this device), disk, room, open files, peers and ' +
    'sites, beacons, ledger. Without a node that runs it looks at the machine alone. Writes 32 MiB to the home folder ' +
    'to see how fast its disk is, and removes them. Ends with exit code 69 when something is bad.',
  examples: ['peerage doctor', 'peerage doctor --json | jq \'select(.type == "result") | .result.checks\''],
  input: z.object({}),
  streams: true,
  run: async invocation => {
    const checks = await checkup(invocation, check =>
      invocation.progress(check, () => `looked at ${check.id}`)
    )
    invocation.streamResult({ checks }, paint => [
      ...checks.flatMap(check => linesOf(check, paint)),
      summary(checks)
    ])
    return checks.some(({ outcome }) => outcome === 'bad') ? ERROR_CODES.NODE_DOWN.exitCode : 0
  }
})
