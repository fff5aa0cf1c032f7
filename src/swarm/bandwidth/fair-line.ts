/**
 * A line in which who has had the least comes first, by start-time fair queueing (Goyal, Vin and Cheng, 1996): a turn
 * is tagged with where its taker had come to, or the line, if that is further: nobody saves up turns by staying away.
 */

export class FairLine {
  /** How far those in it have come: the highest tag of a turn that was taken. */
  doneTag = 0
}

/** The place of one who takes turns. Whoever has the lower tag comes first. */
export class PlaceInLine {
  tag = 0
  #doneTag = 0

  enter(line: FairLine): void {
    this.tag = Math.max(this.#doneTag, line.doneTag)
  }

  /** Took so many bytes, on a turn that it had waited for or because nobody waited; less than none gives some back. */
  took(line: FairLine, bytes: number, { onTurn }: { readonly onTurn: boolean }): void {
    if (bytes < 0) {
      this.#doneTag += bytes
      return
    }
    const tag = Math.max(this.#doneTag, onTurn ? this.tag : line.doneTag)
    line.doneTag = Math.max(line.doneTag, tag)
    this.#doneTag = tag + bytes
  }
}
