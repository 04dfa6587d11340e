/**
 * /sign-in: the address, then "check your mail" with one code field. A browser has one flow key, so asking twice, in two tabs,
 * or pressing twice leaves every link and code of this browser working. Nothing here tells whether an address is anybody's.
 */

import { type Context, Hono } from 'hono'
import type { Failure } from '../../domain/failures.ts'
import { ledgerOf } from '../../domain/ledger/subject.ts'
import { askForSignIn } from '../../domain/sign-in/ask.ts'
import {
  type AuthorizationRequest,
  sealFor,
  sealRequest,
  unsealFor,
  unsealRequest,
} from '../../domain/sign-in/authorization-request.ts'
import { laneOf, rememberDevice } from '../../domain/sign-in/device.ts'
import { enterCode } from '../../domain/sign-in/enter-code.ts'
import { grantForSession } from '../../domain/sign-in/grant-for-session.ts'
import { readSessionCookie } from '../../domain/sign-in/single-sign-on.ts'
import { waitingStatus } from '../../domain/sign-in/waiting.ts'
import { parseEmailAddress } from '../../domain/users/address.ts'
import { identifierOf } from '../../domain/users/user.ts'
import { decodeBase64url, encodeBase64url } from '../../lib/base64url.ts'
import { hex } from '../../lib/bytes.ts'
import type { AppEnv } from '../context.ts'
import { keepKeyCookie, readCookie, readKeyCookie, readSession, writeCookie, writeSession } from '../cookies.ts'
import { countryOf, deviceOf } from '../device.ts'
import { formOf } from '../form.ts'
import { isOverLimit } from '../middleware/limit.ts'
import { onlyIssuerHost } from '../middleware/only-issuer-host.tsx'
import { pageForm } from '../middleware/page-form.tsx'
import { answerPage, answerSignIn, lookOf } from './answer.tsx'
import type { FormTarget } from './parts.tsx'
import type { AddressError, SignInPage } from './sign-in-views.tsx'

const MAX_FORM_BYTES = 32 * 1024
const KEY_BYTES = 16

/** What the waiting page knows, sealed: in its URL, or in its form where cookies are blocked. */
type Waiting = {
  email: string
  ledger: string
  challenge: string
  hasLink: boolean
  hasCode: boolean
  /** Unix seconds. */
  askedAt: number
  resendAt: number
  request: AuthorizationRequest | null
  /** The flow key of a browser that keeps no cookies; base64url. */
  flow: string | null
}

export function signInPages() {
  const app = new Hono<AppEnv>()
  app.use(onlyIssuerHost)
  const form = pageForm(MAX_FORM_BYTES)

  app.get('/', async (c) => {
    const { deps, project } = c.var
    const sealed = c.req.query('request')
    const request = sealed === undefined ? null : await unsealRequest(deps, project, sealed)
    if (sealed !== undefined && request === null) return tooOld(c)
    const signedIn = await readSessionCookie(deps, project, readSession(c, project.id))
    if (signedIn && request === null) return c.redirect(urlOf(c, '/account'), 303)
    keepKeyCookie(c, 'flow')
    const signedInAs = signedIn && (identifierOf(signedIn.user, 'email')?.value ?? signedIn.user.id)
    const email = c.req.query('email')?.slice(0, 254) ?? request?.loginHint ?? ''
    return address(c, request, { email, error: null, signedInAs }, 200)
  })

  app.post('/', ...form, async (c) => {
    const fields = await formOf(c)
    const request = await requestOf(c, fields)
    if (request === undefined) return tooOld(c)
    const typed = fields.get('email') ?? ''
    const refuse = (error: AddressError, status: number) =>
      address(c, request, { email: typed.slice(0, 254), error, signedInAs: null }, status)
    if (await isOverLimit(c, 'ask')) return refuse('too_many', 429)
    const email = parseEmailAddress(typed)
    if (!email.ok) return refuse(typed.trim() === '' ? 'empty' : 'invalid', 400)
    return ask(c, email.value.exact, request, fields.get('nonce') ?? '', (failure) => {
      if (failure.reason === 'email_domain_blocked') return refuse('blocked', 403)
      const isLimit = failure.reason === 'too_many_sends' || failure.reason === 'locked'
      return isLimit ? refuse('too_many', 429) : refuse('invalid', 400)
    })
  })

  app.post('/go-on', ...form, async (c) => {
    const { deps, project } = c.var
    const request = await requestOf(c, await formOf(c))
    const signedIn = await readSessionCookie(deps, project, readSession(c, project.id))
    if (!request || !signedIn || request.fresh) return tooOld(c)
    return c.redirect(await grantForSession(deps, project, signedIn.session, request), 303)
  })

  // A tab that waited, when another one has signed in: on to the application, as this tab asked.
  app.get('/go-on', async (c) => {
    const { deps, project } = c.var
    const waiting = await waitingOf(c, c.req.query('s'))
    const request = waiting?.request ?? null
    const signedIn = await readSessionCookie(deps, project, readSession(c, project.id))
    if (!waiting || !request) return c.redirect(urlOf(c, signedIn ? '/account' : '/sign-in'), 303)
    // A session that began after this tab asked is as new a sign-in as the application wants.
    const isNewEnough = signedIn && (!request.fresh || signedIn.session.createdAt >= waiting.askedAt)
    if (!isNewEnough) return c.redirect(await signInUrl(c, request), 303)
    return c.redirect(await grantForSession(deps, project, signedIn.session, request), 303)
  })

  app.get('/code', async (c) => {
    const sealed = c.req.query('s') ?? ''
    const waiting = await waitingOf(c, sealed)
    if (!waiting) return c.redirect(urlOf(c, '/sign-in'), 303)
    // "I opened the link": where no script asks how things stand, this does.
    const isOpened = c.req.query('opened') !== undefined
    if (isOpened && (await waitingStatus(c.var.deps, c.var.project, waiting)) === 'redeemed') {
      return c.redirect(urlOf(c, '/sign-in/go-on', { s: sealed }), 303)
    }
    const notice = c.req.query('again') === undefined ? null : 'resent'
    return wait(c, waiting, { typed: '', error: null, notice }, 200)
  })

  app.post('/code', ...form, async (c) => {
    const { deps, project } = c.var
    const fields = await formOf(c)
    const waiting = await waitingOf(c, fields.get('s') ?? undefined)
    if (!waiting) return tooOld(c)
    const typed = (fields.get('typed') ?? '').slice(0, 2000)
    const again = (error: WaitingError, status: number) => wait(c, waiting, { typed, error, notice: null }, status)
    if (typed.trim() === '') return again({ kind: 'empty' }, 400)
    if (await isOverLimit(c, 'code', waiting.ledger)) return again({ kind: 'too_many' }, 429)
    const { ledger } = waiting
    const device = readCookie(c, 'device')
    const entered = await enterCode(deps, project, {
      ledger,
      typed,
      flow: flowOf(c, waiting),
      lane: await laneOf(deps, device, project.id, ledger),
      device: deviceOf(c),
    })
    if (!entered.ok) return failedEntry(c, waiting, entered.error, again)
    const { cookie, redirectTo } = entered.value
    writeSession(c, project.id, cookie, project.settings.session_absolute)
    writeCookie(c, 'device', await rememberDevice(deps, device, project.id, ledger))
    return c.redirect(redirectTo ?? urlOf(c, '/account'), 303)
  })

  app.post('/resend', ...form, async (c) => {
    const fields = await formOf(c)
    const waiting = await waitingOf(c, fields.get('s') ?? undefined)
    if (!waiting) return tooOld(c)
    const again = (error: WaitingError, status: number) => wait(c, waiting, { typed: '', error, notice: null }, status)
    if (await isOverLimit(c, 'ask')) return again({ kind: 'too_many' }, 429)
    return ask(
      c,
      waiting.email,
      waiting.request,
      fields.get('nonce') ?? '',
      () => again({ kind: 'too_many' }, 429),
      waiting,
    )
  })

  app.get('/status', async (c) => {
    const sealed = c.req.query('s')
    const waiting = await waitingOf(c, sealed)
    const status = waiting ? await waitingStatus(c.var.deps, c.var.project, waiting) : 'unknown'
    const goOn = status === 'redeemed' ? urlOf(c, '/sign-in/done', { s: sealed ?? '' }) : null
    return c.json({ status, ...(goOn ? { go_on: goOn } : {}) }, 200, { 'cache-control': 'no-store' })
  })

  app.get('/done', async (c) => {
    const sealed = c.req.query('s') ?? ''
    const waiting = await waitingOf(c, sealed)
    const goOn = waiting?.request ? urlOf(c, '/sign-in/go-on', { s: sealed }) : urlOf(c, '/account')
    const application = nameOf(c, waiting?.request ?? null)
    return answerSignIn(c, { kind: 'done', application, goOn }, lookOf(c, c.var.project, waiting?.request?.locale))
  })

  return app
}

type WaitingError = Extract<SignInPage, { kind: 'waiting' }>['error']

// --- asking ---------------------------------------------------------------------------------------------------------

async function ask(
  c: Context<AppEnv>,
  address: string,
  request: AuthorizationRequest | null,
  nonce: string,
  refuse: (failure: Failure) => Response | Promise<Response>,
  before: Waiting | null = null,
): Promise<Response> {
  const { deps, project } = c.var
  const email = parseEmailAddress(address)
  if (!email.ok) return refuse({ reason: 'unknown_token' })
  const cookie = readKeyCookie(c, 'flow')
  const flow = cookie ?? decodeBase64url(before?.flow ?? '') ?? new Uint8Array()
  const key = flow.length === KEY_BYTES ? flow : deps.randomBytes(KEY_BYTES)
  const ledger = hex(await ledgerOf(project, { kind: 'address', address: email.value.subject }))
  const asked = await askForSignIn(deps, project, {
    email: email.value,
    request,
    flow: key,
    // Whatever came is a name for this press, and no more: two browsers with one nonce are two.
    nonce: `${encodeBase64url(key)}:${nonce.slice(0, 100)}`,
    lane: await laneOf(deps, readCookie(c, 'device'), project.id, ledger),
    locale: lookOf(c, project, request?.locale).locale,
    client: { ...deviceOf(c), country: countryOf(c) },
  })
  if (!asked.ok) return refuse(asked.error)
  const waiting: Waiting = {
    email: email.value.exact,
    request,
    flow: cookie ? null : encodeBase64url(key),
    ...asked.value,
  }
  // Without a cookie the state can only travel in the form: the code typed in this very tab signs in.
  if (!cookie) return wait(c, waiting, { typed: '', error: null, notice: before ? 'resent' : null }, 200)
  const s = await seal(c, waiting)
  return c.redirect(urlOf(c, '/sign-in/code', before ? { s, again: '1' } : { s }), 303)
}

async function address(
  c: Context<AppEnv>,
  request: AuthorizationRequest | null,
  page: { email: string; error: AddressError | null; signedInAs: string | null },
  status: number,
): Promise<Response> {
  const { deps, project } = c.var
  const sealed = request ? { request: await sealRequest(deps, project, request) } : {}
  const nonce = encodeBase64url(deps.randomBytes(KEY_BYTES))
  const form: FormTarget = { action: urlOf(c, '/sign-in'), fields: { nonce, ...sealed } }
  const goOn =
    page.signedInAs !== null && request && !request.fresh
      ? { action: urlOf(c, '/sign-in/go-on'), fields: sealed }
      : null
  const application = nameOf(c, request)
  return answerSignIn(
    c,
    { kind: 'address', application, form, goOn, ...page },
    { status, ...lookOf(c, project, request?.locale) },
  )
}

// --- waiting --------------------------------------------------------------------------------------------------------

async function wait(
  c: Context<AppEnv>,
  waiting: Waiting,
  page: { typed: string; error: WaitingError; notice: 'resent' | null },
  status: number,
): Promise<Response> {
  const { deps, project } = c.var
  const s = await seal(c, waiting)
  const { email, hasLink, hasCode, request, resendAt } = waiting
  const nonce = encodeBase64url(deps.randomBytes(KEY_BYTES))
  const back = urlOf(c, '/sign-in', {
    email,
    ...(request ? { request: await sealRequest(deps, project, request) } : {}),
  })
  const state: SignInPage = {
    kind: 'waiting',
    application: nameOf(c, request),
    email,
    hasLink,
    hasCode,
    form: { action: urlOf(c, '/sign-in/code'), fields: { s } },
    resend: { action: urlOf(c, '/sign-in/resend'), fields: { s, nonce } },
    resendIn: Math.max(0, resendAt - Math.floor(deps.now() / 1000)),
    back,
    progress:
      waiting.flow === null
        ? { status: urlOf(c, '/sign-in/status', { s }), here: urlOf(c, '/sign-in/code', { s, opened: '1' }) }
        : null,
    cookiesBlocked: waiting.flow !== null,
    ...page,
  }
  return answerSignIn(c, state, { status, ...lookOf(c, project, request?.locale) })
}

async function failedEntry(
  c: Context<AppEnv>,
  waiting: Waiting,
  failure: Failure,
  again: (error: WaitingError, status: number) => Promise<Response>,
): Promise<Response> {
  switch (failure.reason) {
    case 'wrong_code':
      return again({ kind: 'wrong', triesLeft: failure.triesLeft }, 400)
    case 'locked':
      return again({ kind: 'locked' }, 423)
    case 'already_used':
      // Signed in by now, in this browser or in another: on with the same request.
      return c.redirect(urlOf(c, '/sign-in/go-on', { s: await seal(c, waiting) }), 303)
    case 'user_inactive':
      return answerPage(
        c,
        { kind: 'inactive', application: nameOf(c, waiting.request) },
        { status: 403, ...lookOf(c, c.var.project, waiting.request?.locale) },
      )
    default:
      return again({ kind: 'expired' }, 410)
  }
}

// --- what travels ---------------------------------------------------------------------------------------------------

const placeOf = (c: Context<AppEnv>) => `sign-in:${c.var.project.id}`

const seal = (c: Context<AppEnv>, waiting: Waiting): Promise<string> => sealFor(c.var.deps, placeOf(c), waiting)

const waitingOf = async (c: Context<AppEnv>, sealed: string | undefined): Promise<Waiting | null> =>
  sealed === undefined ? null : unsealFor<Waiting>(c.var.deps, placeOf(c), sealed)

/** Null: none; undefined: one that is too old. */
async function requestOf(
  c: Context<AppEnv>,
  fields: URLSearchParams,
): Promise<AuthorizationRequest | null | undefined> {
  const sealed = fields.get('request')
  if (sealed === null) return null
  return (await unsealRequest(c.var.deps, c.var.project, sealed)) ?? undefined
}

/** The browser's own key, else the one in the form; a browser that has neither asked for nothing. */
const flowOf = (c: Context<AppEnv>, waiting: Waiting): Uint8Array =>
  decodeBase64url(waiting.flow ?? '')?.length === KEY_BYTES
    ? (decodeBase64url(waiting.flow ?? '') ?? new Uint8Array(KEY_BYTES))
    : (readKeyCookie(c, 'flow') ?? c.var.deps.randomBytes(KEY_BYTES))

const signInUrl = async (c: Context<AppEnv>, request: AuthorizationRequest | null): Promise<string> =>
  urlOf(c, '/sign-in', request ? { request: await sealRequest(c.var.deps, c.var.project, request) } : {})

const tooOld = (c: Context<AppEnv>) =>
  answerSignIn(c, { kind: 'late', startAgain: urlOf(c, '/sign-in') }, { status: 400, ...lookOf(c, c.var.project) })

const nameOf = (c: Context<AppEnv>, request: AuthorizationRequest | null): string =>
  request?.application ?? c.var.project.settings.brand.name ?? c.var.project.name

export function urlOf(c: Context<AppEnv>, path: string, query: Record<string, string> = {}): string {
  const search = new URLSearchParams(query).toString()
  return `${c.var.project.issuer}${path}${search ? `?${search}` : ''}`
}
