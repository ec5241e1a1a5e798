// The server tells what happens; nobody asks again and again.
import { onUnmounted, reactive } from 'vue'
import type { Schemas } from './api/client'
import { take } from './desk'
import { lookAround, state } from './me'

export type Live = Schemas['LiveView']

export interface Change {
  kind: string
  at: string
  body: Record<string, unknown>
}

export const live = reactive<{ calls: Live[]; connected: boolean }>({ calls: [], connected: true })

const listeners = new Set<(change: Change | null) => void>()
let source: EventSource | undefined
let lookTimer: ReturnType<typeof setTimeout> | undefined

/** The frame's figures follow at most once a second. */
function lookSoon(): void {
  if (lookTimer !== undefined) return
  lookTimer = setTimeout(() => {
    lookTimer = undefined
    if (!state.locked) lookAround().catch(() => {})
  }, 1000)
}

export function connect(): void {
  if (source) return
  source = new EventSource('/api/events')
  source.onopen = () => (live.connected = true)
  source.onerror = () => {
    live.connected = false
    // A refused stream is not tried again by the browser.
    if (source?.readyState === EventSource.CLOSED) {
      disconnect()
      setTimeout(() => {
        if (state.me && !state.locked) connect()
      }, 3000)
    }
  }
  source.addEventListener('live', (event) => (live.calls = JSON.parse((event as MessageEvent<string>).data)))
  source.addEventListener('change', (event) => tell(JSON.parse((event as MessageEvent<string>).data)))
  source.addEventListener('desk', (event) => take(JSON.parse((event as MessageEvent<string>).data)))
  source.addEventListener('reload', () => tell(null))
}

export function disconnect(): void {
  source?.close()
  source = undefined
}

function tell(change: Change | null): void {
  lookSoon()
  for (const listener of listeners) listener(change)
}

/** `then` on changes of these nouns, at most once a second. */
export function useChanges(nouns: string[], then: () => void): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const listener = (change: Change | null) => {
    if (change && !nouns.some((noun) => change.kind.startsWith(`${noun}.`))) return
    if (timer !== undefined) return
    timer = setTimeout(() => {
      timer = undefined
      then()
    }, 1000)
  }
  listeners.add(listener)
  onUnmounted(() => {
    listeners.delete(listener)
    clearTimeout(timer)
  })
}
