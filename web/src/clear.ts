// Values in clear: told by the server for a reason, forgotten here after its time.
import { reactive } from 'vue'
import { post, type Schemas } from './api/client'

export const REASONS = ['call_by_hand', 'verify_identity', 'correct_record', 'emergency', 'other']

interface Seen {
  view: Schemas['ClearView']
  left: number
}

export const seen = reactive<Record<string, Seen>>({})

export function hide(person?: string): void {
  for (const id of person ? [person] : Object.keys(seen)) delete seen[id]
}

export async function show(person: string, reason: string, words: string): Promise<void> {
  const view = await post<Schemas['ClearView']>(`/api/patients/${person}/clear`, { reason, words: words.trim() })
  seen[person] = { view, left: view.shown_s }
  const timer = setInterval(() => {
    const one = seen[person]
    if (one && one.view === view) one.left -= 1
    if (one?.view !== view || one.left <= 0) {
      clearInterval(timer)
      if (one?.view === view) hide(person)
    }
  }, 1000)
}

/** The number in clear while it is told, else as it came. */
export const numberOf = (person: string, id: string | undefined, masked: string): string => seen[person]?.view.numbers.find((one) => one.number_id === id)?.number ?? masked
