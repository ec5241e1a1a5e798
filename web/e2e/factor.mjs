// A second factor of the account demo2: set up by the QR code's secret, then a sign-in by code
// and one by a recovery code. Ends with the second factor taken away again by the other account.
//   node e2e/factor.mjs http://127.0.0.1:8080 demo PASSWORD [FOLDER]
import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { open, signIn } from './routes.mjs'

const [base, login, password, folder] = process.argv.slice(2)
if (!password) throw new Error('usage: factor.mjs URL LOGIN PASSWORD [FOLDER]')
const browser = await open()
const fresh = async () => (await browser.newContext({ locale: 'zh-CN', viewport: { width: 1440, height: 900 } })).newPage()

function codeOf(secret, at = Date.now()) {
  const bits = [...secret.replace(/ /g, '')].map((one) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(one).toString(2).padStart(5, '0')).join('')
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)))
  const step = Buffer.alloc(8)
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30000)))
  const tag = createHmac('sha1', key).update(step).digest()
  return String((tag.readUInt32BE(tag[19] & 15) & 0x7fffffff) % 1e6).padStart(6, '0')
}

const page = await fresh()
await signIn(page, base, `${login}2`, password)
await page.goto(`${base}/second-factor`)
await page.getByRole('button', { name: '开始设置' }).click()
await page.waitForSelector('img[alt="动态口令二维码"]')
assert.ok(await page.evaluate(() => document.querySelector('img').naturalWidth > 0), 'the QR code is drawn')
if (folder) await page.screenshot({ path: `${folder}/second-factor.png` })
const secret = await page.locator('code').textContent()
await page.fill('#sf1', codeOf(secret))
await page.keyboard.press('Enter')
await page.waitForSelector('.codes li')
const recovery = await page.locator('.codes code').allTextContents()
assert.equal(recovery.length, 10)

/** The password, then the second step. */
async function step(code) {
  const next = await fresh()
  await next.goto(`${base}/sign-in`)
  await next.fill('#login', `${login}2`)
  await next.fill('#password', password)
  await next.click('button[type=submit]')
  await next.waitForSelector('#code')
  if (folder) await next.screenshot({ path: `${folder}/code.png` })
  await next.fill('#code', '000000')
  await next.keyboard.press('Enter')
  await next.waitForSelector('.wrong')
  // A reload finds the second step again.
  await next.reload()
  await next.waitForSelector('#code')
  await next.fill('#code', code)
  await next.keyboard.press('Enter')
  await next.waitForURL((url) => url.pathname === '/')
}
await step(codeOf(secret, Date.now() + 30000))
await step(recovery[3])

const other = await fresh()
await signIn(other, base, login, password)
const reset = await other.evaluate(async (name) => (await fetch(`/api/users/${name}/second-factor/reset`, { method: 'POST', headers: { 'x-suifang': '1', 'content-type': 'application/json' }, body: JSON.stringify({ reason: '演示' }) })).status, `${login}2`)
assert.equal(reset, 204)
console.log('passed: set up, a code, a recovery code, reset')
await browser.close()
