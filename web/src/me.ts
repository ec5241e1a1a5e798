// Who is signed in, and what the frame shows of the server.
import { reactive, watch } from 'vue'
import { get, onLocked, onSignedOut, post, remove, type Schemas } from './api/client'
import { hide } from './clear'
import { setZone } from './formats'
import { drafts } from './kept'
import { router } from './router'
import { i18n } from './words'

type Me = Schemas['MeView']
interface State {
  me: Me | null
  overview: Schemas['OverviewView'] | null
  /** Nobody has touched the page: it shows nothing until the password is typed again. */
  locked: boolean
  lockedAs: Me | null
}

export const state = reactive<State>({ me: null, overview: null, locked: false, lockedAs: null })
watch(() => state.locked, (locked) => {
  if (locked) state.lockedAs = state.me ?? state.lockedAs
  if (locked) hide()
  // Drawers stand beside the page: a class hides them, too.
  document.body.classList.toggle('locked', locked)
}, { flush: 'sync' })

onLocked(() => (state.locked = true))
onSignedOut(() => {
  state.me = null
  state.overview = null
  state.locked = false
  hide()
  const from = router.currentRoute.value
  if (from.name !== 'sign-in') void router.push({ name: 'sign-in', query: { to: from.fullPath } })
})

async function enter(me: Me): Promise<void> {
  await drafts.take(me.login)
  state.me = me
  await lookAround()
}

/** Whoever the cookie says; `false`: nobody, or not all the way. */
export async function recall(): Promise<boolean> {
  if (state.me || state.locked) return true
  try {
    const me = await get<Me>('/api/me')
    if (me.needs) return false
    if (me.locked) {
      state.lockedAs = me
      state.locked = true
    } else {
      await enter(me)
    }
    return true
  } catch {
    return false
  }
}

/** What is still to be done before one is signed in; `null`: nothing. */
export async function signIn(login: string, password: string): Promise<Me['needs']> {
  return going(await post<Me>('/api/session', { login, password }))
}

export async function giveCode(code: string): Promise<Me['needs']> {
  return going(await post<Me>('/api/session/code', { code: code.trim() }))
}

export async function goOn(): Promise<Me['needs']> {
  return going(await get<Me>('/api/me'))
}

async function going(me: Me): Promise<Me['needs']> {
  if (!me.needs) await enter(me)
  return me.needs
}

export async function unlock(password: string): Promise<void> {
  const me = await post<Me>('/api/session/unlock', { password })
  // A page that was there stays as it was, with all that was typed.
  if (state.me) state.me = me
  else await enter(me)
  state.locked = false
  await lookAround()
}

/** The next person begins at the front; what the first had typed waits on the server. */
export async function changeOver(login: string, password: string): Promise<void> {
  const arrived = await drafts.flush()
  await post<Me>('/api/session/change', { login, password })
  if (arrived) await drafts.leave()
  sessionStorage.clear()
  hide()
  // Nothing of the first person stays in this page's memory.
  window.location.assign('/')
}

export async function signOut(): Promise<void> {
  await drafts.leave()
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
