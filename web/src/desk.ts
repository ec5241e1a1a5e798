// The agent's desk: the own state and the call, as the server has them. A reload finds them again.
import { computed, reactive } from 'vue'
import { get, post, type Schemas } from './api/client'
import { router } from './router'
import { state } from './me'

export type Desk = Schemas['DeskView']
export type DeskCall = Schemas['DeskCallView']

export const desk = reactive<{ now: Desk | null }>({ now: null })
export const call = computed<DeskCall | null>(() => desk.now?.call ?? null)
export const mayDesk = computed(() => state.me?.modules.includes('desk') ?? false)

let shown = ''

/** A new call opens its page; a page that was left for another is not brought back. */
export function take(now: Desk): void {
  desk.now = now
  const one = now.call
  if (!one || one.part !== 'agent' || one.call_id === shown) return
  shown = one.call_id
  void router.push(pageOf(one))
}

export function pageOf(one: DeskCall): string {
  return one.task_id ? `/tasks/${one.task_id}` : `/desk/${one.call_id}`
}

export async function look(): Promise<void> {
  if (mayDesk.value) take(await get<Desk>('/api/desk'))
}

export async function enter(): Promise<void> {
  take(await post<Desk>('/api/desk/enter'))
}

export async function leave(): Promise<void> {
  take(await post<Desk>('/api/desk/leave'))
}

export async function pause(reason: string | null): Promise<void> {
  if (desk.now?.state === 'offline') await enter()
  take(await post<Desk>('/api/desk/pause', { reason }))
}

export async function done(): Promise<void> {
  take(await post<Desk>('/api/desk/done'))
}

/** The own phone rings first, then the patient's. */
export async function dial(task: string, number?: string): Promise<void> {
  if (desk.now?.state === 'offline') await enter()
  await post<Schemas['DialledView']>('/api/desk/dial', { task_id: task, number_id: number ?? null })
}

export async function act(one: DeskCall, what: Partial<Schemas['ActAsk']> & { act: Schemas['ActWord'] }): Promise<void> {
  take(await post<Desk>(`/api/desk/calls/${one.call_id}/act`, what))
}

/** The call in which this follow-up is asked now, or which waits for its word. */
export function callOf(task: string): DeskCall | null {
  const now = desk.now
  if (!now) return null
  const live = now.call && now.call.task_id === task && now.call.part === 'agent' ? now.call : null
  return live ?? now.to_write_up.find((one) => one.task_id === task) ?? null
}
