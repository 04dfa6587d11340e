import type { Context } from 'hono'
import { within } from '../../lib/deadline.ts'
import { limitKeyOfIp } from '../../lib/ip.ts'
import type { AppEnv } from '../context.ts'

const PATIENCE_MS = 500

/**
 * The rate-limiting binding, asked first on routes that need no key: no wait, approximate, per location. The exact limits
 * are the ledger's. IP addresses come from `CF-Connecting-IP` alone (security.md B6).
 */
export async function isOverLimit(c: Context<AppEnv>, what: string, subject: string | null = null): Promise<boolean> {
  const { PAGE_LIMIT, PROJECT_LIMIT }: { PAGE_LIMIT?: RateLimit; PROJECT_LIMIT?: RateLimit } = c.env
  const ip = `${what}:${limitKeyOfIp(c.req.header('cf-connecting-ip') ?? null)}`
  const ask = async () =>
    Promise.all([
      PAGE_LIMIT?.limit({ key: ip }),
      PROJECT_LIMIT?.limit({ key: `${what}:${c.var.project?.id ?? ''}` }),
      subject === null ? undefined : PAGE_LIMIT?.limit({ key: `${what}:${subject}` }),
    ])
  // Approximate anyway: where it does not answer, people are let through.
  const answers = await within(PATIENCE_MS, 'rate limit', ask()).catch(() => [])
  return answers.some((answer) => answer?.success === false)
}
