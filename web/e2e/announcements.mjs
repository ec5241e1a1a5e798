// 运营商提示音 of the demo hospital: what was not recognised is listened to, three of a kind are
// labelled and gone from the list, the others can be tried again, and what was learnt forgotten.
//   node e2e/announcements.mjs http://127.0.0.1:8080 demo PASSWORD [FOLDER]
import assert from 'node:assert/strict'
import { open, signIn } from './routes.mjs'

const [base, login, password, folder] = process.argv.slice(2)
const browser = await open()
const page = await browser.newPage({ viewport: { width: 1440, height: 1000 } })
const wrong = []
page.on('pageerror', (error) => wrong.push(String(error)))
const shot = async (name) => folder && (await page.screenshot({ path: `${folder}/${name}.png` }))
await signIn(page, base, login, password)

// Another turn of this walk may have left some: forgotten, their recordings have no label any more.
await page.goto(`${base}/announcements`)
await page.waitForSelector('section')
const learnt = page.locator('section').last().locator('.el-table__row')
const forgetAll = async (word) => {
  for (let left = await learnt.count(); left > 0; left--) {
    await learnt.first().getByRole('button', { name: word }).click()
    await page.waitForFunction((left) => document.querySelectorAll('section')[1].querySelectorAll('.el-table__row').length === left, left - 1)
  }
}
await page.waitForTimeout(1500)
await forgetAll('忘记')

// Three that the carrier ended alike are of one kind in the demo.
const kinds = () => page.evaluate(async () => {
  const { unknown } = await (await fetch('/api/announcements')).json()
  const of = Object.groupBy(unknown, (one) => `${one.sip_status}`)
  return Object.values(of).find((some) => some.length >= 3)?.map((one) => one.recording_id)
})
let alike
for (let tries = 0; tries < 120 && !alike; tries++) {
  alike = await kinds()
  if (!alike) await page.waitForTimeout(2000)
}
assert.ok(alike, 'no three announcements of one kind within four minutes')
await page.goto(`${base}/announcements`)
await page.waitForSelector('.el-table__row')
const before = await page.locator('section').first().locator('.el-table__row').count()
await page.locator('section').first().getByRole('button', { name: /播放/ }).first().click()
const audio = page.locator('audio')
await page.waitForFunction(() => document.querySelector('audio')?.duration > 1)
assert.ok((await audio.evaluate((it) => it.duration)) > 1)
await shot('announcements.1440.zh')

const ids = await page.evaluate(async () => (await (await fetch('/api/announcements')).json()).unknown.map((one) => one.recording_id))
for (const id of alike.slice(0, 3)) {
  await page.locator('section').first().locator('.el-table__row').nth(ids.indexOf(id)).locator('.el-checkbox').click()
}
await page.locator('.bar .el-select').click()
await page.getByRole('option', { name: '关机' }).click()
await page.getByRole('button', { name: '学习所选 3 段' }).click()
await page.waitForFunction(() => document.querySelectorAll('section')[1].querySelectorAll('.el-table__row').length === 1)
assert.ok((await page.locator('section').first().locator('.el-table__row').count()) < before + 1)
await page.waitForTimeout(1500)
await shot('announcements-learnt.1440.zh')
await page.evaluate(() => localStorage.setItem('suifang.language', 'en'))
await page.setViewportSize({ width: 390, height: 1200 })
await page.reload()
await page.waitForSelector('.el-table__row')
await shot('announcements.390.en')
assert.ok((await page.locator('.page').evaluate((it) => it.getBoundingClientRect().width)) <= 390, 'nothing stands out of a narrow page')
await forgetAll('Forget')
assert.deepEqual(wrong, [])
console.log('listened to, labelled, known and forgotten; nothing wrong')
await browser.close()
