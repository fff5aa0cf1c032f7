/**
 * Whether shares are where they are said to be, found out by whoever has one of them: bytes at equal offsets of the
 * shares of a version are a codeword, so who has one share can tell of the answers of k others, and more, whether they
 * belong together, without having what they are asked for.
 *
 * All holders are asked for the same blocks, drawn at random (possession.ts). Answers of k holders, together with the
 * block that is here, are proof: none can be other bytes than the share's unless all who answer agreed on what to
 * answer. Who answers that it has nothing is disputed, and so is a single one without whom the others agree; when more
 * of them lie than can be told apart nothing is proved, and nobody disputed.
 */

import { assert } from '../../base/assert.ts'
import { equalBytes } from '../../base/bytes.ts'
import { AppError } from '../../base/errors.ts'
import type { DeviceId, VersionId } from '../../base/ids.ts'
import { planReconstruction } from '../../content/erasure/coding-matrix.ts'
import type { MatrixProduct } from '../../content/erasure/matrix-product.ts'
import { LEAF_BYTES } from '../../content/merkle.ts'
import { pieceSpan } from '../../content/version.ts'
import type { ShareSet } from '../../ledger/fold/state.ts'
import type { Holding } from '../../store/store.ts'
import type { Possession } from '../storage/possession.ts'
import type { AskedBlock } from '../storage/possession-messages.ts'

export interface CodeSize {
  readonly dataShares: number
  readonly parityShares: number
}

/** Blocks of one offset, by share. */
export type Blocks = ReadonlyMap<number, Uint8Array>

/** Whether these are of one codeword; with no more than k any are. */
export function areCodeword(size: CodeSize, blocks: Blocks, product: MatrixProduct): boolean {
  const bytes = [...blocks.values()][0]?.length ?? 0
  if ([...blocks.values()].some(block => block.length !== bytes)) return false
  const available = [...blocks.keys()].slice(0, size.dataShares)
  const wanted = [...blocks.keys()].slice(size.dataShares)
  if (wanted.length === 0) return true
  const plan = planReconstruction(size, { available, wanted })
  assert(plan.kind === 'reconstruction', 'there are as many as it takes')
  const outputs = wanted.map(() => new Uint8Array(bytes))
  const inputs = plan.sources.map(share => blocks.get(share) as Uint8Array)
  product({ coefficients: plan.coefficients, inputs, outputs })
  return wanted.every((share, at) => equalBytes(blocks.get(share) as Uint8Array, outputs[at] as Uint8Array))
}

export type Judgement =
  /** All are of one codeword, and more than k, so that this says something. */
  | { readonly kind: 'agree' }
  /** All but this share are, and still more than k. */
  | { readonly kind: 'liar'; readonly share: number }
  | { readonly kind: 'unknown' }

/** What several blocks of each share say together, of which that of `own` is known to be right. */
export function judgeBlocks(
  size: CodeSize,
  of: { readonly offsets: readonly Blocks[]; readonly own: number },
  product: MatrixProduct
): Judgement {
  const [first] = of.offsets
  const shares = [...(first?.keys() ?? [])]
  const agree = (without?: number): boolean =>
    of.offsets.every(blocks =>
      areCodeword(size, new Map([...blocks].filter(([share]) => share !== without)), product)
    )
  if (shares.length <= size.dataShares) return { kind: 'unknown' }
  if (agree()) return { kind: 'agree' }
  // Of k+1 any k agree, so that everybody is suspected.
  const suspects = shares.filter(share => share !== of.own && agree(share))
  const [share] = suspects
  return share !== undefined && suspects.length === 1 ? { kind: 'liar', share } : { kind: 'unknown' }
}

/** Some device says that it has a version, which is a share of a set. */
export interface ShareClaim {
  readonly device: DeviceId
  readonly version: VersionId
}

export interface ShareChecksInit {
  readonly possession: Pick<Possession, 'drawn' | 'askBlocks'>
  readonly product: MatrixProduct
  readonly dispute: (device: DeviceId, version: VersionId, because: 'wrong' | 'not-held') => void
}

export class ShareChecks {
  readonly #init: ShareChecksInit

  constructor(init: ShareChecksInit) {
    this.#init = init
  }

  /** Whether each claim is true now, told from the share that is here; false too where that can not be told. */
  async prove(set: ShareSet, own: Holding, claims: readonly ShareClaim[]): Promise<boolean> {
    const { possession, product, dispute } = this.#init
    const ownShare = set.shares.indexOf(own.version.id)
    const asked = possession.drawn(own)
    const mine = await readOwn(own, asked)
    if (mine === undefined || ownShare < 0) return false
    const answered = await this.#ask(set, claims, asked)
    // Of a share that several have one counts, and the others have to have the same.
    const first = new Map<number, Answer>()
    for (const answer of answered)
      if (answer.share !== ownShare && !first.has(answer.share)) first.set(answer.share, answer)
    const offsets = mine.map(
      (block, at) =>
        new Map([
          [ownShare, block],
          ...[...first].map(([share, { blocks }]) => [share, blocks[at] ?? NOTHING] as const)
        ])
    )
    const size = { dataShares: set.data, parityShares: set.shares.length - set.data }
    const judgement = judgeBlocks(size, { offsets, own: ownShare }, product)
    const liar = judgement.kind === 'liar' ? first.get(judgement.share) : undefined
    if (liar !== undefined) dispute(liar.claim.device, liar.claim.version, 'wrong')
    let isProved = answered.length === claims.length && judgement.kind === 'agree'
    for (const { claim, share, blocks } of answered) {
      const right = share === ownShare ? mine : first.get(share)?.blocks
      const isKnown = share === ownShare || judgement.kind === 'agree'
      if (!isKnown || blocks.every((block, at) => equalBytes(block, right?.[at] ?? NOTHING))) continue
      dispute(claim.device, claim.version, 'wrong')
      isProved = false
    }
    return isProved
  }

  /** Of those that answer with as many blocks as they were asked for. */
  async #ask(set: ShareSet, claims: readonly ShareClaim[], asked: AskedBlock[]): Promise<Answer[]> {
    const { possession, dispute } = this.#init
    const answers = await Promise.all(
      claims.map(async (claim): Promise<Answer[]> => {
        const { device, version } = claim
        const share = set.shares.indexOf(version)
        const outcome = await possession.askBlocks(device, { version, blocks: asked })
        if (outcome.kind === 'not-held' || outcome.kind === 'wrong') dispute(device, version, outcome.kind)
        return outcome.kind === 'blocks' && share >= 0 ? [{ claim, share, blocks: outcome.blocks }] : []
      })
    )
    return answers.flat()
  }
}

interface Answer {
  readonly claim: ShareClaim
  readonly share: number
  readonly blocks: readonly Uint8Array[]
}

const NOTHING = new Uint8Array(0)

/** Undefined when what lies here is not what it was. */
async function readOwn(own: Holding, asked: readonly AskedBlock[]): Promise<Uint8Array[] | undefined> {
  try {
    return await Promise.all(
      asked.map(({ piece, block }) => {
        const begin = block * LEAF_BYTES
        const length = Math.min(LEAF_BYTES, pieceSpan(own.version, piece).bytes - begin)
        return own.read({ piece, begin, length })
      })
    )
  } catch (thrown) {
    if (!(thrown instanceof AppError)) throw thrown
    return undefined
  }
}
