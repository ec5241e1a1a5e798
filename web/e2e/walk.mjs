// Signs in to a running demo server, walks the pages and saves what they look like.
//   npm run e2e -- http://127.0.0.1:8080 demo PASSWORD [folder] [words of routes …]
// It fails when a page throws, shows a failure, or is wider than its window. The browser is
// the machine's own: CHROMIUM names it where it is not /usr/bin/chromium.
import { mkdir } from 'node:fs/promises'
import { found, languages, open, routes, signIn, sizes } from './routes.mjs'

const [base, login, password, folder = '../docs/pages', ...only] = process.argv.slice(2)
if (!password) throw new Error('usage: walk.mjs URL LOGIN PASSWORD [FOLDER] [ROUTE …]')
const SIZES = sizes('1440x900,1366x768,390x844')

const browser = await open('--force-color-profile=srgb')
const faults = []
await mkdir(folder, { recursive: true })
for (const language of languages()) {
  const context = await browser.newContext({ locale: language })
  await context.addInitScript((word) => localStorage.setItem('suifang.language', word), language)
  const page = await context.newPage()
  let where = 'sign-in'
  page.on('pageerror', (error) => faults.push(`${where}: ${error.message}`))
  page.on('console', (said) => {
    const text = said.text()
    if (said.type() === 'error' && !text.startsWith('Failed to load resource')) faults.push(`${where}: ${text.slice(0, 200)}`)
    else if (said.type() === 'warning' && /\[intlify\]|\[Vue warn\]/.test(text)) faults.push(`${where}: ${text.slice(0, 200)}`)
  })
  await signIn(page, base, login, password)
  const ids = await found(page)
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height })
    for (const [name, at] of routes(ids, only)) {
      where = `${name} ${language} ${width}`
      await page.goto(base + at)
      await page.waitForSelector('main')
      await page.waitForFunction(() => !document.querySelector('.bones'), { timeout: 15000 }).catch(() => faults.push(`${where}: still loading`))
      await page.waitForTimeout(350)
      const look = await page.evaluate(() => ({ wide: document.querySelector('main').scrollWidth - document.querySelector('main').clientWidth, wrong: document.querySelector('.face.wrong')?.textContent ?? '' }))
      if (look.wide > 1) faults.push(`${where}: wider than its window by ${look.wide} px`)
      if (look.wrong) faults.push(`${where}: ${look.wrong}`)
      await page.screenshot({ path: `${folder}/${name}.${width}.${language.slice(0, 2)}.png` })
    }
  }
  await context.close()
}
await browser.close()
for (const fault of [...new Set(faults)]) console.error(fault)
console.log(`${faults.length === 0 ? 'passed' : `${faults.length} faults`}`)
process.exitCode = faults.length === 0 ? 0 : 1
