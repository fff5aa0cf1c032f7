/** All that needs attention on a node, from each of its parts: what its status and its activity tell. */

import type { Node } from './node.ts'
import type { Problem } from './service-words.ts'
import { standingProblems } from './standing.ts'
import { originProblem } from './swarm/transfer-extras.ts'
import { isActive } from './swarm/transfer-orders.ts'

export function nodeProblems(node: Node, cases: { problems(): Problem[] }): Problem[] {
  const ofHoldings = node.store.holdings().flatMap(holding => holding.problem ?? [])
  const ofTransfers = node.desk.views().flatMap(({ problem, state, name, version }) => {
    const origin = isActive(state) ? originProblem(name, node.origins.view(version)) : null
    return [problem ?? [], origin ?? []].flat()
  })
  const ofAudit = node.audit.log.store.database.findings().map(({ detail }) => ({
    code: 'AUDIT_BROKEN',
    message: detail,
    path: null
  }))
  const ofFollows = node.follows.statuses().flatMap(({ problems }) => problems)
  return [
    ...node.keeper.problems(),
    ...node.owed.problems(),
    ...standingProblems(node),
    ...node.erasures.problems(),
    ...cases.problems(),
    ...node.scans.problems(),
    ...node.detection.service.problems(),
    ...node.siem.problems(),
    ...ofFollows,
    ...ofHoldings,
    ...ofTransfers,
    ...ofAudit
  ]
}
