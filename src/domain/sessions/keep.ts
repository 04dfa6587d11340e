/** A session that its holder shows: checked against its row, kept by being used, and made to last longer where that is asked. */

import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { batch } from '../database.ts'
import { type Failure, failed } from '../failures.ts'
import type { Project } from '../projects/project.ts'
import { selectUserWhere, toUser, type UserRow } from '../users/queries.ts'
import type { User } from '../users/user.ts'
import { keepSession, type SessionRow, selectSession, USER_OF_SESSION } from './queries.ts'
import { type Session, toSession } from './session.ts'
import { readSessionJwt } from './session-jwt.ts'
import { parseSessionToken } from './session-token.ts'

/** What a client shows of a session: its token, its signed statement, or both of the same one. */
export type Shown = { token: string | null; jwt: string | null }

/**
 * The id of the session that is shown; it may have ended. None where it is of another project, or two are shown that differ. A
 * statement that has expired takes nothing from the token beside it.
 */
export async function shownSession(
  deps: Deps,
  project: Project,
  { token, jwt }: Shown,
): Promise<Result<string, Failure>> {
  const byToken = token === null ? null : await parseSessionToken(deps.keys, project.id, token)
  const byJwt = jwt === null ? null : await readSessionJwt(deps, project, jwt)
  const id = token === null ? byJwt : byToken
  const differ = id !== null && byJwt !== null && byJwt !== id
  return id === null || differ ? failed({ reason: 'not_found', what: 'session' }) : ok(id)
}

/**
 * One D1 call.
 * @param lifetime seconds from now that it lasts at least, used or not; null: as it did
 */
export async function useSession(
  deps: Deps,
  project: Project,
  id: string,
  lifetime: number | null,
): Promise<Result<{ user: User; session: Session }, Failure>> {
  const now = Math.floor(deps.now() / 1000)
  const [kept, sessions, users] = await batch(deps.db, [
    keepSession(deps.db, project.id, id, lifetime, now),
    selectSession(deps.db, project.id, id),
    selectUserWhere(deps.db, project.id, USER_OF_SESSION, id),
  ])
  const row = sessions?.rows[0] as SessionRow | undefined
  const user = users?.rows[0] as UserRow | undefined
  const session = row && toSession(deps, row)
  const isKept = kept !== undefined && kept.changes > 0 && session !== undefined && session.revokedAt === null
  return isKept && user ? ok({ user: toUser(user), session }) : failed({ reason: 'not_found', what: 'session' })
}
