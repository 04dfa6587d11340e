/**
 * Asking for a way in on our own pages, without a key: ledger → one pending row → answer. Whether the address is anybody's is
 * looked up after the answer, so that neither bytes nor calls nor time tell (design §4, hosted flow).
 */

import { encodeBase64url } from '../../lib/base64url.ts'
import { frame, hex } from '../../lib/bytes.ts'
import { sha256 } from '../../lib/digest.ts'
import { newId } from '../../lib/ids.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Deps } from '../../ports.ts'
import { linkUrl } from '../challenges/links.ts'
import { asOpened, mint, type Opened, openFailure } from '../challenges/mint.ts'
import { copyLink, lastExpiry, signInMail } from '../challenges/send.ts'
import { batch } from '../database.ts'
import { type Failure, failed } from '../failures.ts'
import { askLedger } from '../ledger/ask.ts'
import type { Lane } from '../ledger/decide.ts'
import { deliverStored } from '../messages/deliver.ts'
import { chooseLocale, FIRST_ATTEMPT_MS, sealInput, sealSecrets } from '../messages/message.ts'
import { insertMessage } from '../messages/queries.ts'
import type { Project } from '../projects/project.ts'
import { nameOf } from '../templates/template.ts'
import { type EmailAddress, maskEmail } from '../users/address.ts'
import { emailContact } from '../users/contact.ts'
import { refusingSetting } from '../users/email-rules.ts'
import type { AuthorizationRequest } from './authorization-request.ts'

export type Ask = {
  email: EmailAddress
  request: AuthorizationRequest | null
  flow: Uint8Array
  /** From the form: a double press sends one mail. */
  nonce: string
  lane: Lane
  /** What the page is in: as the request wishes, else as the browser does. */
  locale: string | null
  client: { ip: string | null; userAgent: string | null; country: string | null }
}

export type AskedFor = {
  ledger: string
  challenge: string
  hasLink: boolean
  hasCode: boolean
  /** Unix seconds. */
  askedAt: number
  resendAt: number
}

export async function askForSignIn(deps: Deps, project: Project, ask: Ask): Promise<Result<AskedFor, Failure>> {
  const { email, request, flow } = ask
  const setting = await refusingSetting(deps, project, email.domain)
  if (setting) return failed({ reason: 'email_domain_blocked', setting })
  // Hashed, since the browser's flow key is in it.
  const requestHash = encodeBase64url(await sha256(frame('ask', ask.nonce)))
  const minted = await mint(
    deps,
    project,
    {
      channel: 'email',
      purpose: 'sign_in',
      method: project.settings.method,
      redirectUri: request?.redirectUri ?? null,
      link: 'landing',
      linkParam: 'token',
      state: request?.state ?? null,
      locale: ask.locale,
      custom: null,
      metadata: {},
      expiresIn: null,
      client: ask.client,
      match: [],
      codeChallenge: null,
      tellsUser: false,
      hosted: {
        flow,
        clientId: request?.clientId ?? null,
        application: request?.application ?? null,
        wishedLocale: request?.locale ?? null,
        authorization: request && authorizationOf(request),
      },
      idempotency: { caller: 'page', key: ask.nonce, requestHash },
    },
    { subject: { kind: 'address', address: email.subject }, contact: emailContact(email), user: null },
  )
  const outcome = await askLedger(deps, minted.ledgerName, {
    type: 'open',
    id: minted.id,
    record: minted.record,
    secrets: minted.secrets,
    maxTries: project.settings.max_tries,
    limits: project.settings.send_limits,
    lane: ask.lane,
    request: requestHash,
  })
  if (outcome.is !== 'opened') return failed(openFailure(project, outcome))
  const opened = await asOpened(deps, minted, outcome)
  await store(deps, project, opened, email, request?.locale ?? null)
  deps.after(copyLink(deps, project, opened, emailContact(email), chooseLocale(project, opened.record.locale)))
  const spacing = Math.ceil(60 / project.settings.send_limits.per_minute)
  return ok({
    ledger: hex(minted.ledger),
    challenge: minted.id,
    hasLink: opened.link !== null,
    hasCode: opened.code !== null,
    askedAt: Math.floor(opened.sentAt / 1000),
    resendAt: Math.floor(opened.sentAt / 1000) + spacing,
  })
}

/** One row, whoever it is; the mail goes out after the answer, or by cron if this instance dies first. */
async function store(
  deps: Deps,
  project: Project,
  opened: Opened,
  email: EmailAddress,
  wishedLocale: string | null,
): Promise<void> {
  const { record, sentAt, challengeId } = opened
  if (record.testIdentity) return
  const now = Math.floor(sentAt / 1000)
  const id = newId('msg', now, await opened.draw('message', 16))
  const content = signInMail(deps, project, opened, null)
  const secrets = {
    link: opened.link && linkUrl(deps, project, record, opened.link.secret, false),
    signUpLink: null,
    code: opened.code?.text ?? null,
  }
  const toWhom = { canonical: email.canonical, exact: email.exact }
  await batch(deps.db, [
    insertMessage(deps.db, {
      projectId: project.id,
      id,
      challengeId,
      userId: null,
      identifierId: null,
      channel: 'email',
      toMasked: maskEmail(email.exact),
      template: nameOf({ ...content, link: secrets.link, code: secrets.code }),
      locale: content.locale,
      timeline: JSON.stringify([{ at: now, event: 'created', provider: null, detail: null }]),
      secrets: await sealSecrets(deps, project.id, id, secrets),
      input: await sealInput(deps, project.id, challengeId, {
        to: null,
        toWhom,
        content,
        wishedLocale,
        signUpUserId: null,
      }),
      dueAt: sentAt + FIRST_ATTEMPT_MS,
      expiresAt: lastExpiry(opened),
      now,
    }),
  ])
  if (!opened.repeated) deps.after(deliverStored(deps, project.id, id))
}

export const authorizationOf = (request: AuthorizationRequest) => {
  const { scope, nonce, codeChallenge, resource, accessClaims, idClaims } = request
  return { scope, nonce, codeChallenge, resource, accessClaims, idClaims }
}
