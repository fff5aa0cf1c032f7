/** What the org or other devices hold against this device, and against the authority of the org. */

import { shortId } from '../base/ids.ts'
import { rolelessTypes } from '../ledger/chain/root-upgrade.ts'
import { membershipFault } from '../ledger/fold/state.ts'
import type { Node } from './node.ts'
import type { Problem } from './service.ts'

export function standingProblems({
  keeper,
  identity,
  connector
}: Pick<Node, 'keeper' | 'identity' | 'connector'>): Problem[] {
  const state = keeper.state()
  const problems: Problem[] = []
  const say = (code: string, message: string) => problems.push({ code, message, path: null })
  const fault = membershipFault(state, identity.device, Date.now())
  if (fault !== undefined && keeper.size > 0) say('NOT_AUTHORISED', fault)
  problems.push(...refusals(connector))
  if (state.freeze !== undefined) {
    const keys = state.freeze.equivocators.map(shortId).join(', ')
    say(
      'AUTHORITY_FROZEN',
      `admin keys ${keys} signed two roots of version ${state.freeze.version}: no authority changes until a recovery ` +
        'root settles it'
    )
  }
  const roleless = rolelessTypes(keeper.chain.head)
  if (roleless.length > 0)
    say(
      'NOT_AUTHORISED',
      `nobody may sign ${roleless.join(', ')}, since the org was founded by an earlier version: an admin gives them to ` +
        'the roles that have them in a new org with peerage admin propose defaults'
    )
  return problems
}

/** Who did not admit this device when it was last dialled, by the reasons that they gave. */
export function refusals(connector: Pick<Node['connector'], 'refusals'>): Problem[] {
  return [...Map.groupBy(connector.refusals().values(), reason => reason)].map(([reason, { length }]) => ({
    code: 'PEER_REFUSED',
    message: `${length} of the org's devices ${length === 1 ? 'refuses' : 'refuse'} this one: ${reason}`,
    path: null
  }))
}

/** Why a transfer waits for a source where nobody lets this device in; null where that is not why. */
export function refusedEverywhere(
  { transport, connector }: Pick<Node, 'transport' | 'connector'>,
  state: string
): Problem | null {
  if (state !== 'waiting' || transport.peers().length > 0) return null
  return refusals(connector)[0] ?? null
}
