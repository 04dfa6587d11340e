import type { Context } from 'hono'
import { limitKeyOfIp } from '../../lib/ip.ts'
import type { AppEnv } from '../context.ts'

/**
 * The rate-limiting binding, asked first on routes that need no key: no wait, approximate, per location. The exact limits
 * are the ledger's. IP addresses come from `CF-Connecting-IP` alone (security.md B6).
 */
export async function isOverLimit(c: Context<AppEnv>, what: string, subject: string | null = null): Promise<boolean> {
  const { PAGE_LIMIT, PROJECT_LIMIT }: { PAGE_LIMIT?: RateLimit; PROJECT_LIMIT?: RateLimit } = c.env
  const ip = `${what}:${limitKeyOfIp(c.req.header('cf-connecting-ip') ?? null)}`
  const asked = [PAGE_LIMIT?.limit({ key: ip }), PROJECT_LIMIT?.limit({ key: `${what}:${c.var.project?.id ?? ''}` })]
  if (subject !== null) asked.push(PAGE_LIMIT?.limit({ key: `${what}:${subject}` }))
  return (await Promise.all(asked)).some((answer) => answer?.success === false)
}
