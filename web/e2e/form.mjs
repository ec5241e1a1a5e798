// A whole follow-up by mouse alone in at most questions + 3 clicks, kept over a reload; and
// the due list by keys alone.
//   node e2e/form.mjs http://127.0.0.1:8080 demo PASSWORD
import assert from 'node:assert/strict'
import { chromium } from 'playwright-core'

const [base, login, password] = process.argv.slice(2)
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
const page = await browser.newPage({ viewport: { width: 1366, height: 768 } })
await page.goto(`${base}/sign-in`)
await page.fill('#login', login)
await page.fill('#password', password)
await page.click('button[type=submit]')
await page.waitForURL((url) => url.pathname === '/')

// By keys: the list, a row, its form.
await page.goto(`${base}/due`)
await page.waitForSelector('tr.open')
await page.keyboard.press('j')
await page.keyboard.press('j')
await page.keyboard.press('k')
await page.keyboard.press('Enter')
await page.waitForURL(/\/tasks\//)
await page.waitForSelector('.option')
await page.keyboard.press('1')
await page.waitForFunction(() => document.querySelectorAll('li.done').length === 1)
const task = page.url()
await page.reload()
await page.waitForSelector('li.done')
assert.equal(await page.locator('li.done').count(), 1, 'an answer is kept over a reload')

// By mouse: one click an answer, one to open it, one to complete it.
let clicks = 0
const click = async (selector) => {
  clicks += 1
  await page.locator(selector).first().click()
}
await page.goto(`${base}/due`)
await page.waitForSelector('tr.open')
await click('tr.open:nth-of-type(3) td:nth-of-type(2)')
await page.waitForURL(/\/tasks\//)
await page.waitForSelector('.focus')
const seen = new Set()
for (let n = 0; n < 40 && (await page.locator('.focus').count()) > 0; n += 1) {
  const now = await page.locator('.focus .wording').textContent()
  if (seen.has(now)) break
  seen.add(now)
  if ((await page.locator('.focus .option').count()) > 0) await click('.focus .option')
  else await click('.focus .blanks button')
  await page.waitForTimeout(60)
}
await click('.ends .el-button--primary')
await page.waitForSelector('.pill.good', { timeout: 10000 })
assert.ok(clicks <= seen.size + 3, `${clicks} clicks for ${seen.size} questions`)
assert.ok(seen.size >= 5, `only ${seen.size} questions were asked`)
assert.notEqual(page.url(), task)
console.log(`passed: ${seen.size} questions, ${clicks} clicks`)
await browser.close()
