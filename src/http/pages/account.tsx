/** /account: where I am signed in, and the ways to end it. Without a session it leads to the sign-in page. */

import { Hono } from 'hono'
import { endSession, endSessionsOfUser, listSessions } from '../../domain/sessions/revoke.ts'
import { readSessionCookie } from '../../domain/sign-in/single-sign-on.ts'
import { identifierOf } from '../../domain/users/user.ts'
import { deviceName } from '../../lib/device-name.ts'
import type { AppEnv } from '../context.ts'
import { dropSession, readSession } from '../cookies.ts'
import { formOf } from '../form.ts'
import { onlyIssuerHost } from '../middleware/only-issuer-host.tsx'
import { pageForm } from '../middleware/page-form.tsx'
import { answerSignIn, lookOf } from './answer.tsx'
import { urlOf } from './sign-in.tsx'

const SHOWN = 50

export function accountPages() {
  const app = new Hono<AppEnv>()
  app.use(onlyIssuerHost)
  const form = pageForm(4096)

  app.get('/', async (c) => {
    const { deps, project } = c.var
    const signedIn = await readSessionCookie(deps, project, readSession(c, project.id))
    if (!signedIn) return c.redirect(urlOf(c, '/sign-in'), 303)
    const { user, session } = signedIn
    const sessions = await listSessions(deps, project, user.id, SHOWN, null)
    const look = lookOf(c, project, user.locale)
    return answerSignIn(
      c,
      {
        kind: 'account',
        application: look.brand.name,
        email: identifierOf(user, 'email')?.value ?? null,
        phone: identifierOf(user, 'phone')?.value ?? null,
        name: [user.firstName, user.lastName].filter(Boolean).join(' ') || null,
        sessions: sessions.map(({ id, userAgent, createdAt, lastActiveAt }) => ({
          id,
          current: id === session.id,
          browser: deviceName(userAgent),
          createdAt,
          lastActiveAt,
          form: { action: urlOf(c, '/account/end'), fields: { session: id } },
        })),
        signOut: { action: urlOf(c, '/account/sign-out'), fields: {} },
        signOutEverywhere: { action: urlOf(c, '/account/sign-out'), fields: { everywhere: '1' } },
        notice: c.req.query('ended') === undefined ? null : 'ended',
      },
      look,
    )
  })

  app.post('/end', ...form, async (c) => {
    const { deps, project } = c.var
    const signedIn = await readSessionCookie(deps, project, readSession(c, project.id))
    if (!signedIn) return c.redirect(urlOf(c, '/sign-in'), 303)
    const id = (await formOf(c)).get('session') ?? ''
    // Only one of one's own: the id of somebody else's is nothing here.
    const own = await listSessions(deps, project, signedIn.user.id, SHOWN, null)
    if (own.some((session) => session.id === id)) await endSession(deps, project, id)
    if (id === signedIn.session.id) dropSession(c, project.id)
    return c.redirect(urlOf(c, '/account', { ended: '1' }), 303)
  })

  app.post('/sign-out', ...form, async (c) => {
    const { deps, project } = c.var
    const signedIn = await readSessionCookie(deps, project, readSession(c, project.id))
    const everywhere = (await formOf(c)).has('everywhere')
    if (signedIn && everywhere) await endSessionsOfUser(deps, project, signedIn.user.id)
    else if (signedIn) await endSession(deps, project, signedIn.session.id)
    dropSession(c, project.id)
    return c.redirect(urlOf(c, '/account/signed-out'), 303)
  })

  app.get('/signed-out', (c) => {
    const look = lookOf(c, c.var.project)
    return answerSignIn(c, { kind: 'signed_out', application: look.brand.name, signIn: urlOf(c, '/sign-in') }, look)
  })

  return app
}
