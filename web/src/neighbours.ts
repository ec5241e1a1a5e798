// Next and previous patient: of the list that one came from.
const KEPT = 'suifang.neighbours'

export function setNeighbours(ids: string[]): void {
  sessionStorage.setItem(KEPT, JSON.stringify([...new Set(ids)]))
}

export function neighboursOf(id: string): { at: number; all: number; previous?: string; next?: string } {
  const ids = JSON.parse(sessionStorage.getItem(KEPT) ?? '[]') as string[]
  const at = ids.indexOf(id)
  return at < 0 ? { at: 0, all: 0 } : { at: at + 1, all: ids.length, previous: ids[at - 1], next: ids[at + 1] }
}
