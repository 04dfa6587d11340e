/**
 * Redeemers with the faults that the checker is there to find, each a few lines, beside the real ledger. Test code: it is bundled
 * by test/http/broken-ledgers.test.ts alone, and run in real workerd.
 */

import { DurableObject } from 'cloudflare:workers'
import type { Command, RedeemOutcome } from '../../src/domain/ledger/decide.ts'
import { Ledger } from '../../src/domain/ledger/ledger-object.ts'
import type { ChallengeRecord } from '../../src/domain/ledger/record.ts'

export { Ledger }

type Env = {
  LEDGER: DurableObjectNamespace<Ledger>
  AWAITING: DurableObjectNamespace<Awaiting>
  HASTY: DurableObjectNamespace<Hasty>
  CODES: KVNamespace
}
type Answer = { is: 'ok'; sid: string } | { is: 'used' }
type Used = { key: string; sid: string }

const answerOf = (used: Used, key: string): Answer => (used.key === key ? { is: 'ok', sid: used.sid } : { is: 'used' })

/** Its mark comes after an `await` on something that is not its storage: others are let in meanwhile. */
export class Awaiting extends DurableObject<Env> {
  async redeem(key: string, sid: string): Promise<Answer> {
    const used = this.ctx.storage.kv.get<Used>('used')
    if (used) return answerOf(used, key)
    await this.env.CODES.get('a look at something else')
    this.ctx.storage.kv.put('used', { key, sid })
    return { is: 'ok', sid }
  }
}

/** It answers first and stores when it has time. As long as it lives it is right. */
export class Hasty extends DurableObject<Env> {
  #used: Used | undefined

  redeem(key: string, sid: string): Answer {
    this.#used ??= this.ctx.storage.kv.get<Used>('used')
    if (this.#used) return answerOf(this.#used, key)
    const used = { key, sid }
    this.#used = used
    setTimeout(() => this.ctx.storage.kv.put('used', used), 50)
    return { is: 'ok', sid }
  }
}

/** KV has no compare-and-set, so there is no right way to do this with it. */
async function redeemFromKv(codes: KVNamespace, name: string, key: string, sid: string): Promise<Answer> {
  const used = await codes.get<Used>(`used:${name}`, 'json')
  if (used) return answerOf(used, key)
  await codes.put(`used:${name}`, JSON.stringify({ key, sid }))
  return { is: 'ok', sid }
}

async function redeemFromLedger(ledger: DurableObjectStub<Ledger>, key: string, sid: string): Promise<Answer> {
  const conditions = { project: 'p', dialect: 'native', idGiven: false } as const
  const command: Command = {
    type: 'redeem',
    id: 'c',
    purpose: 'link',
    proofs: ['proof'],
    key,
    caller: 'a',
    sessionId: sid,
    lane: 'stranger',
    conditions,
    grant: null,
  }
  const outcome = (await ledger.run(command)) as RedeemOutcome
  if (outcome.is === 'redeemed') return { is: 'ok', sid: outcome.sessionId }
  if (outcome.is === 'used') return { is: 'used' }
  throw new Error(outcome.is)
}

/** One link, valid for an hour. */
function opening(): Command {
  const record: ChallengeRecord = {
    project: 'p',
    dialect: 'native',
    purpose: 'sign_in',
    channel: 'none',
    method: 'link',
    identifier: null,
    userId: 'user',
    candidateUserId: null,
    createAtRedemption: false,
    mintedAt: Date.now(),
    link: 'landing',
    linkParam: 'token',
    linkTtl: 3600,
    codeTtl: 600,
    redirectUri: null,
    state: null,
    clientId: null,
    authorization: null,
    binding: null,
    client: null,
    match: [],
    linkRequiresId: false,
    testIdentity: false,
    tellsUser: true,
    locale: 'en',
    metadata: {},
  }
  const expiresAt = Math.floor(Date.now() / 1000) + 3600
  const secrets = [{ purpose: 'link', proof: 'proof', expiresAt } as const]
  return { type: 'open', id: 'c', record, secrets, maxTries: 5, limits: null, lane: 'stranger', request: null }
}

export default {
  /** POST /{kind}/{name}?key=&sid= redeems; PUT /ledger/{name} opens, which the broken ones do without. */
  async fetch(request, { LEDGER, AWAITING, HASTY, CODES }) {
    const { pathname, searchParams } = new URL(request.url)
    const [, kind, name = ''] = pathname.split('/')
    const [key, sid] = [searchParams.get('key') ?? '', searchParams.get('sid') ?? '']
    const ledger = LEDGER.get(LEDGER.idFromName(name))
    if (request.method === 'PUT') return Response.json(await ledger.run(opening()))
    switch (kind) {
      case 'ledger':
        return Response.json(await redeemFromLedger(ledger, key, sid))
      case 'awaiting':
        return Response.json(await AWAITING.get(AWAITING.idFromName(name)).redeem(key, sid))
      case 'hasty':
        return Response.json(await HASTY.get(HASTY.idFromName(name)).redeem(key, sid))
      default:
        return Response.json(await redeemFromKv(CODES, name, key, sid))
    }
  },
} satisfies ExportedHandler<Env>
