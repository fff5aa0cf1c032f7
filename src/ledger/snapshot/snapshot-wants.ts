/**
 * What to ask a peer for when all that is known of our own feeds is what they end in: sync (sync/sync.ts) of who has a
 * snapshot and not yet the operations. It asks for less than there may be, and what it misses is asked for later: what
 * is below a tip of ours is taken for held, and a forked feed is passed over.
 */

import { type FeedKey, feedKey } from '../fold/feed.ts'
import { type FeedTip, WANTS_MAX, type Want } from '../sync/sync.ts'

export function wantsBeyond(mine: readonly FeedTip[], theirs: readonly FeedTip[]): Want[] {
  const tips = new Map<FeedKey, FeedTip[]>()
  for (const tip of mine) tips.set(feedKey(tip), [...(tips.get(feedKey(tip)) ?? []), tip])
  return theirs
    .flatMap(tip => {
      const [own, fork] = tips.get(feedKey(tip)) ?? []
      if (fork !== undefined || (own !== undefined && own.seq >= tip.seq)) return []
      return [{ tip: tip.id, have: own === undefined ? [] : [own.id] }]
    })
    .slice(0, WANTS_MAX)
}
