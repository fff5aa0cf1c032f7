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
  for (const [reason, refusals] of Map.groupBy(connector.refusals().values(), detail => detail))
    say('PEER_REFUSED', `${refusals.length} of the org's devices refuse this one: ${reason}`)
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
