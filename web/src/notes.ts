// The notes of the call in hand, as typed so far; another page may add to them.
import { reactive } from 'vue'
import { call, desk } from './desk'
import { drafts } from './kept'

const open = reactive<Record<string, string>>({})
const key = (id: string) => `notes.${id}`

export function notesOf(id: string): string {
  return (open[id] ??= drafts.read(key(id), ''))
}

export function write(id: string, text: string): void {
  open[id] = text
  if (text === '') drafts.drop(key(id))
  else drafts.write(key(id), text)
}

/** Sent: nothing more to keep. */
export const sent = (id: string): void => drafts.drop(key(id))

/** Adds to the notes of the call in hand, or of the one that waits for its word. */
export function addToNotes(text: string): boolean {
  const one = call.value ?? desk.now?.to_write_up[0]
  if (!one) return false
  const before = notesOf(one.call_id)
  write(one.call_id, before === '' ? text : `${before}\n${text}`)
  return true
}

/** To the clipboard, also where the page is not served over HTTPS. */
export async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const box = document.createElement('textarea')
    box.value = text
    box.style.position = 'fixed'
    box.style.opacity = '0'
    document.body.append(box)
    box.select()
    const copied = document.execCommand('copy')
    box.remove()
    return copied
  }
}
