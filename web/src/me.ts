// Who is signed in, and what the frame shows of the server.
import { reactive } from 'vue'
import { get, onSignedOut, post, remove, type Schemas } from './api/client'
import { hide } from './clear'
import { setZone } from './formats'
import { router } from './router'
import { i18n } from './words'

interface State {
  me: Schemas['MeView'] | null
  overview: Schemas['OverviewView'] | null
}

export const state = reactive<State>({ me: null, overview: null })

onSignedOut(() => {
  state.me = null
  state.overview = null
  const from = router.currentRoute.value
  if (from.name !== 'sign-in') void router.push({ name: 'sign-in', query: { to: from.fullPath } })
})

/** Whoever the cookie says; `false`: nobody. */
export async function recall(): Promise<boolean> {
  if (state.me) return true
  try {
    state.me = await get<Schemas['MeView']>('/api/me')
    await lookAround()
    return true
  } catch {
    return false
  }
}

export async function signIn(login: string, password: string): Promise<void> {
  state.me = await post<Schemas['MeView']>('/api/session', { login, password })
  await lookAround()
}

export async function signOut(): Promise<void> {
  await remove('/api/session')
  // Filters and lists of one person are not the next one's.
  sessionStorage.clear()
  hide()
  state.me = null
  state.overview = null
  await router.push({ name: 'sign-in' })
}

export async function lookAround(): Promise<void> {
  const overview = await get<Schemas['OverviewView']>('/api/overview')
  setZone(overview.timezone)
  state.overview = overview
  document.title = `${overview.hospital} ${i18n.global.t('app.centre')}`
}
