/** Whom a secret is for, and so which ledger decides about it (design §3, subjects). */

import { frame } from '../../lib/bytes.ts'
import { hmac } from '../../lib/digest.ts'

/** `address`: folded (lower case, no plus tag). `user`: where nothing was sent. */
export type Subject =
  | { kind: 'address'; address: string }
  | { kind: 'user'; userId: string }
  /** A secret that is a UUID, and so has no room to say whose it is (1Kosmos). */
  | { kind: 'uuid'; uuid: string }
  /** Counts a project's SMS: to the numbers that begin so, or all of them (empty). */
  | { kind: 'sms'; prefix: string }

/**
 * The ledger's name, 16 bytes: HMAC(route_key, project ‖ subject). The route key is never rotated: it hides addresses in
 * object names and opens nothing.
 */
export async function ledgerOf(project: { id: string; routeKey: CryptoKey }, subject: Subject): Promise<Uint8Array> {
  return (await hmac(project.routeKey, frame(project.id, subject.kind, textOf(subject)))).subarray(0, 16)
}

function textOf(subject: Subject): string {
  switch (subject.kind) {
    case 'address':
      return subject.address
    case 'user':
      return subject.userId
    case 'uuid':
      return subject.uuid
    case 'sms':
      return subject.prefix
  }
}
