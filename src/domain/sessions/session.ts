/** What a sign-in leaves behind. */

import type { Deps } from '../../ports.ts'
import type { SessionRow } from './queries.ts'

export type Session = {
  id: string
  userId: string
  clientId: string | null
  organizationId: string | null
  amr: string[]
  ip: string | null
  userAgent: string | null
  createdAt: number
  lastActiveAt: number
  idleTtl: number
  expiresAt: number
  revokedAt: number | null
}

/** One from before the database was restored may have ended since: it counts as revoked then. */
export const toSession = ({ config: { restoredAt } }: Pick<Deps, 'config'>, row: SessionRow): Session => ({
  id: row.id,
  userId: row.user_id,
  clientId: row.client_id,
  organizationId: row.organization_id,
  amr: JSON.parse(row.amr),
  ip: row.ip,
  userAgent: row.user_agent,
  createdAt: row.created_at,
  lastActiveAt: row.last_active_at,
  idleTtl: row.idle_ttl,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at ?? (row.created_at < restoredAt ? restoredAt : null),
})

/** Unix seconds: when it ends if nobody uses it any more. */
export const sessionEnd = ({ expiresAt, lastActiveAt, idleTtl }: Session): number =>
  Math.min(expiresAt, lastActiveAt + idleTtl)

/** @param now Unix seconds */
export const isLive = (session: Session, now: number): boolean =>
  session.revokedAt === null && now < sessionEnd(session)
