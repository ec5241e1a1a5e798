// The ten main tasks by keyboard alone: the mouse is never touched, and wherever the focus is
// there must be something to see. It completes one follow-up, acknowledges one alert, mends one
// number and starts one run of the demo hospital: once a demo, and with an open alert in it.
//   node e2e/keys.mjs http://127.0.0.1:8080 demo PASSWORD
import assert from 'node:assert/strict'
import { open } from './routes.mjs'

const [base, login, password] = process.argv.slice(2)
if (!password) throw new Error('usage: keys.mjs URL LOGIN PASSWORD')
const browser = await open()
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'zh-CN' })
const page = await context.newPage()
const faults = []
page.on('pageerror', (error) => faults.push(`the page threw: ${error.message}`))
const press = (key, times = 1) => Array.from({ length: times }).reduce((before) => before.then(() => page.keyboard.press(key)), Promise.resolve())
const type = (text) => page.keyboard.type(text)

/** Tab until the focus is on what is meant; each stop on the way must be seen. */
async function tabTo(meant, most = 150) {
  for (let n = 0; n < most; n += 1) {
    await page.keyboard.press('Tab')
    const at = await page.evaluate((words) => {
      const on = document.activeElement
      const style = getComputedStyle(on)
      const wrapped = on.closest('.el-input__wrapper, .el-select__wrapper, .el-textarea, .el-checkbox, .el-radio, .el-radio-button, .find, .el-switch')
      const room = (wrapped ?? on).getBoundingClientRect()
      const seen = on.matches('.el-table__body-wrapper, .el-scrollbar__wrap, body, main') || (room.width > 1 && room.height > 1 && (style.outlineStyle !== 'none' || style.boxShadow !== 'none' || wrapped !== null))
      const name = (on.getAttribute('aria-label') ?? '') + ' ' + (on.textContent ?? '').trim() + ' ' + (on.id ?? '') + ' ' + (on.getAttribute('placeholder') ?? '')
      return { found: words.selector ? on.matches(words.selector) && name.includes(words.text ?? '') : name.includes(words.text), seen, what: `${on.tagName.toLowerCase()}.${on.className} ${name.trim().slice(0, 40)}` }
    }, meant)
    if (!at.seen) faults.push(`no focus to see on ${at.what}`)
    if (at.found) return
  }
  throw new Error(`Tab does not reach ${JSON.stringify(meant)} on ${page.url()}`)
}

let done = 0
async function task(name, what) {
  try {
    await what()
    done += 1
    console.log(`ok      ${name}`)
  } catch (error) {
    faults.push(`${name}: ${String(error.message).split('\n')[0]}`)
    console.log(`FAILED  ${name}`)
    if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/keys-failed-${name}.png` })
  }
}
const settled = async () => {
  await page.waitForFunction(() => document.querySelector('main') && !document.querySelector('.bones'), undefined, { timeout: 15000 })
  await page.waitForTimeout(400)
}
/** From the top of the page, as after a load. */
async function menu(to) {
  await page.goto(base + (to.from ?? '/'))
  await settled()
  await tabTo({ selector: `nav.menu a[href="${to.href}"]` })
  await press('Enter')
  await page.waitForURL((url) => url.pathname === to.href)
  await settled()
}

await task('sign in', async () => {
  await page.goto(`${base}/sign-in`)
  await page.waitForSelector('#login')
  await page.waitForTimeout(300)
  if (!(await page.evaluate(() => document.activeElement?.id === 'login'))) await tabTo({ selector: '#login' })
  await type(login)
  await press('Tab')
  await type(password)
  await press('Enter')
  await page.waitForURL((url) => url.pathname === '/')
})
await task('open the due list', () => menu({ href: '/due' }))
await task('open a patient', async () => {
  await tabTo({ selector: 'tr.open a[href^="/patients/"]' })
  await press('Enter')
  await page.waitForURL(/\/patients\//)
  await settled()
  await tabTo({ selector: '[role=tab]' })
})
await task('answer a follow-up', async () => {
  await menu({ href: '/due' })
  await press('j')
  await press('Enter')
  await page.waitForURL(/\/tasks\//)
  await page.waitForSelector('.focus')
  for (let n = 0; n < 60 && (await page.locator('.focus').count()) > 0; n += 1) {
    const kind = await page.evaluate(() => (document.querySelector('.focus .option:not([disabled])') ? (document.querySelector('.focus .option.chosen') ? 'chosen' : 'options') : 'blank'))
    // A dangerous answer where there is one: it raises the alert of a later task.
    const flag = await page.evaluate(() => document.querySelector('.focus .option.flag:not([disabled]) kbd')?.textContent)
    if (kind === 'options') await press(flag ?? '1')
    else if (kind === 'chosen') await press('Enter')
    else {
      await tabTo({ selector: '.blanks button' }, 60)
      await press('Enter')
    }
    await page.waitForTimeout(120)
  }
  await tabTo({ text: '完成随访', selector: 'button.el-button--primary' }, 60).catch(() => tabTo({ selector: '.ends button.el-button--primary' }))
  await press('Enter')
  await page.waitForSelector('.pill.good', { timeout: 10000 })
})
await task('search', async () => {
  await press('Control+k')
  await type('王')
  await press('Enter')
  await page.waitForURL((url) => url.pathname === '/patients' && url.search.includes('search'))
  await settled()
  assert.ok((await page.locator('tr.open').count()) > 0)
})
await task('acknowledge an alert', async () => {
  await menu({ href: '/alerts' })
  await press('j')
  await press('Enter')
  await page.waitForSelector('.el-drawer .title')
  await tabTo({ selector: '.el-drawer form button.el-button--primary' }, 60)
  const answer = page.waitForResponse((response) => /\/api\/alerts\/.*\/(acknowledge|close)/.test(response.url()))
  await press('Enter')
  assert.ok((await answer).ok())
})
await task('repair a number', async () => {
  await menu({ href: '/repairs' })
  await press('j')
  await press('Enter')
  await page.waitForSelector('#r1')
  await page.waitForTimeout(500)
  if (!(await page.evaluate(() => document.activeElement?.id === 'r1'))) await tabTo({ selector: '#r1' }, 60)
  await type('13900001234')
  const answer = page.waitForResponse((response) => /\/numbers$/.test(new URL(response.url()).pathname))
  await press('Enter')
  assert.ok((await answer).ok())
})
await task('start a run', async () => {
  await menu({ href: '/runs' })
  await tabTo({ text: '新建批次', selector: 'button' })
  await press('Enter')
  await page.waitForSelector('#run-name')
  await page.waitForTimeout(300)
  if (!(await page.evaluate(() => document.activeElement?.id === 'run-name'))) await tabTo({ selector: '#run-name' })
  await type('键盘批次')
  await tabTo({ selector: 'input[aria-label="语音流程"]' })
  await press('Enter')
  await page.waitForTimeout(300)
  await press('ArrowDown')
  await press('Enter')
  await tabTo({ text: '建立', selector: 'button' })
  await press('Enter')
  await page.waitForURL(/\/runs\/.+/)
  await settled()
  await tabTo({ text: '开始', selector: 'button' })
  const answer = page.waitForResponse((response) => response.url().endsWith('/start'))
  await press('Enter')
  assert.ok((await answer).ok())
})
await task('play a recording', async () => {
  await menu({ href: '/recordings' })
  await press('j')
  await press('Enter')
  await page.waitForSelector('.player')
  await page.waitForTimeout(800)
  await tabTo({ text: '播放', selector: '.player button' }, 60)
  await press('Enter')
  await page.waitForFunction(() => [...document.querySelectorAll('audio')].some((one) => !one.paused && one.currentTime > 0), undefined, { timeout: 8000 })
})
await task('sign out', async () => {
  await page.goto(base)
  await settled()
  await tabTo({ selector: 'details.account summary, details.who summary', text: '演示' })
  await press('Enter')
  await tabTo({ text: '退出', selector: 'button' }, 12)
  await press('Enter')
  await page.waitForURL(/sign-in/)
})
await browser.close()
for (const fault of [...new Set(faults)]) console.error(fault)
console.log(`${done} of 10 by keyboard alone, ${new Set(faults).size} faults`)
process.exitCode = done === 10 && faults.length === 0 ? 0 : 1
