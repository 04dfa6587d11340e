/** A bit changed in anything that we gave out is refused, and where a MAC says so, without a look at storage (security.md §3.4). */

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Answer, anAddress, browser, codeIn, env, ROOT_KEY, type TestApp, testApp } from '../support/app.ts'
import { signInOf, tokenOf } from '../support/project.ts'

/** Every binding that holds something. */
const STORES = ['DB', 'LEDGER', 'CODES'] as const
let looks = 0
const counted = Object.fromEntries(
  STORES.map((name) => [
    name,
    new Proxy(env[name] as object, {
      get(target, property) {
        const value = Reflect.get(target, property)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          looks++
          return value.apply(target, args)
        }
      },
    }),
  ]),
)

const HTML = { accept: 'text/html' }

async function send(app: TestApp, body: Record<string, unknown> = {}) {
  const sent = await app.call('POST', '/v1/passwordless/send', { email: anAddress(), ...body })
  expect(sent.status, sent.text).toBe(201)
  const { link, code } = signInOf(app.outbox.at(-1))
  return { id: String(sent.json.id), link: link ?? '', code: code ?? '' }
}

const oauth = (app: TestApp, path: string, fields: Record<string, string>) =>
  app.form(path, fields, { 'x-api-key': ROOT_KEY })
const verify = (app: TestApp, body: Record<string, unknown>) => app.call('POST', '/v1/passwordless/verify', body)

type Token = {
  text: string
  /** Who takes it; each answer as it is for something unknown. */
  present: ((text: string) => Promise<Answer>)[]
  refused: (answer: Answer) => boolean
}

/** One of each, and that it works as it is (but the refresh token, which would be used up, is asked for by introspection). */
async function tokens(app: TestApp): Promise<Record<string, Token>> {
  const codes =
    (...expected: unknown[]) =>
    ({ json }: Answer) =>
      expected.includes(json.code ?? json.error ?? json.active)
  const redirect_uri = 'http://localhost:3000/callback'
  const link = await send(app)
  const pressed = await send(app, { redirect_uri })
  const person = browser(app)
  const grant = codeIn((await person.press(await person.open(pressed.link))).headers.get('location'))
  const used = await send(app)
  const { refresh_token } = (await verify(app, { token: tokenOf(used.link) })).json
  const here = browser(app)
  await here.press(await here.open((await send(app)).link))
  const [cookie] = [...here.cookies].filter(([name]) => name.startsWith('session'))
  const [name = '', session = ''] = cookie ?? []
  const page = await app.call('GET', '/v1/users?limit=1')
  const account = (text: string) => app.request('/account', { headers: { ...HTML, cookie: `${name}=${text}` } })
  expect((await account(session)).status).toBe(200)
  const cursor = (text: string) => app.call('GET', `/v1/users?limit=1&cursor=${encodeURIComponent(text)}`)
  expect((await cursor(page.json.next_cursor)).status).toBe(200)
  const introspect = (text: string) => oauth(app, '/oauth/introspect', { token: text })
  expect((await introspect(refresh_token)).json.active).toBe(true)
  return {
    link: {
      text: tokenOf(link.link),
      present: [(token) => verify(app, { token }), (token) => verify(app, { token, id: link.id })],
      refused: codes('unknown_token'),
    },
    'link on its page': {
      text: tokenOf(link.link),
      present: [(token) => app.request(`/auth/magic-link?code=${encodeURIComponent(token)}`, { headers: HTML })],
      refused: ({ status }) => status === 400,
    },
    grant: {
      text: grant,
      present: [
        (token) => verify(app, { token }),
        (code) => oauth(app, '/oauth/token', { grant_type: 'authorization_code', code }),
      ],
      refused: codes('unknown_token', 'invalid_grant'),
    },
    'challenge id': {
      text: link.id,
      present: [
        (id) => app.call('GET', `/v1/passwordless/${encodeURIComponent(id)}`),
        (id) => app.call('DELETE', `/v1/passwordless/${encodeURIComponent(id)}`),
        (id) => app.call('POST', '/v1/passwordless/resend', { id }),
        (id) => verify(app, { id, code: link.code }),
      ],
      refused: codes('unknown_challenge', 'unknown_token'),
    },
    'refresh token': {
      text: refresh_token,
      present: [(text) => oauth(app, '/oauth/token', { grant_type: 'refresh_token', refresh_token: text }), introspect],
      refused: codes('invalid_grant', false),
    },
    cursor: { text: page.json.next_cursor, present: [cursor], refused: codes('invalid_request') },
    // Compared with the row's hash: there is a look, and nobody is signed in.
    'session cookie': { text: session, present: [account], refused: ({ status }) => status !== 200 },
  }
}

it('a bit of any token, changed, is refused, and a MAC says so without a look at storage', {
  timeout: 120_000,
}, async () => {
  const app = testApp({ bindings: { ...counted, PAGE_LIMIT: undefined, PROJECT_LIMIT: undefined } })
  const kinds = await tokens(app)
  expect(looks).toBeGreaterThan(10)
  const flip = fc.record({ kind: fc.constantFrom(...Object.keys(kinds)), at: fc.nat(), bit: fc.nat({ max: 6 }) })
  await fc.assert(
    fc.asyncProperty(flip, async ({ kind, at, bit }) => {
      const token = kinds[kind]
      if (!token) throw new Error('no token')
      const { text, present, refused } = token
      const index = at % text.length
      const letter = String.fromCharCode(text.charCodeAt(index) ^ (1 << bit))
      // What no header, path or cookie can hold is no token; and no path has a dot or a slash of its own.
      fc.pre(/[\w~!$'()*+:@^`|{}<=>?[\]-]/.test(letter))
      const changed = text.slice(0, index) + letter + text.slice(index + 1)
      for (const ask of present) {
        looks = 0
        const answer = await ask(changed)
        expect(refused(answer), `${kind}: ${answer.status} ${answer.text.slice(0, 200)}`).toBe(true)
        expect(answer.status, kind).toBeLessThan(500)
        if (kind !== 'session cookie') expect(looks, `${kind}: looks at storage`).toBe(0)
      }
    }),
    { numRuns: 400 },
  )
})
