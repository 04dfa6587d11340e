/** Answers requests. `createApp(makePorts)` has no module-level state: a test makes its own with other ports. */

import { type Context, Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type { Config, Env } from './env.ts'
import type { AppEnv } from './http/context.ts'
import { checkIdempotencyKey } from './http/idempotency.ts'
import { refusesLike } from './http/middleware/refuses-like.ts'
import { requestId } from './http/middleware/request-id.ts'
import { securityHeaders } from './http/middleware/security-headers.ts'
import { problem } from './http/problem.ts'
import { ConfigurationError } from './lib/configuration-error.ts'
import { Unavailable, within } from './lib/deadline.ts'
import { createIsolateCache } from './lib/isolate-cache.ts'
import type { Deps, Ports } from './ports.ts'
import { type Loaded, SURFACES, type Surface, surfaceOf } from './surfaces.ts'

/** Promise 13. */
const ANSWER_MS = 9500

/** Promise 8: a revoked API key is refused everywhere within this. */
const CACHE_MS = 30_000

export type MakePorts = (env: Env, config: Config) => Ports | Promise<Ports>

/** `fetch` answers requests; `depsFor` gives cron the same parts. */
export function createApp(makePorts: MakePorts) {
  const depsFor = dependencies(makePorts)
  const nowhere = appWith(depsFor, { mount: mountHome })
  const apps = new Map<Surface | null, Hono<AppEnv>>([[null, nowhere]])
  // No promise is shared by two requests: one that ends early would leave the other waiting.
  const load = async (surface: Surface): Promise<Hono<AppEnv>> => {
    const app = appWith(depsFor, await surface.load())
    apps.set(surface, app)
    return app
  }
  const fetch = (request: Request, env: Env, context: ExecutionContext): Response | Promise<Response> => {
    const surface = surfaceOf(nowhere.getPath(request))
    const app = apps.get(surface)
    if (app || surface === null) return (app ?? nowhere).fetch(request, env, context)
    return load(surface).then((loaded) => loaded.fetch(request, env, context))
  }
  /** Of all surfaces. */
  const routes = async () => [nowhere, ...(await Promise.all(SURFACES.map(load)))].flatMap((app) => app.routes)
  return { app: { fetch, routes }, depsFor }
}

/** Development's own entry shows where to go instead. */
const mountHome: Loaded['mount'] = (app) =>
  void app.get('/', (c) => c.redirect(`${c.var.deps.config.issuer.origin}/sign-in`, 303))

/** One surface, between what all have. */
function appWith(depsFor: ReturnType<typeof dependencies>, { refusals = [], mount }: Loaded): Hono<AppEnv> {
  const app = new Hono<AppEnv>()

  app.use(requestId, securityHeaders)
  for (const [path, refuse] of refusals)
    for (const base of ['', '/p/:project']) app.use(base + path, refusesLike(refuse))
  app.use(async (c, next) => {
    c.set('deps', await depsFor(c.env, c.executionCtx))
    // Each part has its own patience, and one request may ask several. What is under way may still commit.
    await within(ANSWER_MS, 'a part', next())
  })
  app.use(checkIdempotencyKey)

  mount(app)

  app.notFound((c) => {
    const allowed = methodsOf(app, c.req.path)
    if (wantsPage(c)) return page(c, 'not_found', allowed.length > 0 ? 405 : 404)
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
      return page(c, 'unavailable', 503)
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

  return app
}

async function page(c: Context<AppEnv>, kind: 'not_found' | 'unavailable', status: number): Promise<Response> {
  const { answerPage } = await import('./http/pages/answer.tsx')
  return answerPage(c, { kind }, { status })
}

/** Keys are derived once for an isolate; what is configured wrongly fails here, by name. */
function dependencies(makePorts: MakePorts) {
  const cache = createIsolateCache(CACHE_MS)
  let made: { env: Env; parts: Promise<Omit<Deps, 'after'>> } | null = null
  const make = async (env: Env): Promise<Omit<Deps, 'after'>> => {
    const { readEnv } = await import('./env.ts')
    const { createKeyring } = await import('./domain/keyring.ts')
    const { messageLoader } = await import('./locales/load.ts')
    const config = readEnv(env)
    const ports = await makePorts(env, config)
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
