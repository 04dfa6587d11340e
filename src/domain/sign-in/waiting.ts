/** How things stand for a page that waits: whether what this browser asked for was redeemed, anywhere. */

import type { Deps } from '../../ports.ts'
import { askLedger, unknownOutcome } from '../ledger/ask.ts'
import type { ChallengeStatus } from '../ledger/decide.ts'
import type { Project } from '../projects/project.ts'

export async function waitingStatus(
  deps: Deps,
  project: Project,
  { ledger, challenge }: { ledger: string; challenge: string },
): Promise<ChallengeStatus | 'unknown'> {
  const outcome = await askLedger(deps, ledger, { type: 'peek', id: challenge, project: project.id, link: null })
  if (outcome.is === 'unknown') return 'unknown'
  return outcome.is === 'found' ? outcome.status : unknownOutcome(outcome)
}
