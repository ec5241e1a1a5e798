import { beforeEach, describe, expect, it, vi } from 'vitest'

const dialled: string[] = []
let refuse: (id: string) => number | undefined = () => undefined
const desk = vi.hoisted(() => ({ now: null as null | { call: unknown; to_write_up: unknown[]; state: string } }))
vi.mock('./desk', () => ({
  desk,
  dial: async (id: string) => {
    const status = refuse(id)
    if (status) throw new Problem(status, `不行 / no ${id}`)
    dialled.push(id)
    desk.now = { call: { id }, to_write_up: [], state: 'reserved' }
  },
}))
const store = new Map<string, string>()
vi.stubGlobal('sessionStorage', { getItem: (key: string) => store.get(key) ?? null, setItem: (key: string, value: string) => store.set(key, value), removeItem: (key: string) => store.delete(key) })

const { Problem } = await import('./api/client')
const { begin, BREATH, hold, progressive, skip, stop, turn } = await import('./progressive')
const free = () => (desk.now = { call: null, to_write_up: [], state: 'idle' })
const seconds = async (n: number) => {
  for (let second = 0; second < n; second += 1) await turn()
}

describe('calling a list', () => {
  beforeEach(() => {
    dialled.length = 0
    refuse = () => undefined
    free()
    begin(['a', 'b', 'c'])
  })
  it('dials the next one only when nothing is left to write up, and after a breath', async () => {
    await seconds(1)
    expect(dialled).toEqual(['a'])
    await seconds(20)
    expect(dialled).toEqual(['a'])
    desk.now = { call: null, to_write_up: [{}], state: 'idle' }
    await seconds(20)
    expect(dialled).toEqual(['a'])
    free()
    await seconds(BREATH - 1)
    expect(dialled).toEqual(['a'])
    await seconds(1)
    expect(dialled).toEqual(['a', 'b'])
  })
  it('passes over who may not be called now, and stops at a fault', async () => {
    refuse = (id) => ({ a: 409, b: 500 })[id]
    await seconds(2)
    expect(progressive.of).toMatchObject({ at: 1, passed: 1, called: 0 })
    expect(progressive.held).toBe(true)
    await seconds(20)
    expect(dialled).toEqual([])
  })
  it('can be held, skipped and stopped, and is found again', async () => {
    hold(true)
    await seconds(20)
    expect(dialled).toEqual([])
    skip()
    hold(false)
    await seconds(BREATH)
    expect(dialled).toEqual(['b'])
    expect(JSON.parse(store.get('suifang.progressive')!)).toMatchObject({ at: 2, called: 1, passed: 1 })
    stop()
    expect(store.size).toBe(0)
  })
  it('stops at the end', async () => {
    for (let n = 0; n < 5; n += 1) {
      await seconds(BREATH)
      free()
    }
    expect(dialled).toEqual(['a', 'b', 'c'])
    expect(progressive.of?.at).toBe(3)
  })
})
