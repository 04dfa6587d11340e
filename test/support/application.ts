/** A back end with one page: takes the grant at /callback, exchanges it, and says who signed in. */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DevServer } from './server.ts'

export type TestApplication = {
  callback: string
  /** Statuses of the exchanges for this address, oldest first. */
  exchanges(email: string): number[]
  sessions(email: string): string[]
  /** Every query that came to /callback. */
  visits: URLSearchParams[]
  stop(): Promise<void>
}

/** @param verifier the code_verifier that this application holds, if it binds its links */
export async function startApplication(
  server: DevServer,
  { verifier }: { verifier?: string } = {},
): Promise<TestApplication> {
  const log: { email: string; status: number; session: string }[] = []
  const visits: URLSearchParams[] = []
  const http = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    if (url.pathname !== '/callback') return response.writeHead(204).end()
    visits.push(url.searchParams)
    const answer = await fetch(`${server.origin}/v1/passwordless/verify`, {
      method: 'POST',
      headers: { 'x-api-key': server.key, 'content-type': 'application/json' },
      body: JSON.stringify({ token: url.searchParams.get('code'), ...(verifier ? { code_verifier: verifier } : {}) }),
    })
    const body = (await answer.json()) as { user?: { email: string }; session_id?: string; code?: string }
    log.push({ email: body.user?.email ?? '', status: answer.status, session: body.session_id ?? '' })
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end(`<p>${body.user ? `signed in as ${body.user.email}` : `refused: ${body.code}`}</p>`)
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo
  const of = (email: string) => log.filter((entry) => entry.email === email)
  return {
    callback: `http://127.0.0.1:${port}/callback`,
    exchanges: (email) => of(email).map(({ status }) => status),
    sessions: (email) => of(email).map(({ session }) => session),
    visits,
    stop: () => new Promise((resolve) => http.close(() => resolve())),
  }
}
