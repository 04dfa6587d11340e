/** What a sign-in leaves behind. */

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

export const toSession = (row: SessionRow): Session => ({
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
  revokedAt: row.revoked_at,
})

/** @param now Unix seconds */
export const isLive = (session: Session, now: number): boolean =>
  session.revokedAt === null && now < session.expiresAt && now < session.lastActiveAt + session.idleTtl
