// Signs in to a running demo server, walks the pages and saves what they look like.
//   npm run e2e -- http://127.0.0.1:8080 demo PASSWORD [folder] [words of routes …]
// It fails when a page throws, shows a failure, or is wider than its window. The browser is
// the machine's own: CHROMIUM names it where it is not /usr/bin/chromium.
import { mkdir } from 'node:fs/promises'
import { chromium } from 'playwright-core'

const [base, login, password, folder = '../docs/pages', ...only] = process.argv.slice(2)
if (!password) throw new Error('usage: walk.mjs URL LOGIN PASSWORD [FOLDER] [ROUTE …]')
const SIZES = (process.env.SIZES ?? '1440x900,1366x768,390x844').split(',').map((size) => size.split('x').map(Number))
const LANGUAGES = (process.env.LANGUAGES ?? 'zh-CN,en').split(',')

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--force-color-profile=srgb'] })
const faults = []
const ask = (page, path) => page.evaluate(async (at) => (await fetch(at)).json(), path)

/** A patient, a run and so on that there is, for the pages that show one. */
async function found(page) {
  const due = await ask(page, '/api/due?limit=50&until=2099-01-01')
  const done = await ask(page, '/api/tasks?state=done&limit=1')
  const calls = await ask(page, '/api/calls?limit=1')
  const series = await ask(page, '/api/series?limit=1')
  const pdca = await ask(page, '/api/pdca?limit=1')
  const articles = await ask(page, '/api/articles?limit=1')
  const follow = (due.items ?? []).find((row) => row.kind === 'follow_up')
  return { task: follow?.task_id, done: done.items?.[0]?.task_id, patient: done.items?.[0]?.person_id ?? follow?.person_id, call: calls.items?.[0]?.call_id, pdca: pdca[0]?.pdca_id, series: series.items?.[0]?.code, article: articles.items?.[0]?.article_id }
}

function routes(ids) {
  const statistics = ['follow-up', 'causes', 'workload', 'satisfaction', 'symptoms', 'survival', 'return-visits', 'awareness', 'pivot', 'numbers']
  return [
    ['home', '/'], ['due', '/due'], ['my-patients', '/my-patients'], ['by-diagnosis', '/by-diagnosis'], ['topics', '/topics'], ['patients', '/patients'],
    ['patient', ids.patient && `/patients/${ids.patient}`], ['patient-course', ids.patient && `/patients/${ids.patient}?tab=course`], ['patient-archive', ids.patient && `/patients/${ids.patient}?tab=archive`], ['patient-contacts', ids.patient && `/patients/${ids.patient}?tab=contacts`],
    ['task', ids.task && `/tasks/${ids.task}`], ['task-done', ids.done && `/tasks/${ids.done}`],
    ['repairs', '/repairs'], ['alerts', '/alerts'], ['roster', '/roster'], ['plans', '/plans'], ['allocation', '/allocation'], ['samples', '/samples'],
    ['questionnaires', '/questionnaires'], ['questionnaire', '/questionnaires/library/chd_phone'], ['series', ids.series && `/questionnaires/series/${ids.series}`],
    ...statistics.map((word) => [`statistics-${word}`, `/statistics/${word}`]),
    ['management', '/management'], ['pdca', ids.pdca ? `/pdca/${ids.pdca}` : '/pdca'],
    ['users', '/users'], ['roles', '/roles'], ['departments', '/departments'], ['holidays', '/holidays'], ['interfaces', '/interfaces'],
    ['runs', '/runs'], ['calls', '/calls'], ['call', ids.call && `/calls/${ids.call}`], ['recordings', '/recordings'], ['quality', '/quality'], ['blocklist', '/blocklist'],
    ['voicemail', '/voicemail'], ['board', '/board'], ['queues', '/queues'],
    ['complaints', '/complaints'], ['enquiries', '/enquiries'], ['articles', ids.article ? `/articles/${ids.article}` : '/articles'], ['imports', '/imports'], ['policy', '/policy'],
  ].filter(([name, at]) => at && (only.length === 0 || only.includes(name)))
}

await mkdir(folder, { recursive: true })
for (const language of LANGUAGES) {
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
  await page.goto(`${base}/sign-in`)
  await page.fill('#login', login)
  await page.fill('#password', password)
  await page.click('button[type=submit]')
  await page.waitForURL((url) => url.pathname === '/')
  const ids = await found(page)
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height })
    for (const [name, at] of routes(ids)) {
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
