// A word of a table, also where the word is new to the page or not there yet.
import { useI18n } from 'vue-i18n'

export function useSay(): (table: string, word: string | number | null | undefined) => string {
  const { t, te } = useI18n()
  return (table, word) => {
    if (word === null || word === undefined || word === '') return ''
    const key = `${table}.${word}`
    return te(key) ? t(key) : String(word)
  }
}
