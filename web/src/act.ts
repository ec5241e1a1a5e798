// One write to the server: busy meanwhile, its failure in words, when it was done.
import { ref, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { halfOf, Problem } from './api/client'
import { clock } from './formats'

export interface Act {
  busy: Ref<boolean>
  problem: Ref<string>
  /** 14:05:32 of the last success. */
  done: Ref<string>
  act: (what: () => Promise<unknown>) => Promise<boolean>
}

export function useAct(): Act {
  const { locale } = useI18n()
  const busy = ref(false)
  const problem = ref('')
  const done = ref('')
  async function act(what: () => Promise<unknown>): Promise<boolean> {
    busy.value = true
    problem.value = ''
    try {
      await what()
      done.value = clock(new Date().toISOString())
      return true
    } catch (error) {
      done.value = ''
      problem.value = error instanceof Problem ? halfOf(error.detail, locale.value) : String(error)
      return false
    } finally {
      busy.value = false
    }
  }
  return { busy, problem, done, act }
}
