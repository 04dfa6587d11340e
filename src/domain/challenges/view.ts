/** What the page behind a link shows. Changes nothing: scanners, prefetchers and previews may open it as often as they like. */

import { deviceName } from '../../lib/device-name.ts'
import type { Locale } from '../../locales/index.ts'
import type { Deps } from '../../ports.ts'
import { askLedger, unknownOutcome } from '../ledger/ask.ts'
import type { ParsedSecret } from '../ledger/secret.ts'
import { type Brand, brandOf, chooseLocale } from '../messages/message.ts'
import { getProject } from '../projects/project.ts'
import { maskContact } from '../users/contact.ts'
import { getCopy, type LinkCopy } from './copy.ts'
import { homeOf } from './links.ts'
import { isRenewable } from './renew-link.ts'

/** What is known of the link's project and application. */
export type Look = { brand: Brand; locale: Locale; project: string; home: string | null }

/** `look` is null where nothing is known of the link any more. */
export type LinkView =
  | { is: 'live'; copy: LinkCopy }
  | {
      is: 'used' | 'expired' | 'superseded' | 'cancelled'
      /** Milliseconds. */
      at: number | null
      look: Look | null
      renewable: boolean
    }
  | { is: 'unknown' }

/** One KV read; the ledger only where KV does not know the link. */
export async function viewLink(deps: Deps, link: ParsedSecret): Promise<LinkView> {
  const expired = deps.now() >= link.expiresAt * 1000
  const copy = await getCopy(deps, link.proof)
  if (copy) {
    const { brand, locale, project, home } = copy
    const look = { brand, locale, project, home }
    return expired ? { is: 'expired', at: null, look, renewable: copy.address !== '' } : { is: 'live', copy }
  }
  const outcome = await askLedger(deps, link.ledger, { type: 'peek', id: link.id, project: null, link: link.proof })
  if (outcome.is === 'unknown')
    return expired ? { is: 'expired', at: null, look: null, renewable: false } : { is: 'unknown' }
  if (outcome.is !== 'found') return unknownOutcome(outcome)
  const { record, status, at, expiresAt } = outcome
  const project = record && (await getProject(deps, record.project))
  const look: Look | null = project &&
    record && {
      brand: brandOf(project),
      locale: chooseLocale(project, record.locale),
      project: project.id,
      home: homeOf(record),
    }
  const renewable = record !== null && isRenewable(record) && status !== 'cancelled'
  if (status === 'pending' && record?.link === 'landing' && look) {
    return {
      is: 'live',
      copy: {
        ...look,
        application: record.application ?? null,
        address: record.identifier
          ? maskContact({ kind: record.identifier.kind, exact: record.identifier.canonical })
          : '',
        flow: record.binding?.kind === 'flow' ? record.binding.hash : null,
        expiresAt: expiresAt ?? link.expiresAt,
        asked: {
          at: Math.floor(at / 1000),
          browser: deviceName(record.client?.userAgent ?? null),
          place: record.client?.country ?? null,
        },
      },
    }
  }
  if (status === 'pending' || status === 'locked') return { is: 'unknown' }
  return { is: status === 'redeemed' ? 'used' : status, at, look, renewable }
}
