/** How fast devices give, by what all that can be asked say of them. */

import type { DeviceId } from '../../base/ids.ts'
import { type AskingNode, FleetFigures } from './fleet-figures.ts'
import { participants } from './participation-report.ts'

/** In bytes per second, to one other; of the last hour. Those of whom nobody says anything are left out. */
export async function rateOfGivers(node: AskingNode): Promise<Map<DeviceId, number>> {
  const { answers } = await new FleetFigures(node).ask({ fromMs: Date.now(), toMs: null })
  const all = participants(answers, {
    named: device => ({ device, name: null, site: null, kind: null }),
    rttMs: () => null
  })
  return new Map(
    all.flatMap(({ device, givesBytesPerSecond }) =>
      givesBytesPerSecond === null ? [] : [[device, givesBytesPerSecond]]
    )
  )
}
