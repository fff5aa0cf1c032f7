/** What is set for the node. */

import type { ConsoleTour } from '../../lab/console-org.ts'

export const settingsTour: ConsoleTour = { paths: () => ['/console/settings'], stops: [] }
