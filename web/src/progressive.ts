// 连续拨打: the follow-ups of a list one after another, each a click to dial that makes itself.
// The own phone rings first, so nobody is called without somebody there; a moment before each
// call, and none while something is left to write up.
import { reactive } from 'vue'
import { Problem } from './api/client'
import { desk, dial } from './desk'

/** Seconds to breathe, and to stop. */
export const BREATH = 5
const KEPT = 'suifang.progressive'

interface Going {
  ids: string[]
  /** Who is next in `ids`. */
  at: number
  called: number
  passed: number
}

export const progressive = reactive<{ of: Going | null; left: number; held: boolean; why: string }>({ of: kept(), left: BREATH, held: true, why: '' })

/** A reload finds the list again, and waits for a word before it goes on. */
function kept(): Going | null {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? 'null') as Going | null
  } catch {
    return null
  }
}
function keep(): void {
  if (progressive.of) sessionStorage.setItem(KEPT, JSON.stringify(progressive.of))
  else sessionStorage.removeItem(KEPT)
}

export function begin(ids: string[]): void {
  Object.assign(progressive, { of: { ids: [...new Set(ids)], at: 0, called: 0, passed: 0 }, left: 1, held: false, why: '' })
  keep()
}
export function hold(is: boolean): void {
  progressive.held = is
  progressive.left = BREATH
}
export function stop(): void {
  progressive.of = null
  keep()
}
/** Not this one, now. */
export function skip(): void {
  if (!progressive.of) return
  progressive.of.at += 1
  progressive.of.passed += 1
  progressive.left = BREATH
  keep()
}

/** Free: no call, nothing to write up, no pause. */
export function isFree(): boolean {
  const now = desk.now
  return now !== null && now.call == null && now.to_write_up.length === 0 && now.state === 'idle'
}

let busy = false
/** Refused one after another: then it is not the patients, but a line or the hour. */
let refusals = 0
const REFUSALS_MAX = 10

/** Each second. */
export async function turn(): Promise<void> {
  const going = progressive.of
  if (!going || progressive.held || busy || going.at >= going.ids.length) return
  if (!isFree()) {
    progressive.left = BREATH
    return
  }
  progressive.left -= 1
  if (progressive.left > 0) return
  busy = true
  try {
    await dial(going.ids[going.at]!)
    going.called += 1
    refusals = 0
    progressive.why = ''
    going.at += 1
    progressive.left = BREATH
  } catch (error) {
    refused(going, error)
  } finally {
    busy = false
    keep()
  }
}

/** Who may not be called now is passed over; anything else is somebody's to look at. */
function refused(going: Going, error: unknown): void {
  progressive.why = error instanceof Problem ? error.detail : String(error)
  if (error instanceof Problem && [403, 404, 409].includes(error.status) && isFree()) {
    going.passed += 1
    going.at += 1
    progressive.left = 1
    refusals += 1
    if (refusals < REFUSALS_MAX) return
  }
  refusals = 0
  progressive.held = true
}
