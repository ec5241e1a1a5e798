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

const HEAD = 'suifang.draft.'
const OWNER = 'suifang.draft-owner'
/** Nobody types faster than the server is told. */
const SETTLED_MS = 1500
const waiting = new Map<string, ReturnType<typeof setTimeout>>()

/** Without the client's ways: a draft that does not arrive signs nobody out. */
async function tell(method: string, key: string, body?: string): Promise<boolean> {
  const headers = { 'x-suifang': '1', 'content-type': 'application/json' }
  try {
    return (await fetch(`/api/me/drafts/${encodeURIComponent(key)}`, { method, headers, body, credentials: 'same-origin', keepalive: true })).ok
  } catch {
    return false
  }
}

async function send(key: string): Promise<boolean> {
  clearTimeout(waiting.get(key))
  const body = localStorage.getItem(HEAD + key)
  const done = body === null || (await tell('PUT', key, body))
  if (done) waiting.delete(key)
  return done
}

function sendSoon(key: string): void {
  clearTimeout(waiting.get(key))
  waiting.set(key, setTimeout(() => void send(key), SETTLED_MS))
}

function forget(): void {
  for (const key of Object.keys(localStorage).filter((one) => one.startsWith(HEAD))) localStorage.removeItem(key)
}

/** Unsent answers: they survive a reload, a lost network, the end of the session and the next
 *  person at this browser; the server keeps them for whoever typed them. */
export const drafts = {
  read: <T>(key: string, fresh: T): T => read(localStorage, HEAD + key, fresh),
  write: (key: string, value: unknown): void => {
    localStorage.setItem(HEAD + key, JSON.stringify(value))
    sendSoon(key)
  },
  /** Nothing typed leaves nothing behind. */
  keep: (key: string, value: Record<string, unknown>): void => (Object.values(value).some((own) => typeof own === 'string' && own.trim() !== '') ? drafts.write(key, value) : drafts.drop(key)),
  drop: (key: string): void => {
    clearTimeout(waiting.get(key))
    waiting.delete(key)
    const was = localStorage.getItem(HEAD + key) !== null
    localStorage.removeItem(HEAD + key)
    if (was) void tell('DELETE', key)
  },
  /** What the server has not heard yet; `false` when some of it did not arrive. */
  flush: async (): Promise<boolean> => (await Promise.all([...waiting.keys()].map(send))).every(Boolean),
  /** Another person's are not read here; one's own come from wherever they were typed. */
  take: async (login: string): Promise<void> => {
    if (localStorage.getItem(OWNER) !== login) forget()
    localStorage.setItem(OWNER, login)
    const response = await fetch('/api/me/drafts', { credentials: 'same-origin' }).catch(() => undefined)
    if (!response?.ok) return
    for (const one of (await response.json()) as { name: string; body: unknown }[]) {
      if (localStorage.getItem(HEAD + one.name) === null) localStorage.setItem(HEAD + one.name, JSON.stringify(one.body))
    }
  },
  /** The next person finds nothing; what did not arrive stays for its own. */
  leave: async (): Promise<void> => {
    if (await drafts.flush()) forget()
  },
}
