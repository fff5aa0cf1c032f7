/** Who gives and who is slow, in words. */

import { formatDuration } from '../../../../src/base/units.ts'
import type { Answer } from '../../api/routes.ts'
import { counted, deviceText, formatRate } from '../../components/words.ts'

export type Participant = Answer<'participation'>['devices'][number]
type Reason = Participant['reasons'][number]['reason']

const REASONS: Readonly<Record<Reason, string>> = {
  limit: 'Its bandwidth is limited',
  loss: 'Its link loses what is sent',
  disk: 'Its disk is slow',
  cpu: 'Its processor is busy',
  distance: 'It is far away',
  uplink: 'Its uplink is full or thin',
  unknown: 'Nothing that it measures says why'
}

export function reasonText(reason: Reason): string {
  return REASONS[reason]
}

export function devicePath(device: string): string {
  return `/console/network/devices/${device}`
}

/** How many it takes for half of all that was sent: whether the fleet rests on a few. */
export function giversText(devices: readonly Pick<Participant, 'sentBytes' | 'device' | 'name'>[]): string {
  const byMost = devices
    .filter(({ sentBytes }) => sentBytes > 0)
    .toSorted((a, b) => b.sentBytes - a.sentBytes)
  const total = byMost.reduce((sum, { sentBytes }) => sum + sentBytes, 0)
  if (total === 0) return 'nothing was sent'
  let sum = 0
  const half = byMost.findIndex(({ sentBytes }) => {
    sum += sentBytes
    return sum * 2 >= total
  })
  const [first] = byMost
  return half === 0 && first !== undefined
    ? `${deviceText(first)} alone gave half of it or more`
    : `half of it came from ${counted(half + 1, 'device')}`
}

/** That it is slow, and how fast others say that it gives. */
export function slowText(
  device: Pick<Participant, 'device' | 'name' | 'givesBytesPerSecond' | 'observers'>
): string {
  const { givesBytesPerSecond, observers } = device
  if (givesBytesPerSecond === null) return `${deviceText(device)} is slow`
  const said = `${counted(observers, 'device')} ${observers === 1 ? 'says' : 'say'}`
  return `${deviceText(device)} is slow: it gives at ${formatRate(givesBytesPerSecond)}, as ${said}`
}

/** What a device measures of itself, as far as it does. */
export function signalsText(signals: Participant['signals']): string {
  const {
    loopDelayMs,
    cpuShare,
    cpuWaitShare,
    commitMs,
    readMsPerMib,
    retransmitShare,
    sentPeakBytesPerSecond,
    isLimited
  } = signals
  const told = [
    ...(cpuShare === null ? [] : [`${Math.round(cpuShare * 100)} % of a core`]),
    ...(cpuWaitShare === null ? [] : [`${Math.round(cpuWaitShare * 100)} % waiting for one`]),
    ...(commitMs === null ? [] : [`writes durable in ${formatDuration(commitMs)}`]),
    ...(readMsPerMib === null ? [] : [`a MiB read in ${formatDuration(readMsPerMib)}`]),
    ...(loopDelayMs === null ? [] : [`${formatDuration(loopDelayMs)} late in its event loop`]),
    ...(retransmitShare === null ? [] : [`${(retransmitShare * 100).toFixed(1)} % sent again`]),
    ...(sentPeakBytesPerSecond === null ? [] : [`sent at most ${formatRate(sentPeakBytesPerSecond)}`]),
    ...(isLimited ? ['held up by its limits'] : [])
  ]
  return told.length === 0
    ? 'It has measured nothing of itself in the last hour.'
    : `It measured: ${told.join('; ')}.`
}
