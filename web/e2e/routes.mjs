// What every walk of the page shares: the browser, signing in, and the routes there are.
import { chromium } from 'playwright-core'

/** The machine's own: CHROMIUM names it where it is not /usr/bin/chromium. */
export const open = (...args) => chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', ...args] })
export const sizes = (fresh) => (process.env.SIZES ?? fresh).split(',').map((size) => size.split('x').map(Number))
export const languages = () => (process.env.LANGUAGES ?? 'zh-CN,en').split(',')

export async function signIn(page, base, login, password) {
  await page.goto(`${base}/sign-in`)
  await page.fill('#login', login)
  await page.fill('#password', password)
  await page.click('button[type=submit]')
  await page.waitForURL((url) => url.pathname === '/')
}

const ask = (page, path) => page.evaluate(async (at) => (await fetch(at)).json(), path)

/** A patient, a run and so on that there is, for the pages that show one. */
export async function found(page) {
  const due = await ask(page, '/api/due?limit=50&until=2099-01-01')
  const done = await ask(page, '/api/tasks?state=done&limit=1')
  const calls = await ask(page, '/api/calls?limit=1')
  const series = await ask(page, '/api/series?limit=1')
  const pdca = await ask(page, '/api/pdca?limit=1')
  const articles = await ask(page, '/api/articles?limit=1')
  const follow = (due.items ?? []).find((row) => row.kind === 'follow_up')
  return { task: follow?.task_id, done: done.items?.[0]?.task_id, patient: done.items?.[0]?.person_id ?? follow?.person_id, call: calls.items?.[0]?.call_id, pdca: pdca[0]?.pdca_id, series: series.items?.[0]?.code, article: articles.items?.[0]?.article_id }
}

export function routes(ids, only) {
  const statistics = ['follow-up', 'causes', 'workload', 'satisfaction', 'symptoms', 'survival', 'return-visits', 'awareness', 'pivot', 'numbers']
  return [
    ['home', '/'], ['due', '/due'], ['my-patients', '/my-patients'], ['by-diagnosis', '/by-diagnosis'], ['topics', '/topics'], ['patients', '/patients'],
    ['patient', ids.patient && `/patients/${ids.patient}`], ['patient-course', ids.patient && `/patients/${ids.patient}?tab=course`], ['patient-archive', ids.patient && `/patients/${ids.patient}?tab=archive`], ['patient-contacts', ids.patient && `/patients/${ids.patient}?tab=contacts`],
    ['task', ids.task && `/tasks/${ids.task}`], ['task-done', ids.done && `/tasks/${ids.done}`],
    ['repairs', '/repairs'], ['alerts', '/alerts'], ['roster', '/roster'], ['plans', '/plans'], ['allocation', '/allocation'], ['samples', '/samples'],
    ['questionnaires', '/questionnaires'], ['questionnaire', '/questionnaires/library/chd_phone'], ['series', ids.series && `/questionnaires/series/${ids.series}`],
    ...statistics.map((word) => [`statistics-${word}`, `/statistics/${word}`]),
    ['management', '/management'], ['pdca', ids.pdca ? `/pdca/${ids.pdca}` : '/pdca'],
    ['users', '/users'], ['audit', '/audit'], ['second-factor', '/second-factor'], ['roles', '/roles'], ['departments', '/departments'], ['holidays', '/holidays'], ['interfaces', '/interfaces'],
    ['runs', '/runs'], ['calls', '/calls'], ['call', ids.call && `/calls/${ids.call}`], ['recordings', '/recordings'], ['quality', '/quality'], ['blocklist', '/blocklist'],
    ['voicemail', '/voicemail'], ['board', '/board'], ['queues', '/queues'],
    ['complaints', '/complaints'], ['enquiries', '/enquiries'], ['articles', ids.article ? `/articles/${ids.article}` : '/articles'], ['imports', '/imports'], ['policy', '/policy'],
  ].filter(([name, at]) => at && (only.length === 0 || only.includes(name)))
}
