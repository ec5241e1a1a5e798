import { expect, it } from 'vitest'
import { band, csvOf, of, percentOf } from './stat'

it('writes rates and tables', () => {
  const rate = { part: 7447, whole: 10000, percent: '74.47 %', low: 0.7361, high: 0.7532 }
  expect(percentOf(rate)).toBe(74.47)
  expect(percentOf({ part: 0, whole: 0 })).toBeNull()
  expect(of(rate)).toBe('7447 / 10000')
  expect(band(rate)).toBe('73.6–75.3 %')
  expect(csvOf([{ key: 'a', label: '科室' }, { key: 'b', label: 'n' }], [{ a: '=内科,"一"', b: 3 }])).toBe('\uFEFF科室,n\r\n"\'=内科,""一""",3\r\n')
})
