/**
 * /logout (OpenID Connect RP-Initiated Logout 1.0): with an ID token of this session it signs out at once, else it asks
 * (§2: an attacker's page must not sign anybody out). Leads on to a registered post_logout_redirect_uri, or nowhere.
 */

import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { type Client, getClient } from '../../domain/clients/client.ts'
import { matchesRegistered, withParameters } from '../../domain/projects/redirect-uris.ts'
import { readIdTokenHint } from '../../domain/sessions/id-token-hint.ts'
import { endSession } from '../../domain/sessions/revoke.ts'
import { sealFor, unsealFor } from '../../domain/sign-in/authorization-request.ts'
import { readSessionCookie } from '../../domain/sign-in/single-sign-on.ts'
import type { AppEnv } from '../context.ts'
import { dropSession, readSession } from '../cookies.ts'
import { formOf } from '../form.ts'
import { onlyIssuerHost } from '../middleware/only-issuer-host.tsx'
import { sameOrigin } from '../middleware/same-origin.tsx'
import { answerPage, answerSignIn, lookOf } from './answer.tsx'
import { urlOf } from './sign-in.tsx'

export function logoutPages() {
  const app = new Hono<AppEnv>()
  app.use(onlyIssuerHost)
  const limit = bodyLimit({
    maxSize: 16 * 1024,
    onError: (c) => answerPage(c as Context<AppEnv>, { kind: 'junk' }, { status: 413 }),
  })
  app.get('/', (c) => logout(c, new URL(c.req.url).searchParams))
  app.post('/', limit, async (c) => logout(c, await formOf(c)))

  // The confirmation's own form, from our page alone.
  app.post('/confirmed', sameOrigin, limit, async (c) => {
    const { deps, project } = c.var
    const target = await unsealFor<string>(deps, placeOf(c), (await formOf(c)).get('target') ?? '')
    const signedIn = await readSessionCookie(deps, project, readSession(c, project.id))
    if (signedIn) await endSession(deps, project, signedIn.session.id)
    dropSession(c, project.id)
    return c.redirect(target || urlOf(c, '/account/signed-out'), 303)
  })
  return app
}

async function logout(c: Context<AppEnv>, given: URLSearchParams): Promise<Response> {
  const { deps, project } = c.var
  const hintText = given.get('id_token_hint')
  const hint = hintText ? await readIdTokenHint(deps, project, hintText) : null
  const target = await targetOf(c, given, hint)
  if (target === undefined) {
    const detail = "post_logout_redirect_uri is not one of the client's, or came without id_token_hint and client_id."
    return answerSignIn(c, { kind: 'request_refused', detail }, { status: 400, ...lookOf(c, project) })
  }
  const signedIn = await readSessionCookie(deps, project, readSession(c, project.id))
  // The token that this very session issued is proof enough that its application asks.
  const isOwn = hint?.sid != null && (signedIn === null || signedIn.session.id === hint.sid)
  if (isOwn && hint.sid !== null) await endSession(deps, project, hint.sid)
  if (isOwn || signedIn === null) {
    dropSession(c, project.id)
    return c.redirect(target || urlOf(c, '/account/signed-out'), 303)
  }
  const look = lookOf(c, project, given.get('ui_locales'))
  const fields = { target: await sealFor(deps, placeOf(c), target) }
  const form = { action: urlOf(c, '/logout/confirmed'), fields }
  return answerSignIn(c, { kind: 'sign_out', application: look.brand.name, form, stay: urlOf(c, '/account') }, look)
}

/** '' : nowhere in particular; undefined: somewhere that is not allowed. */
async function targetOf(
  c: Context<AppEnv>,
  given: URLSearchParams,
  hint: Awaited<ReturnType<typeof readIdTokenHint>>,
): Promise<string | undefined> {
  const uri = given.get('post_logout_redirect_uri')
  if (!uri) return ''
  const clientId = given.get('client_id') ?? hint?.audience
  const client: Client | null = clientId ? await getClient(c.var.deps, c.var.project, clientId) : null
  // §2: a client_id beside a hint must be the hint's.
  if (!client || (hint && hint.audience !== client.clientId)) return undefined
  if (!matchesRegistered(client.postLogoutRedirectUris, uri)) return undefined
  return withParameters(uri, { state: given.get('state') })
}

const placeOf = (c: Context<AppEnv>) => `logout:${c.var.project.id}`
