/** GET and POST /authorize: leads to the application if the person is signed in, else to the sign-in page. */

import { type Context, Hono } from 'hono'
import { withParameters } from '../../domain/projects/redirect-uris.ts'
import { readIdTokenHint } from '../../domain/sessions/id-token-hint.ts'
import { type AuthorizationRequest, sealRequest } from '../../domain/sign-in/authorization-request.ts'
import { grantForSession } from '../../domain/sign-in/grant-for-session.ts'
import { readSessionCookie } from '../../domain/sign-in/single-sign-on.ts'
import { Unavailable } from '../../lib/deadline.ts'
import type { AppEnv } from '../context.ts'
import { readSession } from '../cookies.ts'
import { formOf } from '../form.ts'
import { refuseRequest } from '../refuse-request.ts'
import { type AuthorizeError, type Checked, checkClient, checkRequest } from './authorize-checks.ts'
import { readParameters } from './form.ts'
import { describe } from './oauth-error.ts'
import { oauthFormLimit } from './token.ts'

export function authorizeEndpoint() {
  const app = new Hono<AppEnv>()
  app.get('/', (c) => authorize(c, new URL(c.req.url).searchParams))
  app.post('/', oauthFormLimit, async (c) => authorize(c, await formOf(c)))
  return app
}

async function authorize(c: Context<AppEnv>, given: URLSearchParams): Promise<Response> {
  const { deps, project } = c.var
  const parameters = readParameters(given)
  if (typeof parameters === 'string') return refuseRequest(c, `${parameters}.`)
  const trusted = await checkClient(deps, project, parameters)
  if (!trusted.ok) return refuseRequest(c, trusted.error.detail)
  const { client, redirectUri } = trusted.value
  const state = parameters.get('state') ?? null
  const deny = (error: AuthorizeError, description: string) =>
    // 303, so that no browser sends a form on (RFC 9700 §4.12); the issuer is named in errors too (RFC 9207 §2).
    c.redirect(
      withParameters(redirectUri, { error, error_description: describe(description), state, iss: project.issuer }),
      303,
    )
  const checked = checkRequest(project, client, redirectUri, parameters)
  if (!checked.ok) return deny(checked.error.error, checked.error.description)
  try {
    return await lead(c, checked.value, deny)
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error
    return deny('temporarily_unavailable', 'a part of the service did not answer; try again')
  }
}

async function lead(
  c: Context<AppEnv>,
  { request, prompt, maxAge, idTokenHint }: Checked,
  deny: (error: AuthorizeError, description: string) => Response,
): Promise<Response> {
  const { deps, project } = c.var
  const signedIn = await readSessionCookie(deps, project, readSession(c, project.id))
  const hint = idTokenHint === null ? null : await readIdTokenHint(deps, project, idTokenHint)
  if (idTokenHint !== null && !hint) return deny('invalid_request', 'id_token_hint is no ID token of this issuer')
  const now = Math.floor(deps.now() / 1000)
  const isTooOld = signedIn !== null && maxAge !== null && now - signedIn.session.createdAt > maxAge
  const isSomebodyElse = signedIn !== null && hint !== null && hint.sub !== signedIn.user.id
  const isAsked = prompt.has('login') || prompt.has('select_account')
  if (signedIn && !isTooOld && !isSomebodyElse && !isAsked) {
    return c.redirect(await grantForSession(deps, project, signedIn.session, request), 303)
  }
  if (prompt.has('none')) return deny('login_required', 'nobody is signed in, or not recently enough')
  const sealed: AuthorizationRequest = { ...request, fresh: request.fresh || isTooOld || isSomebodyElse }
  return c.redirect(
    withParameters(`${project.issuer}/sign-in`, { request: await sealRequest(deps, project, sealed) }),
    303,
  )
}
