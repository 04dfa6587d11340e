/** /docs when something is wrong or odd; what it shows is in test/http/docs.test.ts. */

import { describe, expect, it } from 'vitest'
import { env, testApp } from '../support/app.ts'
import { expectProblem } from '../support/refusals.ts'

describe('GET /docs', () => {
  it.each([
    ['are missing', undefined],
    [
      'fail',
      {
        fetch: async () => {
          throw new Error('lost')
        },
      },
    ],
    ['answer with an error', { fetch: async () => new Response('no', { status: 500 }) }],
  ])('is unavailable when the assets %s', async (_, ASSETS) => {
    const answer = await testApp({ bindings: { ASSETS } }).request('/docs')
    expectProblem(answer, 503, 'unavailable')
  })

  it('shows a page where a browser asks', async () => {
    const answer = await testApp({ bindings: { ASSETS: undefined } }).request('/docs', {
      headers: { accept: 'text/html' },
    })
    expect(answer.status).toBe(503)
    expect(answer.headers.get('content-type')).toContain('text/html')
  })

  it('writes the issuer as text, whatever its letters', async () => {
    const odd = "https://a&b'c.example"
    const { text, headers } = await testApp({ bindings: { ISSUER: odd } }).request('/docs')
    expect(text).toContain('https://a&amp;b&#39;c.example/v1/')
    expect(text).not.toContain(odd)
    const plain = await testApp().request('/docs')
    expect(plain.headers.get('etag')).not.toBe(headers.get('etag'))
  })

  it('asks the assets for nothing but pages', async () => {
    const asked: string[] = []
    const ASSETS = {
      fetch: async (url: string) => {
        asked.push(url)
        return (env.ASSETS as Fetcher).fetch(url)
      },
    }
    const app = testApp({ bindings: { ASSETS } })
    for (const path of ['/docs/api', '/docs/API', '/docs/..%2fdisposable%2f00', '/docs/%00', '/docs/a.b']) {
      await app.request(path)
    }
    expect([...new Set(asked)]).toEqual([
      'https://assets.invalid/docs/api.html',
      'https://assets.invalid/docs/not-found.html',
    ])
  })
})
