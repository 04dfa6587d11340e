/**
 * No header of a request decides where a link leads (security.md U5, promise 11): 14 spellings at every place that mints or mails
 * one. The mail is the same, byte for byte, as without the header, its secrets aside. By the host asked: surfaces/api/send.test.ts.
 */

import { beforeAll, describe, expect, it, vi } from 'vitest'
import { anAddress, env, hiddenFields, ISSUER, type TestApp, testApp } from '../support/app.ts'
import { aProject, signInOf, type TestProject, tokenOf } from '../support/project.ts'
import { kosmosHeaders } from './kosmos.ts'

vi.setConfig({ testTimeout: 60_000 })

const APP = 'https://app.example.com/callback'
const EVIL = 'evil.example'
const SPELLINGS: [name: string, headers: [string, string][]][] = [
  ['Host', [['host', EVIL]]],
  ['X-Forwarded-Host', [['x-forwarded-host', EVIL]]],
  [
    'X-Forwarded-Host twice',
    [
      ['x-forwarded-host', 'localhost:8787'],
      ['x-forwarded-host', EVIL],
    ],
  ],
  ['X-Forwarded-Host as a list', [['x-forwarded-host', `${EVIL}, localhost:8787`]]],
  [
    'X-Forwarded-Proto and -Port',
    [
      ['x-forwarded-proto', 'ftp'],
      ['x-forwarded-port', '8443'],
    ],
  ],
  [
    'X-Forwarded-Server and -Prefix',
    [
      ['x-forwarded-server', EVIL],
      ['x-forwarded-prefix', `//${EVIL}`],
    ],
  ],
  ['Forwarded', [['forwarded', `for=1.2.3.4;host=${EVIL};proto=https`]]],
  [
    'Forwarded twice',
    [
      ['forwarded', 'host=localhost'],
      ['forwarded', `host="${EVIL}"`],
    ],
  ],
  [
    'X-Original-URL and X-Rewrite-URL',
    [
      ['x-original-url', `https://${EVIL}/`],
      ['x-rewrite-url', `https://${EVIL}/`],
    ],
  ],
  [
    'X-Host and X-Original-Host',
    [
      ['x-host', EVIL],
      ['x-original-host', EVIL],
    ],
  ],
  [
    'X-HTTP-Host-Override and X-HTTP-Method-Override',
    [
      ['x-http-host-override', EVIL],
      ['x-http-method-override', 'DELETE'],
    ],
  ],
  ['Referer', [['referer', `https://${EVIL}/`]]],
  [
    'line breaks, encoded',
    [
      ['x-forwarded-host', `localhost%0d%0aHost:%20${EVIL}`],
      ['x-forwarded-proto', 'https%0d%0ax: y'],
    ],
  ],
  [
    'CF-Connecting-IP and True-Client-IP',
    [
      ['true-client-ip', EVIL],
      ['x-real-ip', EVIL],
      ['x-client-ip', EVIL],
    ],
  ],
]

const anApp = (): TestApp => testApp({ bindings: { PAGE_LIMIT: undefined, PROJECT_LIMIT: undefined } })
let project: TestProject
let key = ''
beforeAll(async () => {
  project = await aProject(anApp(), { redirect_uris: [APP], default_login_redirect: APP })
  key = (await project.ok('POST', '/v1/api_keys', { name: 'k', scopes: ['*'] })).key
})

type Place = (app: TestApp, headers: Headers) => Promise<string[]>
const json = (app: TestApp, path: string, body: unknown, headers: Headers) => {
  headers.set('x-api-key', key)
  headers.set('content-type', 'application/json')
  return app.request(path, { method: 'POST', headers, body: JSON.stringify(body) })
}
const form = (app: TestApp, path: string, fields: Record<string, string>, headers: Headers) => {
  headers.set('origin', ISSUER)
  headers.set('accept', 'text/html')
  headers.set('content-type', 'application/x-www-form-urlencoded')
  return app.request(path, { method: 'POST', headers, body: new URLSearchParams(fields).toString() })
}
const mailed = (app: TestApp): string[] => app.outbox.map((mail) => signInOf(mail).link ?? '')
const to = (email: string) => email.replace(/^person\d+\.\w+/, 'person')

/** Each asks with these headers; the links that came of it. */
const PLACES: Record<string, Place> = {
  send: async (app, headers) => {
    const answer = await json(app, '/v1/passwordless/send', { email: anAddress(), reveal: true }, headers)
    return [answer.json.link, ...mailed(app)]
  },
  resend: async (app, headers) => {
    const { json: sent } = await json(app, '/v1/passwordless/send', { email: anAddress() }, new Headers())
    app.outbox.length = 0
    expect((await json(app, '/v1/passwordless/resend', { id: sent.id }, headers)).status).toBe(201)
    return mailed(app)
  },
  login_url: async (app, headers) => {
    const { json: user } = await json(app, '/v1/users', { email: anAddress() }, new Headers())
    const answer = await json(app, `/v1/users/${user.id}/login_url`, {}, headers)
    return [answer.json.login_url]
  },
  'Transmit: link': async (app, headers) => {
    const body = { email: anAddress(), redirect_uri: APP }
    expect((await json(app, '/cis/v1/auth/link/email/send', body, headers)).status).toBe(200)
    return mailed(app)
  },
  'Scalekit: send': async (app, headers) => {
    const body = { email: anAddress(), magiclink_auth_uri: APP }
    expect((await json(app, '/api/v1/passwordless/email/send', body, headers)).status).toBe(200)
    return mailed(app)
  },
  'Streambird: login_or_create': async (app, headers) => {
    const body = { email: anAddress(), login_redirect_url: APP, registration_redirect_url: APP }
    expect((await json(app, '/v1/auth/magic_links/email/login_or_create', body, headers)).status).toBe(200)
    return mailed(app)
  },
  'our sign-in page': async (app, headers) => {
    const answer = await form(app, `${project.issuer}/sign-in`, { email: anAddress(), nonce: 'n' }, headers)
    expect([200, 303], answer.text).toContain(answer.status)
    return mailed(app)
  },
  'our sign-in page, again': async (app, headers) => {
    const page = await form(app, `${project.issuer}/sign-in`, { email: anAddress(), nonce: 'n' }, new Headers())
    app.outbox.length = 0
    const { s = '' } = hiddenFields(page.text)
    expect((await form(app, `${project.issuer}/sign-in/resend`, { s, nonce: 'm' }, headers)).status).toBeLessThan(400)
    return mailed(app)
  },
  'a new link on the page of one': async (app, headers) => {
    const { json: sent } = await json(app, '/v1/passwordless/send', { email: anAddress(), reveal: true }, new Headers())
    app.outbox.length = 0
    const answer = await form(app, '/auth/magic-link/new', { code: tokenOf(sent.link) }, headers)
    expect(answer.status, answer.text).toBe(200)
    return mailed(app)
  },
  'a link for here': async (app, headers) => {
    await form(app, `${project.issuer}/sign-in`, { email: anAddress(), nonce: 'n' }, new Headers())
    const [link = ''] = mailed(app)
    app.outbox.length = 0
    const answer = await form(app, '/auth/magic-link/here', { code: tokenOf(link) }, headers)
    expect(answer.status, answer.text).toBe(200)
    return mailed(app)
  },
}

/** The mail without what differs between any two: address, link's secret, code, minute. */
function bytesOf(app: TestApp): string {
  const mails = app.outbox.map((mail) => {
    const { link, code } = signInOf(mail)
    let text = JSON.stringify(mail)
    for (const secret of [tokenOf(link), code ?? 'none']) text = text.replaceAll(secret, '<secret>')
    return text
      .replaceAll(mail.to, to(mail.to))
      .replaceAll(/(msg|chal)_[\w-]+/g, '<id>')
      .replaceAll(/\b1\d{9}(\d{3})?\b/g, '<time>')
  })
  return mails.join('\n')
}

const secretless = (links: string[]) => links.map((link) => link.replace(/[\w-]{99}/, ''))

describe.each(Object.entries(PLACES))('%s', (_name, ask) => {
  const app = anApp()
  const plain = { links: [] as string[], mail: '' }
  beforeAll(async () => {
    plain.links = secretless(await ask(app, new Headers()))
    plain.mail = bytesOf(app)
    expect(plain.links.length).toBeGreaterThan(0)
  })

  it.each(SPELLINGS)('%s', async (_spelling, headers) => {
    app.outbox.length = 0
    const links = await ask(app, new Headers(headers))
    for (const link of links) expect([`${ISSUER}/auth/magic-link`, APP]).toContain(link.split('?')[0])
    expect(secretless(links)).toEqual(plain.links)
    expect(bytesOf(app)).toBe(plain.mail)
    expect(JSON.stringify(app.outbox)).not.toContain('evil')
  })
})

it.each(SPELLINGS)('1Kosmos: a code, with %s', async (_spelling, spelled) => {
  const app = anApp()
  const headers = new Headers(spelled)
  for (const [name, value] of Object.entries(kosmosHeaders(key))) headers.set(name, value)
  const body = {
    type: 'verification_link',
    emailTo: anAddress(),
    emailTemplateB64: btoa('{{MAGICLINK}}'),
    ttl_seconds: 900,
  }
  const path = `/api/r2/acr/community/${project.id}/code`
  const answer = await app.request(path, { method: 'PUT', headers, body: JSON.stringify(body) })
  expect(answer.status, answer.text).toBe(200)
  expect(JSON.stringify(app.outbox)).not.toContain('evil')
})

it('the runtime takes no line break in a header at all', () => {
  for (const value of ['localhost\r\nHost: evil.example', 'a\nb', 'a\rb', 'a\0b']) {
    expect(() => new Headers({ 'x-forwarded-host': value })).toThrow(TypeError)
  }
  expect(String(env.ISSUER)).toBe(ISSUER)
})
