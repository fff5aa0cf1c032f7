/** The register of risks. */

import type { ConsoleTour } from '../../lab/console-org.ts'

export const riskTour: ConsoleTour = { paths: () => ['/console/risk', '/console/risk/data-loss'], stops: [] }
