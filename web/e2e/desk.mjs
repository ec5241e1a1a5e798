// An agent at the desk of the demo hospital, whose phone picks up by itself: come online, dial
// by a click, answer by mouse, hold, reload in the middle, hang up, say what it came to.
//   node e2e/desk.mjs http://127.0.0.1:8080 demo PASSWORD [FOLDER]
import assert from 'node:assert/strict'
import { chromium } from 'playwright-core'

const [base, login, password, folder] = process.argv.slice(2)
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } })
const wrong = []
page.on('pageerror', (error) => wrong.push(String(error)))
const shot = async (name) => folder && (await page.screenshot({ path: `${folder}/${name}.png` }))
await page.goto(`${base}/sign-in`)
await page.fill('#login', login)
await page.fill('#password', password)
await page.click('button[type=submit]')
await page.waitForURL((url) => url.pathname === '/')

// 上线: the simulated phone registers some seconds after the start.
const state = page.locator('.top details.who summary').first()
await state.waitFor()
if ((await state.textContent()).includes('离线')) {
  await state.click()
  await page.getByRole('button', { name: '上线' }).click()
}
await page.waitForFunction(() => document.querySelector('.top details.who summary')?.textContent?.includes('空闲'), undefined, { timeout: 40000 })

// The demo's run waits: its calls take the lines, and who asks for a person comes to this desk.
await page.evaluate(async () => {
  const runs = (await (await fetch('/api/runs')).json()).items
  for (const run of runs.filter((one) => one.state === 'running')) await fetch(`/api/runs/${run.run_id}/pause`, { method: 'POST', headers: { 'x-suifang': '1' } })
})
await page.waitForFunction(async () => (await (await fetch('/api/live')).json()).length === 0, undefined, { timeout: 240000, polling: 2000 })

// The first follow-up of the list that may be dialled now.
await page.goto(`${base}/due`)
await page.waitForSelector('tr.open')
await shot('due')
const open = await page.evaluate(async () => (await (await fetch('/api/due?limit=100&all_groups=true')).json()).items.filter((row) => row.kind === 'follow_up' && ['due', 'waiting_retry'].includes(row.state)).map((row) => row.task_id))
let called = false
for (const id of open.slice(0, 30)) {
  await page.goto(`${base}/tasks/${id}`)
  const dial = page.getByRole('button', { name: /^拨打/ })
  if (!(await dial.waitFor({ timeout: 4000 }).then(() => true, () => false))) continue
  await dial.click()
  // Whoever was called a short while ago is not called again: the reason stands beside the button.
  const what = await page.waitForFunction(() => {
    if (document.querySelector('.call-bar .state')?.textContent?.includes('通话中')) return 'talking'
    return document.querySelector('.head .wrong')?.textContent || undefined
  }, undefined, { timeout: 20000 }).then((found) => found.jsonValue(), () => 'not answered')
  called = what === 'talking'
  if (called) break
  console.log(`not called: ${what}`)
  await page.waitForFunction(() => document.querySelector('.call-bar .line') === null, undefined, { timeout: 60000 }).catch(() => {})
}
assert.ok(called, 'nobody of the list could be dialled')
await shot('call')

// By mouse: an answer is stored as it is given.
const task = page.url()
await page.waitForSelector('.focus')
const stored = page.waitForResponse((response) => response.url().includes('/answers'), { timeout: 15000 })
if (await page.locator('.focus .option:not([disabled])').count()) await page.locator('.focus .option:not([disabled])').first().click()
else await page.locator('.focus .blanks button').first().click()
assert.equal((await stored).status(), 200)

// A reload in the middle of the call finds it again.
await page.reload()
await page.waitForFunction(() => document.querySelector('.call-bar .state')?.textContent?.includes('通话中'))
assert.equal(page.url(), task)
await page.keyboard.press('F9')
await page.waitForFunction(() => document.querySelector('.call-bar .state')?.textContent?.includes('保持中'))
await shot('held')
await page.locator('.call-bar .line').getByRole('button', { name: '转接', exact: true }).click()
await page.waitForSelector('.call-bar .panel')
await shot('transfer')
await page.locator('.call-bar .line').getByRole('button', { name: '转接', exact: true }).click()
await page.keyboard.press('F9')
await page.waitForFunction(() => document.querySelector('.call-bar .state')?.textContent?.includes('通话中'))
await page.keyboard.press('F8')
await page.waitForSelector('.call-bar .line.over')
await shot('wrap-up')
await page.getByRole('button', { name: '改约', exact: true }).click()
await page.getByRole('button', { name: '本人现在不便' }).click()
await shot('disposition')
await page.locator('section.block .ends .el-button--primary').last().click()
await page.waitForFunction(() => !document.querySelector('.call-bar .name'), undefined, { timeout: 15000 })
await page.goto(`${base}/board`)
await page.waitForSelector('.big')
await shot('board')
await page.goto(`${base}/queues`)
await page.waitForSelector('.el-table__row')
await shot('queues')
assert.deepEqual(wrong, [])
console.log('passed: dialled, answered, reloaded, held, hung up, written up')
await browser.close()
