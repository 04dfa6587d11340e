/** One provider after the other, 8 seconds in all. The mail's id is the idempotency key everywhere. */

import type { Delivery, DeliveryAttempt } from '../../ports.ts'
import type { MailProvider, ProviderAnswer, ProviderMail } from './provider.ts'

const PATIENCE_MS = 8000
const MAX_ANSWER_CHARACTERS = 65_536

/** @param fetcher the MAIL binding, or the open network */
export async function sendByChain(
  providers: MailProvider[],
  fetcher: (request: Request) => Promise<Response>,
  mail: ProviderMail,
): Promise<Delivery> {
  const attempts: DeliveryAttempt[] = []
  const signal = AbortSignal.timeout(PATIENCE_MS)
  let refused = 0
  for (const [index, provider] of providers.entries()) {
    const answer = await ask(provider, fetcher, mail, signal, providers.length - index)
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

/** Each provider has its share of the time that is left, so that one that hangs leaves some for the next. */
async function ask(
  provider: MailProvider,
  fetcher: (request: Request) => Promise<Response>,
  mail: ProviderMail,
  signal: AbortSignal,
  left: number,
): Promise<ProviderAnswer> {
  try {
    const share = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS / left)])
    // A provider does not redirect; whoever does is not it (security.md S1).
    const request = new Request(provider.request(mail), { redirect: 'manual', signal: share })
    const response = await orAborted(fetcher(request), share)
    const body = await orAborted(response.text(), share)
    return provider.read(response.status, body.slice(0, MAX_ANSWER_CHARACTERS))
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
