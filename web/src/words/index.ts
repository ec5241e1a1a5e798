import { createI18n } from 'vue-i18n'
import en from './en'
import zh from './zh'

export type Locale = 'zh-CN' | 'en'

const KEPT = 'suifang.language'

const kept = localStorage.getItem(KEPT)
// The nurses' language first, whatever a new machine's browser speaks.
const first: Locale = kept === 'en' ? 'en' : 'zh-CN'

export const i18n = createI18n({
  legacy: false,
  locale: first as string,
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': zh, en },
})

export function setLocale(locale: Locale): void {
  i18n.global.locale.value = locale
  localStorage.setItem(KEPT, locale)
  document.documentElement.lang = locale
}

document.documentElement.lang = first
