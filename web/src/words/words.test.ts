import { expect, it } from 'vitest'
import en from './en'
import zh from './zh'

type Tree = { [key: string]: string | Tree }

function keys(tree: Tree, at = ''): string[] {
  return Object.entries(tree).flatMap(([name, value]) =>
    typeof value === 'string' ? [`${at}${name}`] : keys(value, `${at}${name}.`),
  )
}

function texts(tree: Tree): string[] {
  return Object.values(tree).flatMap((value) => (typeof value === 'string' ? [value] : texts(value)))
}

it('both languages have every word', () => {
  expect(keys(en).sort()).toEqual(keys(zh).sort())
})

it('the Chinese page keeps to the house style', () => {
  for (const text of texts(zh)) {
    // 我的病人 is the source's own name of that page.
    expect(text.replace('我的病人', '')).not.toMatch(/病人|坐席|话务员|您|!|!|N\/A|操作失败/)
    expect(text).not.toMatch(/[\u4e00-\u9fff][,:;?]/)
    expect(text).not.toBe('')
  }
})
