/** Draws a year, week by week: what repairs moved, as bars, and which part of the devices was on, as a line. */

import { formatBytes } from '../src/base/units.ts'
import { framed, rounded } from './chart-frame.ts'
import type { YearResult } from './year.ts'

const WIDTH = 760
const HEIGHT = 380
const LEFT = 70
const RIGHT = 60
const TOP = 50
const BOTTOM = 60
const GB = 1e9
const GRID_GB = 100
const WEEKS_LABELLED = 4
const BAR_SHARE = 0.7

export function drawYear({ weeks, devices, storedBytes }: YearResult): string {
  const most = Math.max(GB, ...weeks.map(({ replacedBytes, standInBytes }) => replacedBytes + standInBytes))
  const top = GRID_GB * Math.ceil(most / GB / GRID_GB)
  const bottom = HEIGHT - BOTTOM
  const step = (WIDTH - LEFT - RIGHT) / weeks.length
  const height = (bytes: number): number => (bytes / GB / top) * (bottom - TOP)
  const bars = weeks.flatMap(({ replacedBytes, standInBytes }, at) => {
    const x = rounded(LEFT + at * step)
    const width = rounded(step * BAR_SHARE)
    const [owed, standIn] = [height(replacedBytes), height(standInBytes)]
    const bar = (upTo: number, tall: number, fill: string): string =>
      `<rect x="${x}" y="${rounded(bottom - upTo)}" width="${width}" height="${rounded(tall)}" fill="${fill}"/>`
    return [bar(owed, owed, '#1f5fa8'), bar(owed + standIn, standIn, '#e0a030')]
  })
  const line = weeks.map(
    ({ presentShare }, at) =>
      `${rounded(LEFT + (at + BAR_SHARE / 2) * step)},${rounded(bottom - presentShare * (bottom - TOP))}`
  )
  const stored = formatBytes(storedBytes)
  const title = `A simulated year of ${devices} devices with ${stored} of copies: what repairs moved`
  return framed({ width: WIDTH, height: HEIGHT, left: LEFT, title }, [
    ...axes(top, weeks.length, step),
    ...bars,
    `<polyline points="${line.join(' ')}" fill="none" stroke="#888888" stroke-width="1.5"/>`,
    `<text x="${LEFT}" y="${HEIGHT - 10}" fill="#1f5fa8">GB a week to devices that owe them</text>`,
    `<text x="${LEFT + 230}" y="${HEIGHT - 10}" fill="#b87a10">to stand-ins</text>`,
    `<text x="${LEFT + 330}" y="${HEIGHT - 10}" fill="#777777">devices that are on, on the average (right)</text>`
  ])
}

function axes(top: number, weeks: number, step: number): string[] {
  const bottom = HEIGHT - BOTTOM
  const lines: string[] = []
  for (let value = 0; value <= top; value += GRID_GB) {
    const y = rounded(bottom - (value / top) * (bottom - TOP))
    lines.push(`<line x1="${LEFT}" y1="${y}" x2="${WIDTH - RIGHT}" y2="${y}" stroke="#dddddd"/>`)
    lines.push(`<text x="${LEFT - 8}" y="${y + 4}" text-anchor="end" fill="#1f5fa8">${value} GB</text>`)
  }
  for (const percent of [0, 50, 100]) {
    const y = rounded(bottom - (percent / 100) * (bottom - TOP) + 4)
    lines.push(`<text x="${WIDTH - RIGHT + 8}" y="${y}" fill="#777777">${percent} %</text>`)
  }
  for (let week = 0; week < weeks; week += WEEKS_LABELLED) {
    const x = rounded(LEFT + week * step)
    lines.push(`<text x="${x}" y="${bottom + 18}">${week + 1}</text>`)
  }
  return [...lines, `<text x="${LEFT}" y="${bottom + 34}" fill="#777777">week</text>`]
}
