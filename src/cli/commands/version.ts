/** `version`: what runs here, for a bug report. */

import process from 'node:process'
import { z } from 'zod'
import { command } from '../command.ts'
import { softwareVersion } from '../software-version.ts'

export const version = command({
  usage: 'version',
  summary: 'print the versions of peerage and of its runtime',
  examples: ['peerage version', 'peerage version --json'],
  input: z.object({}),
  run: async invocation => {
    const found = {
      peerage: softwareVersion(),
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`
    }
    invocation.result(found, () => [`peerage ${found.peerage} (Node ${found.node}, ${found.platform})`])
    return 0
  }
})
