// Why a call ended as it did, in words; what the wire said, where there are none.
import type { Schemas } from './api/client'

type Words = (key: string, named?: Record<string, unknown>) => string

const KNOWN: Record<string, string> = {
  'no response from the trunk': 'reason.no_response',
  'the longest a call may take': 'reason.longest',
  'no sound from the far side': 'reason.no_sound',
  'crash before the INVITE': 'reason.crash',
  crash: 'reason.crash',
  stop: 'reason.stop',
}

export function reasonOf(call: Schemas['CallView'], t: Words): string {
  const parts: string[] = []
  const why = call.why ?? (call.outcome ? null : call.end_why)
  if (why) parts.push(KNOWN[why] ? t(KNOWN[why]) : ENDED.has(why) ? t(`ended_by.${why}`) : why)
  if (call.sip_status && call.sip_status >= 300) parts.push(`SIP ${call.sip_status}`)
  if (call.q850) parts.push(`Q.850 ${call.q850}`)
  return parts.join(' · ')
}

const ENDED = new Set(['we', 'they', 'timeout', 'fault', 'crash'])

/** `waiting_retry 11-23 14:05` */
export function idleOf(why: string, t: Words): string {
  const [word = '', ...rest] = why.split(' ')
  return t(`idle.${word}`, { at: rest.join(' ') })
}

/** Why a task is in its state: one of our words, or words of a questionnaire. */
export function whyOf(why: string | null | undefined, t: Words, te: (key: string) => boolean): string {
  if (!why) return ''
  for (const table of ['why', 'outcome', 'task_state']) {
    if (te(`${table}.${why}`)) return t(`${table}.${why}`)
  }
  return why
}
