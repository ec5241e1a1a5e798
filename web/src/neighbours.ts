// Next and previous: of the list that one came from.
export type Of = 'patients' | 'tasks'

export interface Beside {
  at: number
  all: number
  previous?: string
  next?: string
}

export function setNeighbours(of: Of, ids: string[]): void {
  sessionStorage.setItem(`suifang.beside.${of}`, JSON.stringify([...new Set(ids)]))
}

export function neighboursOf(of: Of, id: string): Beside {
  const ids = JSON.parse(sessionStorage.getItem(`suifang.beside.${of}`) ?? '[]') as string[]
  const at = ids.indexOf(id)
  return at < 0 ? { at: 0, all: 0 } : { at: at + 1, all: ids.length, previous: ids[at - 1], next: ids[at + 1] }
}
