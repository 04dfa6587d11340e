/** A redemption in a browser of ours: the session row, its cookie, and where to go on. */

import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { creditRedemption, notesOf } from '../challenges/redeem.ts'
import type { Failure } from '../failures.ts'
import type { Redeemed } from '../ledger/decide.ts'
import type { Project } from '../projects/project.ts'
import { startSession } from '../sessions/start.ts'
import { mintSessionCookie } from './single-sign-on.ts'

export type SignedIn = { project: Project; cookie: string; sessionId: string; userId: string }

/** @param keyHash of the redemption key: a replay writes the same cookie */
export async function startInBrowser(
  deps: Deps,
  project: Project,
  ledger: string,
  redeemed: Redeemed,
  keyHash: string,
  device: { ip: string | null; userAgent: string | null },
): Promise<Result<SignedIn, Failure>> {
  const cookie = await mintSessionCookie(deps, redeemed.sessionId, keyHash)
  const { notes } = await notesOf(deps, ledger, redeemed)
  const started = await startSession(deps, project, redeemed, { device, family: null, cookieHash: cookie.hash, notes })
  deps.after(creditRedemption(deps, project, redeemed))
  if (!started.ok) return started
  return ok({ project, cookie: cookie.value, sessionId: redeemed.sessionId, userId: started.value.user.id })
}
