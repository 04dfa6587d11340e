/** One provider after the other, 8 seconds in all. The message's id is the idempotency key everywhere. */

import { readBounded } from '../lib/read-bounded.ts'
import type { Delivery, DeliveryAttempt } from '../ports.ts'
import type { Provider, ProviderAnswer } from './provider.ts'

const PATIENCE_MS = 8000
const MAX_ANSWER_BYTES = 65_536

/** @param fetcher the MAIL binding, or the open network */
export async function sendByChain<Message>(
  providers: Provider<Message>[],
  fetcher: (request: Request) => Promise<Response>,
  message: Message,
): Promise<Delivery> {
  const attempts: DeliveryAttempt[] = []
  const signal = AbortSignal.timeout(PATIENCE_MS)
  let refused = 0
  for (const [index, provider] of providers.entries()) {
    const answer = await ask(
      provider,
      fetcher,
      message,
      signal,
      index === providers.length - 1 ? PATIENCE_MS : PATIENCE_MS / providers.length,
    )
    if (answer.is === 'accepted') {
      attempts.push({ provider: provider.name, event: 'accepted', detail: '' })
      return { status: 'accepted', provider: provider.name, providerId: answer.id, attempts }
    }
    attempts.push({
      provider: provider.name,
      event: answer.is === 'never' ? 'refused' : 'unreachable',
      detail: answer.detail,
    })
    if (answer.is === 'never') refused++
    if (signal.aborted) break
  }
  return { status: providers.length > 0 && refused === providers.length ? 'failed' : 'retry', attempts }
}

/** Each provider has an equal share, so that those that hang leave some for the last; that one has all that is left. */
async function ask<Message>(
  provider: Provider<Message>,
  fetcher: (request: Request) => Promise<Response>,
  message: Message,
  signal: AbortSignal,
  shareMs: number,
): Promise<ProviderAnswer> {
  const share = AbortSignal.any([signal, AbortSignal.timeout(shareMs)])
  try {
    if ('hand' in provider) return await orAborted(provider.hand(message), share)
    // A provider does not redirect; whoever does is not it (security.md S1).
    const request = new Request(await provider.request(message), { redirect: 'manual', signal: share })
    const response = await orAborted(fetcher(request), share)
    const body = await orAborted(readBounded(response.body, MAX_ANSWER_BYTES), share)
    return provider.read(response.status, body, response.headers)
  } catch (error) {
    return { is: 'later', detail: error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'no answer' }
  }
}

/** A service binding need not heed the signal; we go on without it all the same. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason))
    work.then(resolve, reject)
  })
}
