/**
 * Imported before the tests of a run: properties draw the same each time, so that a change is judged and not luck, and
 * others where more rounds are asked for (lab/rounds.ts). A test file that is run on its own draws anew each time.
 */

import fc from 'fast-check'
import { firstSeed } from '../lab/rounds.ts'

const SEED = 20_261

fc.configureGlobal({ seed: firstSeed(SEED) })
