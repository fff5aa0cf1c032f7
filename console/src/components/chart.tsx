/** A chart by ECharts, which is fetched when the first is shown. `words` says what it shows to who does not see it. */

import { Box, useComputedColorScheme } from '@mantine/core'
import type { EChartsOption } from 'echarts'
import { type ReactNode, useEffect, useRef } from 'react'

export type ChartOption = EChartsOption

const TEXT_PIXELS = 16

type Drawn = { setOption(option: object, isNew: boolean): void; resize(): void; dispose(): void }

/** A length as it is at the size of text that the page has: a chart is measured in pixels alone. */
export function scaledPixels(pixels: number): number {
  return (pixels * Number.parseFloat(getComputedStyle(document.documentElement).fontSize)) / TEXT_PIXELS
}

/** The colours of all in a chart that is no data: what is written, and the lines of axes. */
export function useChartColours() {
  const isDark = useComputedColorScheme('light') === 'dark'
  return {
    isDark,
    text: isDark ? '#c9d3da' : '#33414b',
    line: { lineStyle: { color: isDark ? '#2d3840' : '#dfe5e9' } }
  }
}

export function Chart(props: {
  readonly option: ChartOption
  readonly words: string
  readonly heightPixels: number
}): ReactNode {
  const { option, words, heightPixels } = props
  const scheme = useComputedColorScheme('light')
  const place = useRef<HTMLDivElement>(null)
  const drawn = useRef<Drawn | undefined>(undefined)
  const newest = useRef(option)
  newest.current = option
  useEffect(() => {
    const element = place.current
    if (element === null) return
    let isGone = false
    const observer = new ResizeObserver(() => drawn.current?.resize())
    void import('./chart-drawing.ts').then(({ draw }) => {
      if (isGone) return
      drawn.current = draw(element, scheme)
      drawn.current.setOption(newest.current, true)
      observer.observe(element)
    })
    return () => {
      isGone = true
      observer.disconnect()
      drawn.current?.dispose()
      drawn.current = undefined
    }
  }, [scheme])
  useEffect(() => drawn.current?.setOption(option, false), [option])
  return (
    <Box role="img" aria-label={words}>
      <Box ref={place} h={heightPixels} w="100%" aria-hidden="true" />
    </Box>
  )
}
