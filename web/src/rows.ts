// J and K, or the arrows, move through the rows of a list, Enter opens one.

/** Answers whether the key was ours. */
export function moveThroughRows(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement
  if (/INPUT|TEXTAREA|SELECT/.test(target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return false
  const rows = [...document.querySelectorAll<HTMLElement>('main tr.open')]
  const at = rows.findIndex((row) => row === document.activeElement)
  if (event.key === 'Enter' && at >= 0) {
    rows[at]!.click()
    return true
  }
  // Arrows scroll the page until a row is taken.
  const arrow = at < 0 ? 0 : event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
  const step = event.key === 'j' ? 1 : event.key === 'k' ? -1 : arrow
  const next = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + step))]
  if (step === 0 || !next) return false
  next.tabIndex = -1
  next.focus()
  return true
}
