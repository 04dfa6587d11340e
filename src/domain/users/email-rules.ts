/** Which mail domains a project takes: its own lists, and none of throw-away addresses where it says so. */

import { Unavailable, within } from '../../lib/deadline.ts'
import { disposableListOf } from '../../lib/shard.ts'
import type { Deps } from '../../ports.ts'
import type { Project } from '../projects/project.ts'

const PATIENCE_MS = 2000
const MAX_LEVELS = 5

/** The setting that refuses this domain; null where none does. @throws Unavailable if the list cannot be read */
export async function refusingSetting(
  deps: Deps,
  { settings }: Project,
  domain: string,
): Promise<'email_domains_allowed' | 'email_domains_blocked' | 'block_disposable' | null> {
  const isOn = (list: string[]) => list.some((entry) => domain === entry || domain.endsWith(`.${entry}`))
  const { email_domains_allowed: allowed, email_domains_blocked: blocked } = settings
  if (isOn(blocked)) return 'email_domains_blocked'
  if (allowed.length > 0) return isOn(allowed) ? null : 'email_domains_allowed'
  return settings.block_disposable && (await isDisposable(deps, domain)) ? 'block_disposable' : null
}

/** The domain, or one that it is below: throw-away services hand out subdomains too. */
async function isDisposable(deps: Deps, domain: string): Promise<boolean> {
  // A few levels: an address of eighty must not be eighty questions.
  const labels = domain.split('.').slice(-MAX_LEVELS)
  const candidates = labels.slice(0, -1).map((_, index) => labels.slice(index).join('.'))
  const lists = await Promise.all(candidates.map((candidate) => listHolding(deps, candidate)))
  return candidates.some((candidate, index) => lists[index]?.has(candidate))
}

async function listHolding(deps: Deps, domain: string): Promise<Set<string>> {
  const path = await disposableListOf(domain)
  const list = await deps.cache.get(`asset:${path}`, deps.now(), async () => {
    if (!deps.assets) throw new Unavailable('assets', 'there is no ASSETS binding, which block_disposable needs')
    const answer = await within(PATIENCE_MS, 'assets', deps.assets.fetch(`https://assets.local${path}`))
    if (!answer.ok) throw new Unavailable('assets', `${answer.status}`)
    return new Set((await within(PATIENCE_MS, 'assets', answer.text())).split('\n'))
  })
  return list ?? new Set()
}
