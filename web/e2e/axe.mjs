// Holds every page against the rules of axe-core (WCAG 2.2 A and AA), in both languages, on a
// desk and on a phone. Prints what is serious or critical and fails when there is any.
//   node e2e/axe.mjs http://127.0.0.1:8080 demo PASSWORD [words of routes …]
import { createRequire } from 'node:module'
import { readFile } from 'node:fs/promises'
import { found, languages, open, routes, signIn, sizes } from './routes.mjs'

const [base, login, password, ...only] = process.argv.slice(2)
if (!password) throw new Error('usage: axe.mjs URL LOGIN PASSWORD [ROUTE …]')
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const RULES = { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }, resultTypes: ['violations'] }
const browser = await open()
const seen = new Map()
const counts = { critical: 0, serious: 0, moderate: 0, minor: 0 }
let pages = 0

async function look(page, where) {
  pages += 1
  // The page lets no foreign script in; the browser's own door does.
  const result = await page.evaluate(async ([text, rules]) => {
    if (!window.axe) (0, eval)(text)
    return (await window.axe.run(document, rules)).violations.map((one) => ({ id: one.id, impact: one.impact, help: one.help, nodes: one.nodes.map((node) => ({ target: node.target.join(' '), html: node.html, why: node.any.concat(node.all, node.none)[0]?.message ?? '' })) }))
  }, [axe, RULES])
  for (const one of result) {
    counts[one.impact] += one.nodes.length
    if (process.env.ALL !== '1' && !['serious', 'critical'].includes(one.impact)) continue
    for (const node of one.nodes) {
      const key = `${one.impact} ${one.id}: ${node.html.replace(/ (data-v-[0-9a-f]+|id|aria-controls|for)="[^"]*"/g, '').slice(0, 160)}`
      if (!seen.has(key)) seen.set(key, { places: new Set(), count: 0, node })
      seen.get(key).places.add(where)
      seen.get(key).count += 1
    }
  }
}

for (const language of languages()) {
  const context = await browser.newContext({ locale: language, bypassCSP: true })
  await context.addInitScript((word) => localStorage.setItem('suifang.language', word), language)
  const page = await context.newPage()
  await page.goto(`${base}/sign-in`)
  await page.waitForSelector('#login')
  await look(page, `sign-in ${language}`)
  await signIn(page, base, login, password)
  const ids = await found(page)
  for (const [width, height] of sizes('1440x900,390x844')) {
    await page.setViewportSize({ width, height })
    for (const [name, at] of routes(ids, only)) {
      await page.goto(base + at)
      await page.waitForSelector('main')
      await page.waitForFunction(() => !document.querySelector('.bones'), { timeout: 15000 }).catch(() => {})
      await page.waitForTimeout(250)
      await look(page, `${name} ${language} ${width}`)
    }
  }
  await page.evaluate(() => fetch('/api/session/lock', { method: 'POST', headers: { 'x-suifang': '1' } }))
  await page.reload()
  await page.waitForSelector('.lock')
  await look(page, `locked ${language}`)
  await context.close()
}
await browser.close()
for (const [key, { places, count, node }] of [...seen].sort((a, b) => b[1].count - a[1].count)) {
  console.log(`${key}\n    ${count} × on ${[...places].slice(0, 4).join(', ')}${places.size > 4 ? ` and ${places.size - 4} more` : ''}\n    ${node.why}\n    ${node.target}`)
}
console.log(`${pages} looks: ${Object.entries(counts).map(([word, n]) => `${n} ${word}`).join(', ')}`)
process.exitCode = counts.serious + counts.critical === 0 ? 0 : 1
