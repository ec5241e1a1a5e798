// What is read from the server, with a face for each way it can go.
import { onUnmounted, ref, shallowRef, type Ref, type ShallowRef } from 'vue'
import { Problem } from './api/client'

export interface Load<T> {
  value: ShallowRef<T | undefined>
  problem: Ref<string | undefined>
  /** Only after 300 ms: what is quick shows no skeleton. */
  slow: Ref<boolean>
  again: () => Promise<void>
}

const SLOW_MS = 300

export function useLoad<T>(ask: () => Promise<T>, everyMs?: number): Load<T> {
  const value = shallowRef<T>()
  const problem = ref<string>()
  const slow = ref(false)
  let turn = 0

  async function again(): Promise<void> {
    const mine = ++turn
    const timer = setTimeout(() => {
      slow.value = value.value === undefined
    }, SLOW_MS)
    try {
      const found = await ask()
      // A later question has been asked meanwhile: its answer counts.
      if (mine === turn) {
        value.value = found
        problem.value = undefined
      }
    } catch (error) {
      if (mine === turn) problem.value = error instanceof Problem ? error.detail : String(error)
    } finally {
      clearTimeout(timer)
      if (mine === turn) slow.value = false
    }
  }

  void again()
  if (everyMs !== undefined) {
    const timer = setInterval(() => {
      if (!document.hidden) void again()
    }, everyMs)
    onUnmounted(() => clearInterval(timer))
  }
  return { value, problem, slow, again }
}

/** The time, told anew each second: for states that last. */
export function useNow(): Ref<number> {
  const now = ref(Date.now())
  const timer = setInterval(() => (now.value = Date.now()), 1000)
  onUnmounted(() => clearInterval(timer))
  return now
}

/** Calls `then` when nobody has typed for a moment. */
export function useSettled(then: () => void, ms = 300): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  onUnmounted(() => clearTimeout(timer))
  return () => {
    clearTimeout(timer)
    timer = setTimeout(then, ms)
  }
}
