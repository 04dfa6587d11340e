/** Each surface is evaluated by the first request below its paths: an app of its own, which must answer as one app would. */

import { describe, expect, it } from 'vitest'
import { SURFACES, surfaceOf } from '../../src/surfaces.ts'
import { testApp } from '../support/app.ts'

/** The routes of each surface, as `createApp` adds them. */
async function routesOf(surface: (typeof SURFACES)[number]): Promise<string[]> {
  const { Hono } = await import('hono')
  const app = new Hono()
  ;(await surface.load()).mount(app as never)
  return app.routes.filter(({ method }) => method !== 'ALL').map(({ path }) => path)
}

describe('the surfaces', () => {
  it('have each of their routes below a path of their own', async () => {
    for (const surface of SURFACES) {
      const routes = await routesOf(surface)
      expect(routes.length, surface.paths[0]).toBeGreaterThan(0)
      for (const route of routes) expect(surfaceOf(route)?.paths, route).toBe(surface.paths)
    }
  })

  it('have a route below each of their paths', async () => {
    for (const surface of SURFACES) {
      const routes = await routesOf(surface)
      for (const path of surface.paths)
        expect(routes.filter((route) => `${route}/`.startsWith(`${path}/`))).not.toEqual([])
    }
  })

  it('have no path below one of another', () => {
    const paths = SURFACES.flatMap((surface) => surface.paths)
    for (const path of paths) {
      expect(paths.filter((other) => `${path}/`.startsWith(`${other}/`))).toEqual([path])
    }
  })

  it.each([
    ['/v1/passwordless', '/v1/passwordless'],
    ['/v1/passwordless/verify', '/v1/passwordless'],
    ['/v1/projects/proj_1', '/v1/projects'],
    ['/v1/auth/otps/verify', '/v1/auth'],
    ['/p/proj_1/sign-in/code', '/sign-in'],
    ['/p/%zz/oauth/token/', '/oauth/token'],
    ['/.well-known/oauth-authorization-server/p/proj_1', '/.well-known'],
    ['/v1/passwordlessness', undefined],
    ['/V1/passwordless', undefined],
    ['/', undefined],
    ['', undefined],
    ['/p/proj_1', undefined],
    ['/p/proj_1/', undefined],
    ['/p//sign-in', undefined],
    ['/p/a/p/b/sign-in', undefined],
    ['//sign-in', undefined],
  ])('%s belongs to %s', (path, start) => {
    expect(surfaceOf(path)?.paths[0]).toBe(start)
  })
})

describe('the first requests of a Worker', () => {
  it('are answered when many come at once', async () => {
    const app = testApp()
    const answers = await Promise.all(Array.from({ length: 20 }, () => app.call('GET', '/v1/project')))
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200))
  })

  it('are told which methods an address takes, whether or not its surface answered before', async () => {
    const app = testApp()
    for (const _again of [1, 2]) {
      const answer = await app.call('PATCH', '/v1/passwordless/send')
      expect(answer.status).toBe(405)
      expect(answer.headers.get('allow')).toBe('POST, GET, DELETE')
    }
    expect((await app.call('POST', '/p/proj_1/v1/sessions/sess_1')).status).toBe(404)
    expect((await app.call('GET', '/v2')).json.code).toBe('not_found')
  })
})
