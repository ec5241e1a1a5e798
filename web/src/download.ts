// A file that only a POST answers with.
import { Problem } from './api/client'

export async function download(path: string, body: unknown, name: string): Promise<void> {
  const headers = { 'x-suifang': '1', 'content-type': 'application/json' }
  const response = await fetch(path, { method: 'POST', headers, body: JSON.stringify(body), credentials: 'same-origin' })
  if (!response.ok) {
    const said = (await response.json().catch(() => ({}))) as { detail?: string }
    throw new Problem(response.status, said.detail ?? response.statusText)
  }
  const link = document.createElement('a')
  link.href = URL.createObjectURL(await response.blob())
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000)
}
