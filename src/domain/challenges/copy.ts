/**
 * The KV copy of a link: what the page behind it shows, and nothing that opens or decides anything. Every location reads
 * it cheaply, so scanners that hammer a link wake no ledger. A miss asks the ledger; a refused write is forgotten.
 */

import * as z from 'zod'
import { within } from '../../lib/deadline.ts'
import { LOCALES } from '../../locales/index.ts'
import type { Deps } from '../../ports.ts'

const text = z.string().nullable()

/** Checked when it is read: a Worker of another version may have written it. */
const linkCopy = z.object({
  project: z.string(),
  brand: z.object({ name: z.string(), primary_color: text, logo: text, sender_name: text, support_email: text }),
  /** What asked, where it has a name of its own; absent in copies of an older version. */
  application: text.optional(),
  /** Masked; empty where nothing was sent. */
  address: z.string(),
  locale: z.enum(LOCALES),
  /** Hash of the browser that asked (`sign-in/flow.ts`); null where the link is not bound to one. */
  flow: text,
  /** The application's own address (the origin of its redirect URI), for who is signed in already. */
  home: text,
  /** Unix seconds. */
  expiresAt: z.int(),
  asked: z.object({ at: z.int(), browser: text, place: text }).nullable(),
})
export type LinkCopy = z.infer<typeof linkCopy>

/** Nobody waits for it. */
const PUT_MS = 20_000
/** KV refuses less. */
const MIN_TTL_SECONDS = 60

/** Keyed by the stored hash of the secret: unguessable, and never read before it is written (KV remembers misses). */
const keyOf = (proof: string) => `link:${proof}`

export async function putCopy(deps: Deps, proof: string, copy: LinkCopy): Promise<void> {
  const ttl = copy.expiresAt - Math.floor(deps.now() / 1000)
  const written = deps.codes.put(keyOf(proof), JSON.stringify(copy), { expirationTtl: Math.max(MIN_TTL_SECONDS, ttl) })
  await within(PUT_MS, 'kv', written)
}

/** Null on a miss, a failure, or anything that cannot be read: the ledger is asked then. */
export async function getCopy(deps: Deps, proof: string): Promise<LinkCopy | null> {
  const stored = await Promise.race([
    deps.codes.get(keyOf(proof)).catch(() => null),
    new Promise<null>((resolve) => setTimeout(resolve, 1500, null)),
  ])
  if (stored === null) return null
  try {
    return linkCopy.safeParse(JSON.parse(stored)).data ?? null
  } catch {
    return null
  }
}
