// Asks the server. A failure is a Problem: what, where, what to do.
import type { components } from './schema'

export type Schemas = components['schemas']

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
  ) {
    super(detail)
  }
}

let whenSignedOut: () => void = () => {}

let whenLocked: () => void = () => {}

export function onLocked(then: () => void): void {
  whenLocked = then
}

export function onSignedOut(then: () => void): void {
  whenSignedOut = then
}

async function send<T>(method: string, path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = {}
  if (method !== 'GET') headers['x-suifang'] = '1'
  let payload: BodyInit | undefined
  if (body instanceof FormData) {
    payload = body
  } else if (body !== undefined) {
    headers['content-type'] = 'application/json'
    payload = JSON.stringify(body)
  }
  let response: Response
  try {
    response = await fetch(path, { method, headers, body: payload, credentials: 'same-origin' })
  } catch {
    throw new Problem(0, '连不上服务器,请检查网络 / the server cannot be reached; check the network')
  }
  if (response.ok) {
    const text = await response.text()
    return (text === '' ? undefined : JSON.parse(text)) as T
  }
  const problem = await problemOf(response)
  if (response.status === 401 && !path.startsWith('/api/session')) whenSignedOut()
  if (response.status === 423) whenLocked()
  throw problem
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const said = (await response.json()) as { detail?: string }
    return new Problem(response.status, said.detail ?? response.statusText)
  } catch {
    return new Problem(response.status, response.statusText)
  }
}

/** The half of "中文 / English" that fits the language. */
export function halfOf(detail: string, locale: string): string {
  const at = detail.lastIndexOf('/ ')
  if (at < 0) return detail
  return (locale.startsWith('zh') ? detail.slice(0, at) : detail.slice(at + 2)).trim()
}

export type Terms = Record<string, string | number | undefined | null>

export function withTerms(path: string, terms: Terms): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(terms)) {
    if (value !== undefined && value !== null && value !== '') query.set(name, String(value))
  }
  const text = query.toString()
  return text === '' ? path : `${path}?${text}`
}

export const get = <T>(path: string, terms: Terms = {}): Promise<T> => send('GET', withTerms(path, terms))
export const post = <T>(path: string, body?: unknown): Promise<T> => send('POST', path, body)
export const put = <T>(path: string, body: unknown): Promise<T> => send('PUT', path, body)
export const remove = (path: string): Promise<void> => send('DELETE', path)
