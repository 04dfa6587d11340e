/**
 * Which modules answer which paths. Evaluating all of them took most of a Worker's start (design §7), and a request needs few:
 * each surface is evaluated by the first request below its paths. No path is below those of two surfaces.
 */

import type { Hono } from 'hono'
import type { AppEnv } from './http/context.ts'
import type { Refuse } from './http/problem.ts'

type App = Hono<AppEnv>

export type Surface = {
  /** All that begins with these segments is the surface's, at the issuer itself and at a project's own, /p/:project. */
  paths: readonly string[]
  load(): Promise<Loaded>
}
export type Loaded = {
  /** Where whatever goes wrong is told in a vendor's shape. */
  refusals?: readonly (readonly [path: string, refuse: Refuse])[]
  mount(app: App): void
}

/** A sub-app at one path. */
const at = (path: string, load: () => Promise<App>): Surface => ({
  paths: [path],
  async load() {
    const surface = await load()
    return { mount: (app) => void app.route(path, surface) }
  },
})

/** What each project has of its own: the first project's at the issuer itself, any project's under its own issuer. */
const ofProject = (path: string, load: () => Promise<App>): Surface => ({
  paths: [path],
  async load() {
    const { mountOfProject } = await import('./http/mount.ts')
    const surface = await load()
    return { mount: (app) => mountOfProject(app, path, surface) }
  },
})

const NATIVE: Surface[] = [
  at('/v1/passwordless', async () => (await import('./http/api/passwordless.ts')).passwordlessApi()),
  at('/v1/sessions', async () => (await import('./http/api/sessions.ts')).sessionsApi()),
  at('/v1/users', async () => (await import('./http/api/users.ts')).usersApi({ defaultType: 'PERSON' })),
  at('/v1/project', async () => (await import('./http/api/project.ts')).projectApi()),
  at('/v1/api_keys', async () => (await import('./http/api/api-keys.ts')).apiKeysApi()),
  at('/v1/clients', async () => (await import('./http/api/clients.ts')).clientsApi()),
  at('/v1/projects', async () => (await import('./http/api/projects.ts')).projectsApi()),
  at('/v1/organizations', async () => (await import('./http/api/organizations.ts')).organizationsApi()),
  at('/v1/messages', async () => (await import('./http/api/messages.ts')).messagesApi()),
  at('/v1/events', async () => (await import('./http/api/events.ts')).eventsApi()),
  at('/v1/suppressions', async () => (await import('./http/api/suppressions.ts')).suppressionsApi()),
  at('/v1/templates', async () => (await import('./http/api/templates.ts')).templatesApi()),
  {
    paths: ['/openapi.json'],
    async load() {
      const { openApiDocument } = await import('./http/api/openapi.ts')
      return {
        mount: (app) =>
          void app.get('/openapi.json', (c) =>
            c.json(openApiDocument(c.var.deps.config.issuer.origin), 200, { 'access-control-allow-origin': '*' }),
          ),
      }
    },
  },
]

const PLAIN: Surface[] = [
  at('/callbacks', async () => (await import('./http/callbacks.ts')).callbacks()),
  at('/auth/magic-link', async () => (await import('./http/pages/magic-link.tsx')).magicLinkPage()),
  at('/healthz', async () => (await import('./http/health.ts')).health()),
  at('/docs', async () => (await import('./http/docs.ts')).docs()),
]

const PROJECT: Surface[] = [
  ofProject('/authorize', async () => (await import('./http/oidc/authorize.ts')).authorizeEndpoint()),
  ofProject('/oauth/token', async () => (await import('./http/oidc/token.ts')).tokenEndpoint()),
  ofProject('/oauth/introspect', async () => (await import('./http/oidc/introspect.ts')).introspectEndpoint()),
  ofProject('/oauth/revoke', async () => (await import('./http/oidc/revoke.ts')).revokeEndpoint()),
  ofProject('/userinfo', async () => (await import('./http/oidc/userinfo.ts')).userinfo()),
  ofProject('/sign-in', async () => (await import('./http/pages/sign-in.tsx')).signInPages()),
  ofProject('/account', async () => (await import('./http/pages/account.tsx')).accountPages()),
  ofProject('/logout', async () => (await import('./http/pages/logout.tsx')).logoutPages()),
  {
    paths: ['/.well-known'],
    async load() {
      const { mountOfProject } = await import('./http/mount.ts')
      const { projectOfPath } = await import('./http/middleware/project-of-path.ts')
      const { answerMetadata, discovery, METADATA_OF_PATH } = await import('./http/oidc/discovery.ts')
      const { jwks } = await import('./http/oidc/jwks.ts')
      return {
        mount(app) {
          app.get(METADATA_OF_PATH, projectOfPath, answerMetadata)
          mountOfProject(app, '/.well-known/jwks.json', jwks())
          mountOfProject(app, '/.well-known', discovery())
        },
      }
    },
  },
]

const DIALECTS: Surface[] = [
  {
    paths: ['/users'],
    async load() {
      const { onlyIfSpoken } = await import('./http/middleware/dialect.ts')
      const { usersApi } = await import('./http/api/users.ts')
      return {
        mount(app) {
          app.use('/users/*', onlyIfSpoken('forward'))
          // There a user is a business unless said otherwise.
          app.route('/users', usersApi({ defaultType: 'BUSINESS', isDialect: true }))
        },
      }
    },
  },
  {
    paths: ['/cis', '/oidc/token'],
    async load() {
      const { mountOfVendor } = await import('./http/mount.ts')
      const { transmitRoutes } = await import('./http/dialects/transmit/routes.ts')
      const { transmitRefusal } = await import('./http/dialects/transmit/wire.ts')
      const { tokenEndpoint } = await import('./http/oidc/token.ts')
      const { jwks } = await import('./http/oidc/jwks.ts')
      return {
        refusals: [['/cis/*', transmitRefusal]],
        mount(app) {
          mountOfVendor(app, 'transmit', '/oidc/token', tokenEndpoint())
          mountOfVendor(app, 'transmit', '/cis/oidc/jwks', jwks())
          app.route('/', transmitRoutes())
          app.route('/p/:project', transmitRoutes())
        },
      }
    },
  },
  {
    paths: ['/api/v1', '/keys'],
    async load() {
      const { mountOfVendor } = await import('./http/mount.ts')
      const { scalekitRoutes } = await import('./http/dialects/scalekit/routes.ts')
      const { scalekitRefusal } = await import('./http/dialects/scalekit/wire.ts')
      const { jwks } = await import('./http/oidc/jwks.ts')
      return {
        refusals: [['/api/v1/*', scalekitRefusal]],
        mount(app) {
          mountOfVendor(app, 'scalekit', '/keys', jwks())
          app.route('/', scalekitRoutes())
          app.route('/p/:project', scalekitRoutes())
        },
      }
    },
  },
  {
    paths: ['/v1/auth'],
    async load() {
      const { mountOfVendor } = await import('./http/mount.ts')
      const { streambirdRoutes } = await import('./http/dialects/streambird/routes.ts')
      const { streambirdRefusal } = await import('./http/dialects/streambird/refusals.ts')
      const { jwks } = await import('./http/oidc/jwks.ts')
      return {
        refusals: [['/v1/auth/*', streambirdRefusal]],
        mount(app) {
          mountOfVendor(app, 'streambird', '/v1/auth/jwks/default', jwks())
          app.route('/', streambirdRoutes())
          app.route('/p/:project', streambirdRoutes())
        },
      }
    },
  },
  {
    paths: ['/api/r1', '/api/r2', '/caas'],
    async load() {
      const { kosmosRoutes } = await import('./http/dialects/1kosmos/routes.ts')
      const { kosmosRefusal } = await import('./http/dialects/1kosmos/wire.ts')
      return {
        refusals: [
          ['/api/r1/*', kosmosRefusal],
          ['/api/r2/*', kosmosRefusal],
          ['/caas/*', kosmosRefusal],
        ],
        // The community's name says which project is meant.
        mount: (app) => void app.route('/', kosmosRoutes()),
      }
    },
  },
]

export const SURFACES: readonly Surface[] = [...NATIVE, ...PLAIN, ...PROJECT, ...DIALECTS]

/** @param path as Hono's router takes it */
export function surfaceOf(path: string): Surface | null {
  const own = path.replace(/^\/p\/[^/]+(?=\/)/, '')
  return (
    SURFACES.find(({ paths }) =>
      paths.some((start) => own.startsWith(start) && (own.length === start.length || own[start.length] === '/')),
    ) ?? null
  )
}
