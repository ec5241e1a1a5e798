// A page that locks in the middle of a form: by ten minutes without a touch, then the same
// person goes on; by hand, then another one changes over, and the first finds the form again.
//   node e2e/lock.mjs http://127.0.0.1:8080 demo PASSWORD [FOLDER]
import assert from 'node:assert/strict'
import { open, signIn } from './routes.mjs'

const [base, login, password, folder] = process.argv.slice(2)
if (!password) throw new Error('usage: lock.mjs URL LOGIN PASSWORD [FOLDER]')
const browser = await open()
const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, locale: 'zh-CN' })
const wrong = []
page.on('pageerror', (error) => wrong.push(String(error)))
const shot = async (name) => folder && (await page.screenshot({ path: `${folder}/${name}.png` }))
await page.clock.install()
await signIn(page, base, login, password)
await page.goto(`${base}/due`)
await page.waitForSelector('tr.open')
await page.keyboard.press('j')
await page.keyboard.press('Enter')
await page.waitForURL(/\/tasks\//)
await page.waitForSelector('.focus')
const task = page.url()
const NOTE = `写到一半 ${Date.now()}`
await page.fill('#notes', NOTE)
await page.waitForTimeout(300)

// Nobody touches it. What was typed last goes to the server before the lock.
await page.clock.fastForward('10:30')
await page.waitForSelector('.lock', { timeout: 10000 })
await shot('locked')
assert.equal(await page.locator('#notes').isVisible(), false, 'nothing of the patient is in sight')
assert.equal(await page.evaluate(async () => (await fetch('/api/patients')).status), 423, 'the server has locked, too')
await page.fill('#lk2', 'a wrong one')
await page.keyboard.press('Enter')
await page.waitForSelector('.lock .wrong')
await page.fill('#lk2', password)
await page.keyboard.press('Enter')
await page.waitForSelector('.lock', { state: 'detached' })
assert.equal(await page.inputValue('#notes'), NOTE, 'the form is as it was')

// A reload of a locked page shows nothing either.
await page.locator('details.who summary').last().click()
await page.getByRole('button', { name: '锁屏' }).click()
await page.waitForSelector('.lock')
await page.reload()
await page.waitForSelector('.lock')
assert.equal(await page.locator('main').count(), 0)

// 换人: press, sign in.
await page.getByRole('button', { name: '换人' }).click()
await shot('change')
await page.fill('#lk1', `${login}2`)
await page.fill('#lk2', password)
await page.keyboard.press('Enter')
await page.waitForFunction(() => document.querySelector('main') && !document.querySelector('.lock'), undefined, { timeout: 15000 })
assert.equal(await page.evaluate(async () => (await (await fetch('/api/me')).json()).login), `${login}2`)
assert.deepEqual(await page.evaluate((note) => Object.keys(localStorage).filter((key) => localStorage.getItem(key).includes(note)), NOTE), [], 'nothing of the first is left in the browser')

// The first person, at any browser.
await page.evaluate(() => fetch('/api/session', { method: 'DELETE', headers: { 'x-suifang': '1' } }))
const other = await (await browser.newContext({ locale: 'zh-CN' })).newPage()
await signIn(other, base, login, password)
await other.goto(task)
await other.waitForSelector('#notes')
assert.equal(await other.inputValue('#notes'), NOTE, 'the form waited on the server')
assert.deepEqual(wrong, [])
console.log('passed: locked, unlocked, changed over, found again')
await browser.close()
