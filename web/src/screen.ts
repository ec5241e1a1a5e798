// How much room there is, and how large the text shall be.
import { onMounted, onUnmounted, ref, type Ref } from 'vue'

export type TextSize = 14 | 16 | 18
export const TEXT_SIZES: TextSize[] = [14, 16, 18]
const KEPT = 'suifang.text'

export const textSize = ref<TextSize>(14)

export function setTextSize(size: TextSize): void {
  textSize.value = size
  localStorage.setItem(KEPT, String(size))
  document.documentElement.style.setProperty('--text', `${size}px`)
}

const kept = Number(localStorage.getItem(KEPT))
if (TEXT_SIZES.includes(kept as TextSize)) setTextSize(kept as TextSize)

/** A width that was drawn for the smallest text. */
export const px = (width: number): number => Math.round((width * textSize.value) / 14)

/** Is the window at least this wide? */
export function useWide(pixels: number): Ref<boolean> {
  const query = window.matchMedia(`(min-width: ${pixels}px)`)
  const wide = ref(query.matches)
  const follow = () => (wide.value = query.matches)
  onMounted(() => query.addEventListener('change', follow))
  onUnmounted(() => query.removeEventListener('change', follow))
  return wide
}
