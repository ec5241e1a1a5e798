// 信令 on a call's page of the demo hospital: the ladder is drawn, a message opens by key, whole
// numbers come for a reason and go away, English says the same, and a narrow page loses nothing.
//   node e2e/signalling.mjs http://127.0.0.1:8080 demo PASSWORD [FOLDER]
import assert from 'node:assert/strict'
import { chromium } from 'playwright-core'

const [base, login, password, folder] = process.argv.slice(2)
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
const page = await browser.newPage({ viewport: { width: 1440, height: 1900 } })
const wrong = []
page.on('pageerror', (error) => wrong.push(String(error)))
const shot = async (name) => folder && (await page.screenshot({ path: `${folder}/${name}.png` }))
await page.goto(`${base}/sign-in`)
await page.fill('#login', login)
await page.fill('#password', password)
await page.click('button[type=submit]')
await page.waitForURL((url) => url.pathname === '/')

const find = (outcome) => page.evaluate(async (outcome) => (await (await fetch(`/api/calls?outcome=${outcome}&state=ended&limit=1`)).json()).items[0]?.call_id, outcome)
let completed
for (let tries = 0; tries < 120 && !completed; tries++) {
  completed = await find('completed')
  if (!completed) await page.waitForTimeout(2000)
}
assert.ok(completed, 'no call of the demo was completed within four minutes')
await page.goto(`${base}/calls/${completed}`)
await page.waitForSelector('.ladder tbody tr')
const rows = page.locator('.ladder tbody tr')
assert.ok((await rows.count()) >= 5, 'an answered call has at least INVITE, 200, ACK, BYE, 200')
// The whole section stands in one block, so that a picture shows it. Masked: no number of eleven digits.
await rows.first().focus()
await page.keyboard.press('Enter')
await page.waitForSelector('.text pre')
const masked = await page.locator('.text pre').textContent()
assert.match(masked, /^INVITE sip:\*+\d{4}@/)
await page.waitForTimeout(300)
await shot('signalling.1440.zh')

await page.getByRole('button', { name: '看明文' }).last().click()
await page.locator('.why select').last().selectOption('verify_identity')
await page.locator('.why button[type=submit]').last().click()
await page.waitForFunction(() => /INVITE sip:[+\d]{7,}@/.test(document.querySelector('.text pre')?.textContent ?? ''))
await page.getByRole('button', { name: '隐藏' }).last().click()
await page.waitForFunction(() => /INVITE sip:\*/.test(document.querySelector('.text pre')?.textContent ?? ''))

const busy = (await find('busy')) ?? (await find('no_answer')) ?? (await find('not_in_service'))
if (busy) {
  await page.goto(`${base}/calls/${busy}`)
  await page.waitForSelector('.ladder tbody tr')
  await page.evaluate(() => localStorage.setItem('suifang.language', 'en'))
  await page.reload()
  await page.waitForSelector('.ladder tbody tr')
  await shot('signalling-failed.1440.en')
}
await page.evaluate(() => localStorage.setItem('suifang.language', 'zh-CN'))
await page.setViewportSize({ width: 390, height: 1700 })
await page.reload()
await page.waitForSelector('.ladder tbody tr')
await shot('signalling.390')
const wide = () => page.evaluate(() => document.documentElement.scrollWidth)
const own = await wide()
await page.goto(`${base}/`)
await page.waitForTimeout(500)
assert.ok(own <= (await wide()), 'at 390 the call makes the page wider than its frame is')
assert.deepEqual(wrong, [])
console.log('the ladder stands; nothing wrong')
await browser.close()
