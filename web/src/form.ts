// A questionnaire as a person fills it in: which item is asked next, and what a key means.
export interface Option {
  key?: string | null
  code: string
  zh: string
  en: string
  redFlag?: string | null
  advice?: string | null
  score?: number | null
}
export interface Item {
  linkId: string
  type: 'display' | 'choice' | 'boolean' | 'integer' | 'decimal' | 'attachment' | 'text'
  text: string
  required?: boolean
  repeats?: boolean
  say?: string[] | Record<string, string>
  enableWhen?: { question: string; operator: string; answer: string }[]
  enableBehavior?: 'any' | 'all'
  enableWhenFact?: string[]
  answerOption?: Option[]
  unit?: string | null
  range?: [number, number] | null
}
export interface Form {
  id: string
  version: number
  title: Record<string, string>
  item: Item[]
  template?: string | null
  clinicalReview?: { by: string; at: string } | null
  advice?: Record<string, Record<string, string>>
}
export interface Given {
  value: string
  /** One of the six blanks, where there is no value. */
  status?: string
  /** Given to the telephone before; it stays as it is. */
  auto?: boolean
}
export type Answers = Record<string, Given>

export const BLANKS = ['unknown', 'declined', 'not_applicable', 'not_measured', 'no_answer', 'not_asked']

function holds(when: { question: string; operator: string; answer: string }, answers: Answers): boolean {
  // Scores and facts are known to the server alone: the item is offered.
  if (when.question.includes(':') && !(when.question in answers)) return true
  const given = answers[when.question]
  if (!given || given.status) return false
  const codes = given.value.split(',')
  if (when.operator === 'exists') return true
  if (when.operator === '=') return codes.includes(when.answer)
  if (when.operator === '!=') return !codes.includes(when.answer)
  const [left, right] = [Number(given.value), Number(when.answer)]
  return { '>': left > right, '>=': left >= right, '<': left < right, '<=': left <= right }[when.operator] ?? false
}

/** Those that a person is asked, as the answers stand. */
export function askedItems(form: Form, answers: Answers): Item[] {
  return form.item.filter((item) => {
    if (item.type === 'display' || item.type === 'attachment') return false
    const whens = item.enableWhen ?? []
    if (whens.length === 0) return true
    return item.enableBehavior === 'any' ? whens.some((when) => holds(when, answers)) : whens.every((when) => holds(when, answers))
  })
}

/** What is read aloud: the spoken question without its "press 1 for …". */
export function wordingOf(item: Item, locale: string): string {
  const say = item.say
  const spoken = say && !Array.isArray(say) ? (locale.startsWith('zh') ? say.zh : (say.en ?? say.zh)) : undefined
  if (!spoken) return item.text
  const at = spoken.search(/[??]/)
  return at > 0 ? spoken.slice(0, at + 1) : item.text
}

/** The digit that stands on each option: the telephone's own where it has one. */
export function keysOf(options: Option[]): (string | undefined)[] {
  const own = options.map((option) => option.key ?? undefined)
  const usable = own.some((key) => key !== undefined) && own.every((key) => key === undefined || /^[1-9]$/.test(key))
  return usable ? own : options.map((_, n) => (n < 9 ? String(n + 1) : undefined))
}

export function saidOf(item: Item, given: Given, locale: string): string {
  const options = item.answerOption ?? []
  const label = (code: string) => {
    const option = options.find((one) => one.code === code)
    return option ? (locale.startsWith('zh') ? option.zh : option.en) : code
  }
  if (options.length > 0) return given.value.split(',').map(label).join('、')
  return item.unit ? `${given.value} ${item.unit}` : given.value
}

/** The answers of items that are no longer asked are not sent. */
export function toSend(form: Form, answers: Answers): { link_id: string; value: string | null; status: string | null }[] {
  return askedItems(form, answers).flatMap((item) => {
    const given = answers[item.linkId]
    if (!given || given.auto || (given.value.trim() === '' && !given.status)) return []
    return [{ link_id: item.linkId, value: given.status ? null : given.value.trim(), status: given.status ?? null }]
  })
}
