/** What the laboratory asks of a program that distributes content, so that ours and a peer run the same races. */

import type { Content } from './content.ts'
import type { HostPlan } from './network-plan.ts'

export interface Swarm {
  /** All that comes before the clock starts: the source offers the content, every host is up and linked. */
  prepare(content: Content): Promise<void>
  /** Resolves when the host has everything, verified and on disk. Rejects when it is killed before. */
  fetch(host: HostPlan): Promise<void>
  /** The part of the content that a host has, from 0 to 1. */
  share(host: HostPlan): Promise<number>
  kill(host: HostPlan): Promise<void>
  /** Starts a killed host again, so that it can fetch on. */
  revive(host: HostPlan): Promise<void>
  /** The process of a host; zero when it does not run. */
  pid(host: HostPlan): number
  /** Ends every process that it started. */
  stop(): Promise<void>
}
