/** Mounts the surfaces. `createApp(makePorts)` has no module-level state: a test makes its own with other ports. */

import { type Context, Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { createKeyring } from './domain/keyring.ts'
import { type Config, ConfigurationError, type Env, readEnv } from './env.ts'
import { apiKeysApi } from './http/api/api-keys.ts'
import { clientsApi } from './http/api/clients.ts'
import { eventsApi } from './http/api/events.ts'
import { messagesApi } from './http/api/messages.ts'
import { openApiDocument } from './http/api/openapi.ts'
import { organizationsApi } from './http/api/organizations.ts'
import { passwordlessApi } from './http/api/passwordless.ts'
import { projectApi } from './http/api/project.ts'
import { projectsApi } from './http/api/projects.ts'
import { sessionsApi } from './http/api/sessions.ts'
import { suppressionsApi } from './http/api/suppressions.ts'
import { templatesApi } from './http/api/templates.ts'
import { usersApi } from './http/api/users.ts'
import { callbacks } from './http/callbacks.ts'
import type { AppEnv } from './http/context.ts'
import { kosmosRoutes } from './http/dialects/1kosmos/routes.ts'
import { kosmosRefusal } from './http/dialects/1kosmos/wire.ts'
import { scalekitRoutes } from './http/dialects/scalekit/routes.ts'
import { scalekitRefusal } from './http/dialects/scalekit/wire.ts'
import { streambirdRefusal } from './http/dialects/streambird/refusals.ts'
import { streambirdRoutes } from './http/dialects/streambird/routes.ts'
import { transmitRoutes } from './http/dialects/transmit/routes.ts'
import { transmitRefusal } from './http/dialects/transmit/wire.ts'
import { docs } from './http/docs.ts'
import { health } from './http/health.ts'
import { checkIdempotencyKey } from './http/idempotency.ts'
import { onlyIfSpoken, refusesLike } from './http/middleware/dialect.ts'
import { projectOfPath } from './http/middleware/project-of-path.ts'
import { requestId } from './http/middleware/request-id.ts'
import { securityHeaders } from './http/middleware/security-headers.ts'
import { authorizeEndpoint } from './http/oidc/authorize.ts'
import { answerMetadata, discovery, METADATA_OF_PATH } from './http/oidc/discovery.ts'
import { introspectEndpoint } from './http/oidc/introspect.ts'
import { jwks } from './http/oidc/jwks.ts'
import { revokeEndpoint } from './http/oidc/revoke.ts'
import { tokenEndpoint } from './http/oidc/token.ts'
import { userinfo } from './http/oidc/userinfo.ts'
import { accountPages } from './http/pages/account.tsx'
import { answerPage } from './http/pages/answer.tsx'
import { logoutPages } from './http/pages/logout.tsx'
import { magicLinkPage } from './http/pages/magic-link.tsx'
import { signInPages } from './http/pages/sign-in.tsx'
import { problem } from './http/problem.ts'
import { Unavailable, within } from './lib/deadline.ts'
import { createIsolateCache } from './lib/isolate-cache.ts'
import { messageLoader } from './locales/load.ts'
import type { Deps, Ports } from './ports.ts'

/** Promise 13. */
const ANSWER_MS = 9500

/** Promise 8: a revoked API key is refused everywhere within this. */
const CACHE_MS = 30_000

/** Where vendors' clients look for what OAuth has elsewhere. */
const DIALECT_OAUTH = [
  ['/oidc/token', 'transmit', tokenEndpoint],
  ['/cis/oidc/jwks', 'transmit', jwks],
  ['/keys', 'scalekit', jwks],
  ['/v1/auth/jwks/default', 'streambird', jwks],
] as const

/** Where whatever goes wrong is told in a vendor's shape. */
const REFUSALS = [
  ['/cis/*', transmitRefusal],
  ['/api/v1/*', scalekitRefusal],
  ['/v1/auth/*', streambirdRefusal],
  ['/api/r1/*', kosmosRefusal],
  ['/api/r2/*', kosmosRefusal],
  ['/caas/*', kosmosRefusal],
] as const

export type MakePorts = (env: Env, config: Config) => Ports

/** `fetch` answers requests; `depsFor` gives cron the same parts. */
export function createApp(makePorts: MakePorts) {
  const depsFor = dependencies(makePorts)
  const app = new Hono<AppEnv>()

  app.use(requestId, securityHeaders)
  for (const [path, refuse] of REFUSALS)
    for (const base of ['', '/p/:project']) app.use(base + path, refusesLike(refuse))
  app.use(async (c, next) => {
    c.set('deps', await depsFor(c.env, c.executionCtx))
    // Each part has its own patience, and one request may ask several. What is under way may still commit.
    await within(ANSWER_MS, 'a part', next())
  })

  app.use(checkIdempotencyKey)

  app.route('/v1/users', usersApi({ defaultType: 'PERSON' }))
  // The Forward dialect's paths: there a user is a business unless said otherwise.
  app.use('/users/*', onlyIfSpoken('forward'))
  app.route('/users', usersApi({ defaultType: 'BUSINESS', isDialect: true }))
  app.route('/v1/passwordless', passwordlessApi())
  app.route('/v1/sessions', sessionsApi())
  app.route('/v1/project', projectApi())
  app.route('/v1/api_keys', apiKeysApi())
  app.route('/v1/clients', clientsApi())
  app.route('/v1/projects', projectsApi())
  app.route('/v1/organizations', organizationsApi())
  app.route('/v1/messages', messagesApi())
  app.route('/v1/events', eventsApi())
  app.route('/v1/suppressions', suppressionsApi())
  app.route('/v1/templates', templatesApi())
  app.route('/callbacks', callbacks())
  app.route('/auth/magic-link', magicLinkPage())
  app.route('/healthz', health())
  app.route('/docs', docs())
  app.get(METADATA_OF_PATH, projectOfPath, answerMetadata)
  for (const base of ['/', '/p/:project']) {
    for (const [path, vendor, surface] of DIALECT_OAUTH) {
      const whole = base === '/' ? path : base + path
      app.use(whole, onlyIfSpoken(vendor), projectOfPath)
      app.route(whole, surface())
    }
  }
  app.route('/', transmitRoutes())
  app.route('/p/:project', transmitRoutes())
  app.route('/', scalekitRoutes())
  app.route('/p/:project', scalekitRoutes())
  app.route('/', streambirdRoutes())
  app.route('/p/:project', streambirdRoutes())
  // The community's name says which project is meant.
  app.route('/', kosmosRoutes())
  // The first project's surfaces at the issuer itself, any project's under its own issuer.
  app.route('/', projectSurfaces())
  app.route('/p/:project', projectSurfaces())
  app.get('/openapi.json', (c) =>
    c.json(openApiDocument(c.var.deps.config.issuer.origin), 200, { 'access-control-allow-origin': '*' }),
  )

  // Development's own entry shows where to go instead.
  app.get('/', (c) => c.redirect(`${c.var.deps.config.issuer.origin}/sign-in`, 303))

  app.notFound((c) => {
    const allowed = methodsOf(app, c.req.path)
    if (wantsPage(c)) return answerPage(c, { kind: 'not_found' }, { status: allowed.length > 0 ? 405 : 404 })
    if (allowed.length === 0)
      return problem(c, 'not_found', 'There is nothing at this address. GET /openapi.json lists what there is.')
    const allow = allowed.join(', ')
    return problem(c, 'method_not_allowed', `This address takes ${allow}.`, { headers: { allow } })
  })

  app.onError((error, c) => {
    if (error instanceof HTTPException && error.status < 500) {
      return problem(c, 'invalid_request', 'The request could not be read.', {
        errors: [{ path: '', message: 'could not be read' }],
      })
    }
    logError(c.var.requestId, c.req.method, routeOf(c.req.matchedRoutes), error)
    const isOurs = error instanceof Unavailable || error instanceof ConfigurationError
    if (isOurs && wantsPage(c) && c.var.deps) {
      c.header('retry-after', '5')
      return answerPage(c, { kind: 'unavailable' }, { status: 503 })
    }
    if (error instanceof ConfigurationError)
      return problem(c, 'unavailable', error.message, { headers: { 'retry-after': '60' } })
    if (error instanceof Unavailable) {
      return problem(
        c,
        'unavailable',
        'A part of the service did not answer. Nothing is lost: ask again with the same Idempotency-Key.',
        {
          headers: { 'retry-after': '5' },
        },
      )
    }
    return problem(c, 'internal', 'This is our fault. The request id leads to the log line.')
  })

  return { app, depsFor }
}

/** What each project has of its own: keys, discovery, the OAuth endpoints, the sign-in pages. */
function projectSurfaces() {
  const app = new Hono<AppEnv>()
  for (const [path, surface] of [
    ['/.well-known/jwks.json', jwks()],
    ['/.well-known', discovery()],
    ['/authorize', authorizeEndpoint()],
    ['/oauth/token', tokenEndpoint()],
    ['/oauth/introspect', introspectEndpoint()],
    ['/oauth/revoke', revokeEndpoint()],
    ['/userinfo', userinfo()],
    ['/sign-in', signInPages()],
    ['/account', accountPages()],
    ['/logout', logoutPages()],
  ] as const) {
    app.use(path === '/.well-known' ? '/.well-known/*' : path, projectOfPath)
    app.use(`${path}/*`, projectOfPath)
    app.route(path, surface)
  }
  return app
}

/** Keys are derived once for an isolate; what is configured wrongly fails here, by name. */
function dependencies(makePorts: MakePorts) {
  const cache = createIsolateCache(CACHE_MS)
  let made: { env: Env; parts: Promise<Omit<Deps, 'after'>> } | null = null
  const make = async (env: Env): Promise<Omit<Deps, 'after'>> => {
    const config = readEnv(env)
    const ports = makePorts(env, config)
    // Until then nobody could sign in.
    if (config.restoredAt > ports.now() / 1000 + 60) throw new ConfigurationError('RESTORED_AT is in the future')
    const assets = env.ASSETS ?? null
    const keys = await createKeyring(config.secret, config.previousSecret, ports.randomBytes)
    return {
      ...ports,
      config,
      keys,
      cache,
      db: env.DB,
      codes: env.CODES,
      ledger: env.LEDGER,
      assets,
      messages: messageLoader(assets, (error) => logError('locales', '', '', error)),
    }
  }
  return async (env: Env, context: Pick<ExecutionContext, 'waitUntil'>): Promise<Deps> => {
    if (made?.env !== env) made = { env, parts: make(env) }
    const parts = await made.parts
    return {
      ...parts,
      after: (work) => context.waitUntil(work.catch((error: unknown) => logError('after', '', '', error))),
    }
  }
}

/** What a part of the platform says of itself. The rest of its message may hold values of SQL, or keys. */
const KNOWN_CAUSE =
  /\b(?:[A-Z0-9]+_ERROR|SQLITE_[A-Z]+|\d{3} [A-Z][A-Za-z ]+|timed out|overloaded|queued for too long|connection lost|code was updated|storage (?:operation|caused)|exceeded|constraint failed)\b/gi

const causeOf = ({ cause }: Error): string | null =>
  typeof cause === 'string'
    ? cause
    : cause instanceof Error
      ? [cause.name, ...new Set(cause.message.match(KNOWN_CAUSE))].join(': ')
      : null

/** The route's pattern, never the URL: a link's URL holds its secret. */
function logError(request: string, method: string, route: string, error: unknown): void {
  const isOurs = error instanceof Unavailable || error instanceof ConfigurationError
  const what = isOurs ? error.message : String((error as Error)?.stack ?? error)
  const cause = isOurs ? causeOf(error) : null
  console.error(JSON.stringify({ level: 'error', request, method, route, error: what, cause }))
}

const routeOf = (routes: { path: string }[]): string => routes.at(-1)?.path ?? ''

/** Nobody looks at an API in a browser. */
const wantsPage = (c: Context<AppEnv>): boolean =>
  !c.var.refuse && !c.req.path.startsWith('/v1/') && (c.req.header('accept') ?? '').includes('text/html')

/** Which methods an address would take, for 405. */
function methodsOf(app: Hono<AppEnv>, path: string): string[] {
  const segments = path.split('/')
  const fits = (pattern: string) => {
    const parts = pattern.split('/')
    return (
      parts.length === segments.length &&
      parts.every((part, i) => (part.startsWith(':') ? segments[i] !== '' : part === segments[i]))
    )
  }
  const methods = app.routes
    .filter(({ path: pattern, method }) => method !== 'ALL' && fits(pattern))
    .map(({ method }) => method)
  return [...new Set(methods)]
}
