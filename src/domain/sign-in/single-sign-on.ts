/**
 * The single sign-on cookie: session id ‖ HMAC(K, session id ‖ redemption key). A replayed press writes the same cookie; the row
 * keeps its SHA-256 alone.
 */

import { encodeBase64url } from '../../lib/base64url.ts'
import { frame, utf8 } from '../../lib/bytes.ts'
import { equalInConstantTime } from '../../lib/constant-time.ts'
import { sha256 } from '../../lib/digest.ts'
import { isId } from '../../lib/ids.ts'
import type { Deps } from '../../ports.ts'
import { batch } from '../database.ts'
import type { Project } from '../projects/project.ts'
import { type SessionRow, selectSession, USER_OF_SESSION } from '../sessions/queries.ts'
import { isLive, type Session, toSession } from '../sessions/session.ts'
import { selectUserWhere, toUser, type UserRow } from '../users/queries.ts'
import type { User } from '../users/user.ts'

export async function mintSessionCookie(
  deps: Deps,
  sessionId: string,
  keyHash: string,
): Promise<{ value: string; hash: string }> {
  const mac = await deps.keys.mac('cookie', frame(sessionId, keyHash))
  const value = `${sessionId}.${encodeBase64url(mac)}`
  return { value, hash: await hashOf(value) }
}

/** Who is signed in with this cookie, now; one D1 call, none without a cookie that looks like one. */
export async function readSessionCookie(
  deps: Deps,
  project: Project,
  value: string | undefined,
): Promise<{ session: Session; user: User } | null> {
  const [id = '', mac = ''] = value?.split('.') ?? []
  if (!value || !isId('sess', id) || mac.length !== 43) return null
  const [sessions, users] = await batch(deps.db, [
    selectSession(deps.db, project.id, id),
    selectUserWhere(deps.db, project.id, USER_OF_SESSION, id),
  ])
  const row = sessions?.rows[0] as SessionRow | undefined
  const userRow = users?.rows[0] as UserRow | undefined
  if (!row?.cookie_hash || !userRow || userRow.status !== 'ACTIVE') return null
  if (!equalInConstantTime(row.cookie_hash, await hashOf(value))) return null
  const session = toSession(deps, row)
  return isLive(session, Math.floor(deps.now() / 1000)) ? { session, user: toUser(userRow) } : null
}

const hashOf = async (value: string): Promise<string> => encodeBase64url(await sha256(utf8(value)))
