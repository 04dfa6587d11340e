import { type Context, Hono } from 'hono'
import { homePage } from './home-page.tsx'
import { type InboxEnv, inboxOf, type StoredMail } from './inbox-object.ts'
import { listPage } from './list-page.tsx'
import { mailPage, missingPage, viewOf } from './mail-page.tsx'
import { codeOf, linksOf, parseAfter, parseOutage, parseTo } from './parse.ts'

type InboxContext = Context<{ Bindings: InboxEnv }>

/** The inbox as pages and as JSON, and what `/` shows in development. */
export const inboxRoutes = new Hono<{ Bindings: InboxEnv }>({ strict: false })

inboxRoutes.get('/', (c) => homePage(c.env.ISSUER))

inboxRoutes.get('/dev/inbox', async (c) => {
  const to = parseTo(c.req.query('to'))
  const inbox = inboxOf(c.env)
  const [mails, outage] = await Promise.all([inbox.headings(to), inbox.outage()])
  return listPage({ issuer: c.env.ISSUER, to, mails, outage })
})

inboxRoutes.get('/dev/inbox/messages', async (c) => {
  const filter = filterOf(c)
  if (filter instanceof Response) return filter
  const messages = (await inboxOf(c.env).list(filter)).map(toJson)
  return c.json({ messages }, 200, { 'cache-control': 'no-store' })
})

inboxRoutes.delete('/dev/inbox/messages', async (c) => {
  const filter = filterOf(c)
  if (filter instanceof Response) return filter
  await inboxOf(c.env).empty(filter)
  return c.body(null, 204)
})

inboxRoutes.get('/dev/inbox/outage', async (c) => c.json({ status: await inboxOf(c.env).outage() }))

inboxRoutes.put('/dev/inbox/outage', async (c) => {
  const wanted = parseOutage(await c.req.json().catch(() => undefined))
  if (!wanted) {
    const rule = 'must be 500, 429, "timeout" or null'
    return problem(c, 400, 'invalid_request', `The body is { "status": … }, and status ${rule}.`, [
      { path: 'status', message: rule },
    ])
  }
  await inboxOf(c.env).setOutage(wanted.status)
  return c.json(wanted)
})

inboxRoutes.get('/dev/inbox/:id', async (c) => {
  const mail = await inboxOf(c.env).find(c.req.param('id'))
  if (mail) return mailPage({ mail, view: viewOf(c.req.query('view')) })
  return c.req.header('accept')?.includes('text/html')
    ? missingPage()
    : problem(c, 404, 'not_found', 'There is no such mail: the inbox keeps the newest 500, for 7 days.')
})

inboxRoutes.all('/', (c) => notAllowed(c, 'GET'))
inboxRoutes.all('/dev/inbox', (c) => notAllowed(c, 'GET'))
inboxRoutes.all('/dev/inbox/messages', (c) => notAllowed(c, 'GET, DELETE'))
inboxRoutes.all('/dev/inbox/outage', (c) => notAllowed(c, 'GET, PUT'))
inboxRoutes.all('/dev/inbox/:id', (c) => notAllowed(c, 'GET'))
inboxRoutes.notFound((c) => problem(c, 404, 'not_found', 'The inbox has no such page.'))

function filterOf(c: InboxContext): { to: string | null; after: number } | Response {
  const after = parseAfter(c.req.query('after'))
  if (after !== undefined) return { to: parseTo(c.req.query('to')), after }
  const rule = 'must be a time in milliseconds, such as the ts of the last message'
  return problem(c, 400, 'invalid_request', `after ${rule}.`, [{ path: 'after', message: rule }])
}

function toJson(mail: StoredMail): StoredMail & { links: string[]; code: string | null } {
  const { id, to, from, subject, text, html, ts } = mail
  return { id, to, from, subject, text, html, links: linksOf(mail), code: codeOf(text), ts }
}

function notAllowed(c: InboxContext, allow: string): Response {
  c.header('allow', allow)
  return problem(c, 405, 'method_not_allowed', `${c.req.method} is not possible here, only ${allow}.`)
}

const TITLES = { 400: 'Bad Request', 404: 'Not Found', 405: 'Method Not Allowed' }

function problem(
  c: InboxContext,
  status: keyof typeof TITLES,
  code: string,
  detail: string,
  errors: { path: string; message: string }[] = [],
): Response {
  const body = { type: `${c.env.ISSUER}/docs/errors#${code}`, title: TITLES[status], status, detail, code }
  return c.body(JSON.stringify(errors.length > 0 ? { ...body, errors } : body), status, {
    'content-type': 'application/problem+json',
    'cache-control': 'no-store',
  })
}
