/** Where a challenge's random values come from: the system, or the caller's `Idempotency-Key`. */

import { frame } from '../../lib/bytes.ts'
import type { Deps } from '../../ports.ts'

/** A request that may be repeated: the caller's key, and a hash of what was asked. */
export type Idempotency = { caller: string; key: string; requestHash: string }

/** At most 32 bytes for a name; the same name brings the same bytes only where the request can be repeated. */
export type Draw = (name: string, length: number) => Promise<Uint8Array>

/**
 * With a key everything is derived from it, so the same call mints the same secrets with nothing stored in plain. The
 * recipient is part of it: one key used for two people must not give them one secret.
 */
export function drawFor(deps: Deps, projectId: string, recipient: string, idempotency: Idempotency | null): Draw {
  if (!idempotency) return async (_name, length) => deps.randomBytes(length)
  const { caller, key } = idempotency
  return async (name, length) =>
    (await deps.keys.mac('repeat', frame(projectId, caller, key, recipient, name))).subarray(0, length)
}
