import { describe, expect, it } from 'vitest'
import { askedItems, keysOf, saidOf, toSend, wordingOf, type Form, type Item } from './form'

const pain: Item = { linkId: 'pain', type: 'boolean', text: '疼痛', say: { zh: '身上痛吗?不痛按1。', en: 'Any pain? No press 1.' }, answerOption: [{ key: '1', code: 'false', zh: '无', en: 'no' }, { key: '2', code: 'true', zh: '有', en: 'yes' }] }
const nrs: Item = { linkId: 'nrs', type: 'integer', text: '评分', unit: '分', enableWhen: [{ question: 'pain', operator: '=', answer: 'true' }] }
const form: Form = { id: 'f', version: 1, title: { zh: '表' }, item: [{ linkId: 'hello', type: 'display', text: '问候' }, pain, nrs] }
const ids = (items: Item[]) => items.map((item) => item.linkId)

describe('the form', () => {
  it('asks what the answers call for', () => {
    expect(ids(askedItems(form, {}))).toEqual(['pain'])
    expect(ids(askedItems(form, { pain: { value: 'true' } }))).toEqual(['pain', 'nrs'])
    expect(ids(askedItems(form, { pain: { value: '', status: 'declined' } }))).toEqual(['pain'])
  })
  it('reads the question without its keys', () => {
    expect(wordingOf(pain, 'zh-CN')).toBe('身上痛吗?')
    expect(wordingOf(pain, 'en')).toBe('Any pain?')
    expect(wordingOf(nrs, 'zh-CN')).toBe('评分')
  })
  it('keeps the keys of the telephone, or counts', () => {
    expect(keysOf(pain.answerOption!)).toEqual(['1', '2'])
    expect(keysOf([{ code: 'a', zh: '甲', en: 'a' }, { code: 'b', zh: '乙', en: 'b' }])).toEqual(['1', '2'])
  })
  it('says and sends what was answered, but not what the telephone had or is asked no more', () => {
    expect(saidOf(nrs, { value: '3' }, 'zh-CN')).toBe('3 分')
    expect(saidOf(pain, { value: 'true' }, 'en')).toBe('yes')
    expect(toSend(form, { pain: { value: 'false' }, nrs: { value: '3' } })).toEqual([{ link_id: 'pain', value: 'false', status: null }])
    expect(toSend(form, { pain: { value: 'true', auto: true }, nrs: { value: '', status: 'unknown' } })).toEqual([{ link_id: 'nrs', value: null, status: 'unknown' }])
  })
})
