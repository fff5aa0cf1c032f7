/** How busy links were over time, as an SVG: a row for each direction of each link, dark where it was full. Pure. */

export interface LinkSeries {
  readonly name: string
  readonly upMbit: number
  readonly downMbit: number
  readonly samples: { readonly ms: number; readonly upBytes: number; readonly downBytes: number }[]
}

const ROW_PX = 14
const LABEL_PX = 130
const SECOND_PX = 40
const BITS_PER_BYTE = 8
const KBIT = 1000

export function renderLinks(links: readonly LinkSeries[]): string {
  const endMs = Math.max(0, ...links.map(link => link.samples.at(-1)?.ms ?? 0))
  const width = LABEL_PX + (endMs * SECOND_PX) / 1000 + 20
  const rows = links.flatMap(link => [
    { label: `${link.name} up`, of: 'upBytes' as const, mbit: link.upMbit, samples: link.samples },
    { label: `${link.name} down`, of: 'downBytes' as const, mbit: link.downMbit, samples: link.samples }
  ])
  const height = (rows.length + 2) * ROW_PX
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="monospace" font-size="11">`
  ]
  rows.forEach(({ label, of, mbit, samples }, row) => {
    const y = row * ROW_PX
    parts.push(`<text x="2" y="${y + ROW_PX - 3}">${label} ${mbit}</text>`)
    for (let i = 1; i < samples.length; i++) {
      const [from, to] = [samples[i - 1], samples[i]]
      if (from === undefined || to === undefined || to.ms === from.ms) continue
      const kbit = ((to[of] - from[of]) * BITS_PER_BYTE) / (to.ms - from.ms)
      const share = Math.min(1, kbit / (mbit * KBIT))
      if (share < 0.01) continue
      const x = LABEL_PX + (from.ms * SECOND_PX) / 1000
      const size = `width="${((to.ms - from.ms) * SECOND_PX) / 1000}" height="${ROW_PX - 1}"`
      parts.push(`<rect x="${x}" y="${y}" ${size} fill="#036" fill-opacity="${share.toFixed(2)}"/>`)
    }
  })
  for (let second = 0; second * 1000 <= endMs; second += 5)
    parts.push(`<text x="${LABEL_PX + second * SECOND_PX}" y="${height - 4}">${second} s</text>`)
  return `${parts.join('\n')}\n</svg>\n`
}
