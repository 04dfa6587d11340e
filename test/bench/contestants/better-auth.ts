/** better-auth on Workers with D1: https://better-auth.com/docs/adapters/sqlite, database: env.DB */

import { env } from 'cloudflare:workers'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { optionsOf, renewingOptionsOf, type Setup } from './better-auth-options.ts'

const { DB, MAIL, BASE_URL, SECRET } = env as unknown as {
  DB: Setup['database']
  MAIL: { fetch: typeof fetch }
  BASE_URL: string
  SECRET: string
}

const setup: Setup = {
  database: DB,
  baseURL: BASE_URL,
  secret: SECRET,
  async send(mail) {
    const answer = await MAIL.fetch('https://mail.test/', { method: 'POST', body: JSON.stringify(mail) })
    await answer.text()
  },
}
const auth = betterAuth(optionsOf(setup))
const renewing = betterAuth(renewingOptionsOf(setup))

export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    // For the cold start: better-auth's own routes first look at the tables.
    if (pathname === '/up') return new Response(null, { status: 204 })
    if (pathname === '/migrate') {
      const { runMigrations } = await getMigrations(optionsOf(setup))
      await runMigrations()
      return new Response(null, { status: 204 })
    }
    return pathname.startsWith('/api/renew/') ? renewing.handler(request) : auth.handler(request)
  },
}
