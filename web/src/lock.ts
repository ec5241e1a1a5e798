// A page that nobody touches locks, never in a call. What was typed goes to the server first.
import { post } from './api/client'
import { call } from './desk'
import { drafts } from './kept'
import { state } from './me'

/** The server hears of a touch at most so often. */
const TOLD_MS = 30_000
/** A little before the server does it by itself: the last words are sent while it listens. */
const EARLY_MS = 5_000

let touched = Date.now()
let told = Date.now()
let timer: ReturnType<typeof setInterval> | undefined

function touch(): void {
  touched = Date.now()
}

async function turn(): Promise<void> {
  if (!state.me || state.locked) return
  const now = Date.now()
  if (call.value) touched = now
  const idle = state.me.idle_minutes * 60_000
  if (idle > 0 && now - touched >= idle - EARLY_MS) return lock()
  if (touched > told && now - told >= TOLD_MS) {
    told = now
    await post('/api/session/active').catch(() => {})
  }
}

export async function lock(): Promise<void> {
  await drafts.flush()
  await post('/api/session/lock').catch(() => {})
  state.locked = true
}

export function watchIdle(): void {
  touch()
  for (const kind of ['keydown', 'pointerdown', 'pointermove', 'wheel']) window.addEventListener(kind, touch, { passive: true })
  timer ??= setInterval(() => void turn(), 1000)
}

export function begin(): void {
  touched = told = Date.now()
}
