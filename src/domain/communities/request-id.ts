/** A 1Kosmos request says who made it and when, and is taken once: whoever recorded it cannot send it again. */

import * as z from 'zod'
import { frame } from '../../lib/bytes.ts'
import { sha256 } from '../../lib/digest.ts'
import { ksuid } from '../../lib/ids.ts'
import type { Deps } from '../../ports.ts'
import { batch } from '../database.ts'
import { insertRequestId } from './queries.ts'

/** How far a request's time may be from ours, as in the vendor's services. Cron keeps what was taken twice as long. */
const MAX_AGE_SECONDS = 60

/** `ts` in Unix seconds. */
const requestId = z.object({
  ts: z.number(),
  appid: z.string().max(200).default(''),
  uuid: z.string().min(1).max(200),
})

/** `unreadable` and `late` store nothing. @throws Unavailable: then it may have been taken */
export async function takeRequestId(
  deps: Deps,
  projectId: string,
  text: string,
): Promise<'taken' | 'unreadable' | 'late' | 'replayed'> {
  const given = requestId.safeParse(parse(text))
  if (!given.success) return 'unreadable'
  const { ts, appid, uuid } = given.data
  if (!(Math.abs(deps.now() / 1000 - ts) <= MAX_AGE_SECONDS)) return 'late'
  const id = ksuid(Math.floor(ts), (await sha256(frame(appid, uuid))).subarray(0, 16))
  const [inserted] = await batch(deps.db, [insertRequestId(deps.db, projectId, id)])
  return inserted?.changes ? 'taken' : 'replayed'
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
