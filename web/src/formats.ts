// How dates, durations, names and figures are written (house style of the glossary).

const WEEKDAYS = ['周日', '周一', '周二', '周三', '周四', '周五', '周六']
const SHORT_DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']

let zone = 'Asia/Shanghai'

/** The hospital's zone, not the browser's. */
export function setZone(name: string): void {
  zone = name
}

interface Parts {
  date: string
  time: string
  weekday: number
}

function parts(iso: string): Parts | null {
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return null
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
  const found = Object.fromEntries(format.formatToParts(at).map((part) => [part.type, part.value]))
  const date = `${found.year}-${found.month}-${found.day}`
  return {
    date,
    time: `${found.hour}:${found.minute}:${found.second}`,
    weekday: new Date(`${date}T00:00:00Z`).getUTCDay(),
  }
}

/** 2026-11-23 周一 14:05 */
export function dateTime(iso: string | null | undefined, locale = 'zh-CN'): string {
  const found = iso ? parts(iso) : null
  if (!found) return ''
  const days = locale.startsWith('zh') ? WEEKDAYS : SHORT_DAYS
  return `${found.date} ${days[found.weekday]} ${found.time.slice(0, 5)}`
}

/** 14:05:32 */
export function clock(iso: string | null | undefined): string {
  const found = iso ? parts(iso) : null
  return found ? found.time : ''
}

/** 3 分 20 秒 */
export function duration(seconds: number, locale = 'zh-CN'): string {
  const whole = Math.max(0, Math.round(seconds))
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  const words = locale.startsWith('zh') ? ['小时', '分', '秒'] : ['h', 'min', 's']
  if (h > 0) return `${h} ${words[0]} ${m} ${words[1]}`
  if (m > 0) return `${m} ${words[1]} ${s} ${words[2]}`
  return `${s} ${words[2]}`
}

/** 03:20, for a player. */
export function position(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const two = (n: number) => String(n).padStart(2, '0')
  return `${two(Math.floor(whole / 60))}:${two(whole % 60)}`
}

export function between(from: string | null | undefined, to: string | null | undefined): number | null {
  if (!from || !to) return null
  return (new Date(to).getTime() - new Date(from).getTime()) / 1000
}

/** 张*; Latin names keep their first letter. */
export function maskedName(name: string): string {
  const first = [...name.trim()][0]
  return first === undefined ? '' : `${first}*`
}

/** 74.47 % */
export function rate(part: number, whole: number): string {
  return whole === 0 ? '' : `${((100 * part) / whole).toFixed(2)} %`
}

/** 3,200 */
export function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** 2026-11-23 周一 of a day without a time. */
export function dayOf(day: string | null | undefined, locale = 'zh-CN'): string {
  if (!day) return ''
  const at = new Date(`${day}T00:00:00Z`)
  if (Number.isNaN(at.getTime())) return day
  return `${day} ${(locale.startsWith('zh') ? WEEKDAYS : SHORT_DAYS)[at.getUTCDay()]}`
}

/** The hospital's date now, `days` later. */
export function today(days = 0): string {
  return parts(new Date(Date.now() + days * 86_400_000).toISOString())?.date ?? ''
}

/** Whole days from one date to another. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / 86_400_000)
}

/** 138 0013 8000; other numbers as they are. */
export function phone(number: string): string {
  const own = number.replace(/^\+86/, '')
  return /^1[\d*]{10}$/.test(own) ? `${own.slice(0, 3)} ${own.slice(3, 7)} ${own.slice(7)}` : own
}
