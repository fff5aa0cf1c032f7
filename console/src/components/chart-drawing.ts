/** The parts of ECharts that the console draws with. */

import { BarChart, HeatmapChart, LineChart } from 'echarts/charts'
import { GridComponent, LegendComponent, TooltipComponent, VisualMapComponent } from 'echarts/components'
import { type EChartsType, init, use } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'

use([
  ...[LineChart, BarChart, HeatmapChart, GridComponent, LegendComponent, TooltipComponent],
  ...[VisualMapComponent, CanvasRenderer]
])

export function draw(element: HTMLElement, scheme: 'light' | 'dark'): EChartsType {
  return init(element, scheme === 'dark' ? { darkMode: true, backgroundColor: 'transparent' } : null)
}
