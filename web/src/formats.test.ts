import { describe, expect, it } from 'vitest'
import { count, dateTime, duration, maskedName, position, rate } from './formats'
import { halfOf, withTerms } from './api/client'

describe('the house style', () => {
  it('writes dates with the weekday in the hospital’s zone', () => {
    expect(dateTime('2026-11-23T06:05:09Z')).toBe('2026-11-23 周一 14:05')
    expect(dateTime('2026-11-22T16:30:00Z')).toBe('2026-11-23 周一 00:30')
    expect(dateTime('2026-11-23T06:05:09Z', 'en')).toBe('2026-11-23 Mon 14:05')
    expect(dateTime(null)).toBe('')
    expect(dateTime('nonsense')).toBe('')
  })
  it('writes durations in words', () => {
    const cases: [number, string][] = [
      [0, '0 秒'],
      [59.4, '59 秒'],
      [200, '3 分 20 秒'],
      [3720, '1 小时 2 分'],
      [-5, '0 秒'],
    ]
    for (const [seconds, expected] of cases) expect(duration(seconds)).toBe(expected)
    expect(duration(200, 'en')).toBe('3 min 20 s')
    expect(position(200.9)).toBe('03:20')
  })
  it('masks names and writes figures', () => {
    expect(maskedName('张建国')).toBe('张*')
    expect(maskedName(' 𠮷田 ')).toBe('𠮷*')
    expect(maskedName('')).toBe('')
    expect(rate(35, 47)).toBe('74.47 %')
    expect(rate(1, 0)).toBe('')
    expect(count(1234567)).toBe('1,234,567')
  })
  it('picks the half of a message that fits the language', () => {
    expect(halfOf('没有停呼 / calls are not stopped', 'zh-CN')).toBe('没有停呼')
    expect(halfOf('没有停呼 / calls are not stopped', 'en')).toBe('calls are not stopped')
    expect(halfOf('只有中文', 'en')).toBe('只有中文')
    expect(withTerms('/api/calls', { search: '张', state: '', limit: 50 })).toBe(
      '/api/calls?search=%E5%BC%A0&limit=50',
    )
  })
})
