// The parts of ECharts that we draw with, and the look that all charts share.
import { BarChart, LineChart } from 'echarts/charts'
import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import { init, use, type ComposeOption, type EChartsType } from 'echarts/core'
import type { BarSeriesOption, LineSeriesOption } from 'echarts/charts'
import type { GridComponentOption, LegendComponentOption, TooltipComponentOption } from 'echarts/components'
import { LabelLayout } from 'echarts/features'
import { SVGRenderer } from 'echarts/renderers'

use([BarChart, LineChart, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, LabelLayout, SVGRenderer])

export type Option = ComposeOption<BarSeriesOption | LineSeriesOption | GridComponentOption | LegendComponentOption | TooltipComponentOption>
export type Chart = EChartsType

/** At most five hues, told apart in grey too. */
export const HUES = ['#1668dc', '#8a5a00', '#1a7f4b', '#7a4fb5', '#5b6673']

export const FONT = '"PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif'

export function draw(at: HTMLElement): Chart {
  return init(at, undefined, { renderer: 'svg' })
}

export const quietAxis = {
  axisLine: { lineStyle: { color: '#cfd6dd' } },
  axisTick: { show: false },
  axisLabel: { color: '#5b6673', fontFamily: FONT, fontSize: 12 },
  splitLine: { lineStyle: { color: '#eef1f4' } },
  nameTextStyle: { color: '#5b6673', fontFamily: FONT },
}

/** Bars from zero with their figures beside them, the longest names in full. */
export function bars(names: string[], values: (number | null)[], said: (value: number) => string, more: { max?: number; line?: number } = {}): Option {
  return {
    animation: false,
    grid: { left: 8, right: 72, top: more.line === undefined ? 8 : 24, bottom: 8, containLabel: true },
    xAxis: { type: 'value', min: 0, max: more.max, minInterval: more.max === undefined ? 1 : undefined, ...quietAxis },
    yAxis: { type: 'category', inverse: true, data: names, ...quietAxis, axisLabel: { ...quietAxis.axisLabel, width: 140, overflow: 'truncate' } },
    series: [
      {
        type: 'bar', data: values, barMaxWidth: 16, itemStyle: { color: HUES[0] },
        label: { show: true, position: 'right', color: '#1d2530', fontFamily: FONT, formatter: (at) => (typeof at.value === 'number' ? said(at.value) : '') },
        markLine: more.line === undefined ? undefined : { silent: true, symbol: 'none', lineStyle: { color: '#c9252d', type: 'dashed' }, label: { formatter: said(more.line), color: '#c9252d', position: 'start', distance: 4 }, data: [{ xAxis: more.line }] },
      },
    ],
  }
}

export interface Course {
  name: string
  values: (number | null)[]
}

/** A line each over the same months. */
export function lines(names: string[], courses: Course[], more: { max?: number; line?: number; unit?: string } = {}): Option {
  return {
    animation: false,
    color: HUES,
    grid: { left: 8, right: courses.length > 1 ? 96 : 40, top: 24, bottom: 8, containLabel: true },
    tooltip: { trigger: 'axis', textStyle: { fontFamily: FONT, fontSize: 12 }, valueFormatter: (value) => (typeof value === 'number' ? `${value}${more.unit ?? ''}` : '') },
    xAxis: { type: 'category', data: names, ...quietAxis },
    yAxis: { type: 'value', min: 0, max: more.max, ...quietAxis, axisLabel: { ...quietAxis.axisLabel, formatter: `{value}${more.unit ?? ''}` } },
    series: courses.map((course, n) => ({
      type: 'line', name: course.name, data: course.values, symbolSize: 6, connectNulls: false, lineStyle: { width: 2, type: n % 2 ? 'dashed' : 'solid' },
      labelLayout: { moveOverlap: 'shiftY' },
      endLabel: { show: courses.length > 1, formatter: course.name, fontFamily: FONT, color: HUES[n % HUES.length] },
      markLine: n > 0 || more.line === undefined ? undefined : { silent: true, symbol: 'none', lineStyle: { color: '#c9252d', type: 'dashed' }, label: { formatter: `${more.line}${more.unit ?? ''}`, color: '#c9252d' }, data: [{ yAxis: more.line }] },
    })),
  }
}
