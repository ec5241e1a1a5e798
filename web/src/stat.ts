// What the pages of figures share: rates as they are written, tables that can be taken away.
import type { Schemas } from './api/client'

export type Rate = Schemas['RateView']

export interface Period {
  from: string
  to: string
  department: string
}

export interface Column {
  key: string
  label: string
  /** A figure: at the right. */
  n?: boolean
  width?: number
}

export interface Line {
  [key: string]: string | number | null | undefined
}

export const of = (rate: Rate | null | undefined): string => (rate ? `${rate.part} / ${rate.whole}` : '')
export const percentOf = (rate: Rate | null | undefined): number | null => (rate && rate.whole > 0 ? Math.round((10000 * rate.part) / rate.whole) / 100 : null)
export const band = (rate: Rate | null | undefined): string => (rate?.low == null || rate.high == null ? '' : `${(100 * rate.low).toFixed(1)}–${(100 * rate.high).toFixed(1)} %`)

/** With a BOM, as a workbook program needs it. */
export function csvOf(columns: Column[], lines: Line[]): string {
  const cell = (value: Line[string]) => {
    const text = value === null || value === undefined ? '' : String(value)
    // A leading sign would be taken for a formula.
    const safe = /^[=+@]/.test(text) ? `'${text}` : text
    return /[",\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe
  }
  const rows = [columns.map((column) => column.label), ...lines.map((line) => columns.map((column) => line[column.key]))]
  return `\uFEFF${rows.map((row) => row.map(cell).join(',')).join('\r\n')}\r\n`
}

export function save(name: string, text: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv;charset=utf-8' }))
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
