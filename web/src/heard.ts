// Which recordings can be heard, and where in them each question was answered.
import { useI18n } from 'vue-i18n'
import type { Schemas } from './api/client'

type Recording = Schemas['RecordingView']
type Answer = Schemas['AnswerView']

export interface Mark {
  n: number
  at: number
}

export const playable = (recording: Recording): boolean => recording.state === 'finished' || recording.state === 'repaired'

export function marksOf(recording: Recording, answers: Answer[]): Mark[] {
  const start = new Date(recording.started_at).getTime()
  const length = recording.duration_ms ?? 0
  return answers
    .map((answer, n) => ({ n: n + 1, at: (new Date(answer.at).getTime() - start) / 1000, status: answer.status }))
    .filter((mark) => mark.status === 'answered' && mark.at >= 0 && mark.at * 1000 <= length + 500)
}

/** What was answered, in words. */
export function useSaid(): (answer: Answer) => string {
  const { t, te } = useI18n()
  return (answer) => {
    if (answer.status !== 'answered') return t(`blank.${answer.status}`)
    if (!answer.option && answer.option_code && te(`identity.${answer.option_code}`)) return t(`identity.${answer.option_code}`)
    const value = answer.option ?? answer.number ?? answer.value ?? answer.option_code ?? ''
    return answer.unit ? `${value} ${answer.unit}` : value
  }
}
