/** Draws how the time to the last device, and the bytes over the WAN, grow with the number of devices. */

import { framed, rounded } from './chart-frame.ts'
import type { OrganisationResult } from './organisation.ts'

const WIDTH = 760
const HEIGHT = 420
const LEFT = 70
const RIGHT = 70
const TOP = 50
const BOTTOM = 60
const GB = 1e9

interface Scale {
  readonly of: (value: number) => number
}

/** From one end to the other, by powers of ten. */
function logarithmic(from: number, to: number, pixels: readonly [number, number]): Scale {
  const span = Math.log10(to) - Math.log10(from)
  return {
    of: value => pixels[0] + ((Math.log10(value) - Math.log10(from)) / span) * (pixels[1] - pixels[0])
  }
}

function linear(to: number, pixels: readonly [number, number]): Scale {
  return { of: value => pixels[0] + (value / to) * (pixels[1] - pixels[0]) }
}

export function drawScale(results: readonly OrganisationResult[]): string {
  const [first, last] = [results[0], results.at(-1)]
  if (first === undefined || last === undefined) throw new RangeError('a chart needs results')
  const x = logarithmic(first.devices, last.devices, [LEFT, WIDTH - RIGHT])
  const secondsMax = 100 * Math.ceil(Math.max(...results.map(each => each.lastSeconds)) / 100)
  const seconds = linear(secondsMax, [HEIGHT - BOTTOM, TOP])
  const wanMax = 10 ** Math.ceil(Math.log10(Math.max(...results.map(each => each.wanBytes / GB))))
  const wan = logarithmic(1, wanMax, [HEIGHT - BOTTOM, TOP])
  const line = (y: (result: OrganisationResult) => number): string =>
    results.map(result => `${rounded(x.of(result.devices))},${rounded(y(result))}`).join(' ')
  const ofWan = (result: OrganisationResult): number => wan.of(Math.max(1, result.wanBytes / GB))
  const marks = (y: (result: OrganisationResult) => number, colour: string): string[] =>
    results.map(
      result =>
        `<circle cx="${rounded(x.of(result.devices))}" cy="${rounded(y(result))}" r="3.5" fill="${colour}"/>`
    )
  const ofLast = (result: OrganisationResult): number => seconds.of(result.lastSeconds)
  const ofBound = (result: OrganisationResult): number => seconds.of(result.boundSeconds)
  const title = '10 GB to all devices, simulated: time to the last, and bytes over the WAN'
  return framed({ width: WIDTH, height: HEIGHT, left: LEFT, title }, [
    ...axes({ x, seconds, wan, results, secondsMax, wanMax }),
    `<polyline points="${line(ofBound)}" fill="none" stroke="#888888" stroke-dasharray="5 4"/>`,
    `<polyline points="${line(ofLast)}" fill="none" stroke="#1f5fa8" stroke-width="2"/>`,
    ...marks(ofLast, '#1f5fa8'),
    `<polyline points="${line(ofWan)}" fill="none" stroke="#b4541a" stroke-width="2"/>`,
    ...marks(ofWan, '#b4541a'),
    ...legend()
  ])
}

function axes(chart: {
  readonly x: Scale
  readonly seconds: Scale
  readonly wan: Scale
  readonly results: readonly OrganisationResult[]
  readonly secondsMax: number
  readonly wanMax: number
}): string[] {
  const { x, seconds, wan, results, secondsMax, wanMax } = chart
  const lines: string[] = []
  for (const { devices, sites } of results) {
    const at = rounded(x.of(devices))
    lines.push(`<line x1="${at}" y1="${TOP}" x2="${at}" y2="${HEIGHT - BOTTOM}" stroke="#eeeeee"/>`)
    lines.push(`<text x="${at}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${devices}</text>`)
    lines.push(
      `<text x="${at}" y="${HEIGHT - BOTTOM + 34}" text-anchor="middle" fill="#777777">${sites} sites</text>`
    )
  }
  for (let value = 0; value <= secondsMax; value += 100) {
    const at = rounded(seconds.of(value))
    lines.push(`<line x1="${LEFT}" y1="${at}" x2="${WIDTH - RIGHT}" y2="${at}" stroke="#dddddd"/>`)
    lines.push(`<text x="${LEFT - 8}" y="${at + 4}" text-anchor="end" fill="#1f5fa8">${value} s</text>`)
  }
  for (let value = 1; value <= wanMax; value *= 10) {
    const at = rounded(wan.of(value))
    lines.push(`<text x="${WIDTH - RIGHT + 8}" y="${at + 4}" fill="#b4541a">${value} GB</text>`)
  }
  return lines
}

function legend(): string[] {
  const y = HEIGHT - 10
  return [
    `<text x="${LEFT}" y="${y}" fill="#1f5fa8">time to the last device</text>`,
    `<text x="${LEFT + 190}" y="${y}" fill="#888888">bound by the links (dashed)</text>`,
    `<text x="${LEFT + 400}" y="${y}" fill="#b4541a">bytes over all WAN links (right)</text>`
  ]
}
