/** The device of a request, as far as it says: for a session's row and for the mail, never to decide by. */

import type { Context } from 'hono'
import type { AppEnv } from './context.ts'

/** It stands in the ledger's record, which has 4 KiB. */
const MAX_USER_AGENT = 500

export const deviceOf = (c: Context<AppEnv>) => ({
  ip: c.req.header('cf-connecting-ip') ?? null,
  userAgent: c.req.header('user-agent')?.slice(0, MAX_USER_AGENT) ?? null,
})

/** ISO 3166-1, as Cloudflare sees it; null where it does not say. */
export function countryOf(c: Context<AppEnv>): string | null {
  const country = c.req.raw.cf?.country
  return typeof country === 'string' ? country : null
}
