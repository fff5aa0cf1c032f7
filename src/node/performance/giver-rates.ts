/** How fast devices give, by what all that can be asked say of them. */

import type { DeviceId } from '../../base/ids.ts'
import { median } from '../../slo/slow-device.ts'
import { type AskingNode, FleetFigures } from './fleet-figures.ts'
import { saidOfGivers } from './participation-report.ts'

/** In bytes per second, to one other; of the last hour. Those of whom nobody says anything are left out. */
export async function rateOfGivers(node: AskingNode): Promise<Map<DeviceId, number>> {
  const { answers } = await new FleetFigures(node).ask({ fromMs: Date.now(), toMs: null })
  const said = saidOfGivers(answers)
  return new Map(
    answers.flatMap(({ device }) => {
      const rates = said.get(device)
      return rates === undefined ? [] : [[device, median(rates)]]
    })
  )
}
