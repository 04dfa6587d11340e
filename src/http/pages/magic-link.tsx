/**
 * /auth/magic-link: GET shows, POST redeems. Mail scanners open links, some run scripts, and all of that changes nothing:
 * only a press from this page does, and the browser that pressed may press again.
 */

import { type Context, Hono } from 'hono'
import { LANDING_PATH } from '../../domain/challenges/links.ts'
import { type Pressed, press } from '../../domain/challenges/press.ts'
import { isBeyondRetry } from '../../domain/challenges/redeem.ts'
import { renewLink } from '../../domain/challenges/renew-link.ts'
import { type LinkView, type Look, viewLink } from '../../domain/challenges/view.ts'
import type { Failure } from '../../domain/failures.ts'
import { type ParsedSecret, parseSecret, relayCode } from '../../domain/ledger/secret.ts'
import { ledgerOf } from '../../domain/ledger/subject.ts'
import { brandOf, chooseLocale } from '../../domain/messages/message.ts'
import { getProject } from '../../domain/projects/project.ts'
import { rememberDevice } from '../../domain/sign-in/device.ts'
import { flowHash, flowRedemptionKey } from '../../domain/sign-in/flow.ts'
import { askHere, type Here } from '../../domain/sign-in/here.ts'
import { readSessionCookie } from '../../domain/sign-in/single-sign-on.ts'
import { maskEmail, parseEmailAddress } from '../../domain/users/address.ts'
import { identifierOf } from '../../domain/users/user.ts'
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
import { toPage } from './to-page.ts'
import { redemptionKey, visitForm } from './visit.ts'

const MAX_FORM_BYTES = 4096
const RENEW_PATH = `${LANDING_PATH}/new`
const HERE_PATH = `${LANDING_PATH}/here`

type LiveView = Extract<LinkView, { is: 'live' }>

export function magicLinkPage() {
  const app = new Hono<AppEnv>()
  app.use(onlyIssuerHost)
  const form = pageForm(MAX_FORM_BYTES)

  app.get('/', async (c) => {
    const code = c.req.query('code') ?? ''
    const link = await linkOf(c, code)
    if (!link) return answerPage(c, { kind: 'junk' }, { status: 400 })
    return show(c, link, code, await viewLink(c.var.deps, link), false)
  })

  app.post('/', ...form, async (c) => {
    const fields = readFields(await formOf(c))
    const link = await linkOf(c, fields.code)
    if (!link) return answerPage(c, { kind: 'junk' }, { status: 400 })
    const { deps } = c.var
    if (isBeyondRetry(link, deps.now())) {
      // Nobody need be asked. Whether there can be a new link, the page's button says.
      const { page, status } = toPage({ reason: 'expired' }, null, renewForm(fields.code))
      return answerPage(c, page, { status })
    }
    const visitKey = await redemptionKey(c, fields, link.id)
    if (visitKey === null) return show(c, link, fields.code, await viewLink(deps, link), true)
    const flow = readKeyCookie(c, 'flow')
    const key = flow ? await flowRedemptionKey(flow, link.ledger) : visitKey
    const pressed = await press(deps, { link, key, flow, device: deviceOf(c) })
    if (pressed.ok) return goOn(c, link, fields.code, pressed.value)
    const view = await viewLink(deps, link).catch((): LinkView => ({ is: 'unknown' }))
    const look = view.is === 'live' ? view.copy : view.is === 'unknown' ? null : view.look
    const isMail = view.is === 'live' ? view.copy.address !== '' : view.is !== 'unknown' && view.renewable
    return deadEnd(c, pressed.error, look, isMail ? renewForm(fields.code) : null)
  })

  app.post('/new', ...form, async (c) => {
    const { code } = readFields(await formOf(c))
    const link = await linkOf(c, code)
    if (!link) return answerPage(c, { kind: 'junk' }, { status: 400 })
    if (await isOverLimit(c, 'renew')) return answerPage(c, { kind: 'too_many', application: null }, { status: 429 })
    const renewed = await renewLink(c.var.deps, link, hereOf(c))
    if (!renewed.ok) {
      const { page, status } = toPage(renewed.error, null, null)
      return answerPage(c, page, { status })
    }
    const { brand, locale, address, channel } = renewed.value
    return answerPage(c, { kind: 'resent', application: brand.name, address, channel }, { brand, locale })
  })

  // From the page that shows a code for another browser: a link for this one.
  app.post('/here', ...form, async (c) => {
    const { code } = readFields(await formOf(c))
    const link = await linkOf(c, code)
    if (!link) return answerPage(c, { kind: 'junk' }, { status: 400 })
    if (await isOverLimit(c, 'renew')) return answerPage(c, { kind: 'too_many', application: null }, { status: 429 })
    const asked = await askHere(c.var.deps, link, hereOf(c))
    if (!asked.ok) {
      const { page, status } = toPage(asked.error, null, null)
      return answerPage(c, page, { status })
    }
    const { project, email } = asked.value
    const look = lookOf(c, project)
    const address = maskEmail(email.exact)
    return answerPage(c, { kind: 'resent', application: look.brand.name, address, channel: 'email' }, look)
  })

  return app
}

async function linkOf(c: Context<AppEnv>, code: string): Promise<ParsedSecret | null> {
  const parsed = await parseSecret(c.var.deps.keys, code)
  return parsed?.purpose === 'link' ? parsed : null
}

// --- showing --------------------------------------------------------------------------------------------------------

/** @param again the press came from a form of another visit: asked once more, nothing was used up */
async function show(
  c: Context<AppEnv>,
  link: ParsedSecret,
  code: string,
  view: LinkView,
  again: boolean,
): Promise<Response> {
  switch (view.is) {
    case 'live':
      return view.copy.flow === null ? confirm(c, link, code, view, again) : bound(c, link, code, view, view.copy.flow)
    case 'unknown':
      return answerPage(c, { kind: 'junk' }, { status: 400 })
    default: {
      const failure = view.is === 'used' ? { reason: 'already_used' as const, at: view.at ?? 0 } : { reason: view.is }
      return deadEnd(c, failure, view.look, view.renewable ? renewForm(code) : null)
    }
  }
}

async function confirm(c: Context<AppEnv>, link: ParsedSecret, code: string, { copy }: LiveView, again: boolean) {
  const { brand, locale, address, asked } = copy
  const fields = await visitForm(c, code, link.id)
  const page = {
    kind: 'confirm',
    application: brand.name,
    address,
    action: LANDING_PATH,
    fields,
    validUntil: link.expiresAt,
    again,
    asked,
  } as const
  return answerPage(c, page, { brand, locale, status: again ? 403 : 200 })
}

/** Its own sentence and a next step; whoever is signed in here already may simply go on. */
async function deadEnd(
  c: Context<AppEnv>,
  failure: Failure,
  look: Look | null,
  resend: FormTarget | null,
): Promise<Response> {
  const signedIn = look && (await sessionHere(c, look.project))
  const continueTo = signedIn ? (look.home ?? `${signedIn.project.issuer}/account`) : null
  const { page, status } = toPage(failure, look?.brand.name ?? null, resend, continueTo)
  return answerPage(c, page, { status, ...(look ? { brand: look.brand, locale: look.locale } : {}) })
}

/** Who is signed in here, in this project. No D1 call without a cookie. */
async function sessionHere(c: Context<AppEnv>, projectId: string) {
  const cookie = readSession(c, projectId)
  const project = cookie ? await getProject(c.var.deps, projectId) : null
  const signedIn = project && (await readSessionCookie(c.var.deps, project, cookie))
  return project && signedIn ? { project, user: signedIn.user } : null
}

/** A link that a browser asked for on our own pages: there it goes on by itself, elsewhere it never signs in. */
async function bound(
  c: Context<AppEnv>,
  link: ParsedSecret,
  code: string,
  { copy }: LiveView,
  asker: string,
): Promise<Response> {
  const { brand, locale, address, asked } = copy
  const flow = readKeyCookie(c, 'flow')
  const form = { action: LANDING_PATH, fields: await visitForm(c, code, link.id) }
  const application = copy.application ?? brand.name
  const common = { application, address, form, validUntil: link.expiresAt }
  if (!flow || (await flowHash(flow, link.ledger)) !== asker) {
    return answerSignIn(c, { kind: 'elsewhere', ...common, asked }, { brand, locale })
  }
  const somebody = await somebodyElse(c, copy.project, link.ledger)
  if (somebody === null) return answerSignIn(c, { kind: 'continue', ...common }, { brand, locale })
  const { current, stay } = somebody
  return answerSignIn(c, { kind: 'switch', application, address, form, current, stay }, { brand, locale })
}

/** Who else is signed in here: asked before they are switched (login CSRF, security.md L3). */
async function somebodyElse(
  c: Context<AppEnv>,
  projectId: string,
  ledger: string,
): Promise<{ current: string; stay: string } | null> {
  const cookie = readSession(c, projectId)
  const project = cookie ? await getProject(c.var.deps, projectId) : null
  const signedIn = project && (await readSessionCookie(c.var.deps, project, cookie))
  if (!project || !signedIn) return null
  const stay = `${project.issuer}/account`
  const own = parseEmailAddress(identifierOf(signedIn.user, 'email')?.value ?? '')
  if (!own.ok) return { current: signedIn.user.id, stay }
  const ownLedger = await ledgerOf(project, { kind: 'address', address: own.value.subject })
  return hex(ownLedger) === ledger ? null : { current: own.value.exact, stay }
}

// --- going on -------------------------------------------------------------------------------------------------------

async function goOn(c: Context<AppEnv>, link: ParsedSecret, code: string, pressed: Pressed): Promise<Response> {
  const { deps } = c.var
  if (pressed.is === 'elsewhere') {
    const { project, record } = pressed
    const page = {
      kind: 'relay',
      application: record.application ?? brandOf(project).name,
      code: await relayCode(deps.keys, link, link.proof, link.keyId),
      validUntil: link.expiresAt,
      sendHere: { action: HERE_PATH, fields: { code } },
    } as const
    return answerSignIn(c, page, { brand: brandOf(project), locale: chooseLocale(project, record.locale) })
  }
  const { redirectTo, signedIn } = pressed
  if (signedIn) {
    const { project, cookie } = signedIn
    writeSession(c, project.id, cookie, project.settings.session_absolute)
    writeCookie(c, 'device', await rememberDevice(deps, readCookie(c, 'device'), project.id, link.ledger))
    return c.redirect(redirectTo ?? `${project.issuer}/account`, 303)
  }
  if (redirectTo === null) throw new Error('a press that leads nowhere')
  return c.redirect(redirectTo, 303)
}

/** The browser that presses, which from now on has a flow key. */
const hereOf = (c: Context<AppEnv>): Here => ({
  flow: keepKeyCookie(c, 'flow'),
  device: readCookie(c, 'device'),
  client: { ...deviceOf(c), country: countryOf(c) },
})

const renewForm = (code: string): FormTarget => ({ action: RENEW_PATH, fields: { code } })

function readFields(form: URLSearchParams) {
  return { code: form.get('code') ?? '', token: form.get('token') ?? '', nonce: form.get('nonce') ?? '' }
}
