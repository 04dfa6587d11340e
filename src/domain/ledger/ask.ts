/** Asking a ledger from the Worker: which object, how long, and when to ask again. */

import { Unavailable, within } from '../../lib/deadline.ts'
import type { Deps } from '../../ports.ts'
import type { Command, OpenOutcome, Outcome, PeekOutcome, RedeemOutcome } from './decide.ts'

type OutcomeOf<C extends Command> = C extends { type: 'open' | 'renew' }
  ? OpenOutcome
  : C extends { type: 'redeem' }
    ? RedeemOutcome
    : C extends { type: 'peek' }
      ? PeekOutcome
      : Outcome

const PATIENCE_MS = 4000

/**
 * @param name hex of the 16 subject bytes
 * @throws Unavailable when the ledger does not answer, twice. Asking again is safe: a command carries its own id or key.
 */
export async function askLedger<C extends Command>(deps: Deps, name: string, command: C): Promise<OutcomeOf<C>> {
  // A broken stub stays broken: each attempt has its own (Durable Objects, error handling).
  const attempt = () => {
    const stub = deps.ledger.get(deps.ledger.idFromName(name))
    return within(PATIENCE_MS, 'ledger', stub.run(command) as Promise<Outcome>)
  }
  const outcome = await attempt().catch((error: unknown) => {
    if (isRetryable(error)) return attempt()
    throw error
  })
  return outcome as OutcomeOf<C>
}

/** An outcome from a newer ledger: fail closed. Called in the default branch of every switch over outcomes. */
export function unknownOutcome(outcome: never): never {
  throw new Unavailable('ledger', `outcome ${String((outcome as { is?: unknown }).is)}`)
}

/** Overloaded objects are never asked again: that is what overloads them (Durable Objects, error handling). */
function isRetryable(error: unknown): boolean {
  const cause = error instanceof Unavailable ? error.cause : null
  return (
    cause instanceof Error &&
    'retryable' in cause &&
    cause.retryable === true &&
    !('overloaded' in cause && cause.overloaded)
  )
}
