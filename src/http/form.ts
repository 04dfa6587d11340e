/** A form's body as text. `c.req.text()` would do, but workerd warns of it on every request. */

import type { Context } from 'hono'
import type { AppEnv } from './context.ts'

export async function formOf(c: Context<AppEnv>): Promise<URLSearchParams> {
  return new URLSearchParams(new TextDecoder().decode(await c.req.arrayBuffer()))
}
