// What a person has typed or chosen, kept in the browser until it is no longer wanted.
import { ref, watch, type Ref } from 'vue'

function read<T>(store: Storage, key: string, fresh: T): T {
  try {
    const text = store.getItem(key)
    return text === null ? fresh : (JSON.parse(text) as T)
  } catch {
    return fresh
  }
}

/** Of this tab: a filter is as it was when one comes back to its page. */
export function useKept<T>(key: string, fresh: T): Ref<T> {
  const value = ref(read(sessionStorage, `suifang.${key}`, fresh)) as Ref<T>
  watch(value, (now) => sessionStorage.setItem(`suifang.${key}`, JSON.stringify(now)), { deep: true })
  return value
}

/** Unsent answers: they survive a reload, a lost network and the end of the session. */
export const drafts = {
  read: <T>(key: string, fresh: T): T => read(localStorage, `suifang.draft.${key}`, fresh),
  write: (key: string, value: unknown): void => localStorage.setItem(`suifang.draft.${key}`, JSON.stringify(value)),
  /** Nothing typed leaves nothing behind. */
  keep: (key: string, value: Record<string, unknown>): void => (Object.values(value).some((own) => typeof own === 'string' && own.trim() !== '') ? drafts.write(key, value) : drafts.drop(key)),
  drop: (key: string): void => localStorage.removeItem(`suifang.draft.${key}`),
}
