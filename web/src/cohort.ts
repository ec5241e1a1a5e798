// A query as it is built on the page, and as the server reads it.
export interface Line {
  what: string
  not: boolean
  text: string
  from: string
  to: string
  item: string
}
export interface Group {
  any: boolean
  lines: Line[]
}
export interface Query {
  any: boolean
  groups: Group[]
}

/** How each condition is asked for. */
export const CONDITIONS: Record<string, 'days' | 'numbers' | 'text' | 'choice' | 'yes' | 'answer' | 'department'> = {
  discharged: 'days', age: 'numbers', sex: 'choice', disease: 'text', department: 'department', ward: 'text', attending: 'text', operation: 'yes', disposition: 'choice',
  follow_up: 'choice', outcome: 'choice', answer: 'answer', opinion: 'text', follow_ups: 'numbers', died: 'yes', out_of_town: 'yes', name: 'text',
}
export const CHOICES: Record<string, string[]> = {
  sex: ['male', 'female'],
  follow_up: ['done', 'open', 'overdue', 'none'],
  disposition: ['1', '2', '3', '4', '5', '9'],
}

export const freshLine = (what = 'discharged'): Line => ({ what, not: false, text: what === 'operation' || what === 'died' || what === 'out_of_town' ? 'true' : '', from: '', to: '', item: '' })
export const freshQuery = (): Query => ({ any: false, groups: [{ any: false, lines: [freshLine()] }] })

type Part = Record<string, unknown>

const words = (text: string) => text.split(/[、,，\s]+/).filter((word) => word !== '')
const number = (text: string) => (text === '' ? null : Number(text))

function conditionOf(line: Line): Part | null {
  const { what, text, from, to } = line
  switch (CONDITIONS[what]) {
    case 'days':
      return from || to ? { [what]: { from: from || null, to: to || null } } : null
    case 'numbers':
      return from !== '' || to !== '' ? { [what]: { from: number(from), to: number(to) } } : null
    case 'yes':
      return { [what]: text !== 'false' }
    case 'answer':
      if (text.trim() === '' && from === '' && to === '') return null
      return { answer: { item: line.item.trim() || null, words: words(text), from: number(from), to: number(to) } }
    default:
      if (text.trim() === '') return null
      if (what === 'disease') return { disease: { [/^[A-Za-z]\d/.test(text.trim()) ? 'icd' : 'name']: text.trim() } }
      if (what === 'disposition') return { disposition: [Number(text)] }
      if (what === 'opinion') return { opinion: words(text) }
      return { [what]: text.trim() }
  }
}

/** `null` where nothing has been said yet: lines without a value are left out. */
export function filterOf(query: Query): Part | null {
  const groups = query.groups
    .map((group) => {
      const parts = group.lines.flatMap((line) => {
        const part = conditionOf(line)
        return part === null ? [] : [line.not ? { not: part } : part]
      })
      return parts.length === 0 ? null : { [group.any ? 'any' : 'all']: parts }
    })
    .filter((group) => group !== null) as Part[]
  if (groups.length === 0) return null
  return groups.length === 1 ? groups[0]! : { [query.any ? 'any' : 'all']: groups }
}

function lineOf(part: Part): Line {
  const not = 'not' in part
  const inner = (not ? part.not : part) as Part
  const what = Object.keys(inner)[0] ?? 'discharged'
  const value = inner[what] as Part & string
  const line = { ...freshLine(what), not }
  const text = (n: unknown) => (n === null || n === undefined ? '' : String(n))
  switch (CONDITIONS[what]) {
    case 'days':
    case 'numbers':
      return { ...line, from: text(value.from), to: text(value.to) }
    case 'answer':
      return { ...line, item: text(value.item), text: ((value.words ?? []) as string[]).join('、'), from: text(value.from), to: text(value.to) }
    default:
      if (what === 'disease') return { ...line, text: text(value.name) || text(value.icd) }
      return { ...line, text: Array.isArray(value) ? value.join('、') : text(value) }
  }
}

/** A saved filter on the page again. */
export function queryOf(filter: Part): Query {
  const any = 'any' in filter
  const parts = ((filter.all ?? filter.any ?? [filter]) as Part[])
  const nested = parts.every((part) => 'all' in part || 'any' in part)
  const group = (one: Part): Group => ({ any: 'any' in one, lines: ((one.all ?? one.any ?? [one]) as Part[]).map(lineOf) })
  return nested && parts.length > 0 ? { any, groups: parts.map(group) } : { any: false, groups: [group(filter)] }
}
