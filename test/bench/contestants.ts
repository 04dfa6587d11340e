/** What each contestant is asked for the same thing, over HTTP as its own client would. An operation throws unless it worked. */

import type { Mail } from './mail-stub.ts'
import type { Answer, Ask, Server } from './server.ts'

export const OPERATIONS = ['send link', 'send code', 'redeem link', 'redeem code', 'session check', 'refresh'] as const
export type Operation = (typeof OPERATIONS)[number]

export type Contestant = {
  name: string
  server: Server
  can: readonly Operation[]
  /** The i-th time; for what is redeemed and checked, of the i-th person. */
  run(operation: Operation, i: number): Promise<void>
  /** Of the people who were sent something. */
  receive(operation: Operation, from: number, mails: Mail[]): void
}

/** The same person is never asked for twice: a link of one operation, a code of the other. */
export const addressOf = (operation: Operation, i: number): string =>
  `${operation.endsWith('link') ? 'link' : 'code'}-${i}@example.com`

export const JSON_TYPE = { 'content-type': 'application/json' }
export const FORM_TYPE = { 'content-type': 'application/x-www-form-urlencoded' }
export const CALLBACK = 'https://app.example.com/callback'

export function expectStatus({ status, body }: Answer, wanted: number, what: string): void {
  if (status !== wanted) throw new Error(`${what} answered ${status} instead of ${wanted}: ${body.slice(0, 300)}`)
}

const at = <T>(list: T[], i: number, what: string): T => {
  const value = list[i % list.length]
  if (value === undefined) throw new Error(`there is no ${what} ${i}`)
  return value
}
const partOf = (text: string | undefined, pattern: RegExp): string => {
  const found = pattern.exec(text ?? '')?.[1]
  if (!found) throw new Error(`no ${pattern} in a mail`)
  return found
}

/**
 * Latchkey by its native API, with a key; the recorder too, which goes by the number of the request. The bare Worker is asked
 * exactly the same, and plays what the recorder has under that number.
 */
export function latchkey(name: string, server: Server, key: string): Contestant {
  const links: string[] = []
  const codes: { id: string; code: string }[] = []
  const challenges: string[] = []
  const sessions: { id: string; refresh: string }[] = []
  const headers = { 'x-api-key': key, ...JSON_TYPE }
  const post = (path: string, body: unknown, tape: string) =>
    server.ask({ method: 'POST', path, headers: { ...headers, 'x-tape': tape }, body: JSON.stringify(body) })
  const verify = async (body: unknown, tape: string) => {
    const answer = await post('/v1/passwordless/verify', body, tape)
    expectStatus(answer, 200, 'verify')
    const { session_id: id, refresh_token: refresh } = JSON.parse(answer.body)
    sessions.push({ id, refresh })
  }
  return {
    name,
    server,
    can: OPERATIONS,
    async run(operation, i) {
      const tape = `${operation}/${i}`
      switch (operation) {
        case 'send link': {
          const body = { email: addressOf(operation, i), method: 'link', link: 'direct', redirect_uri: CALLBACK }
          return expectStatus(await post('/v1/passwordless/send', body, tape), 201, operation)
        }
        case 'send code': {
          const answer = await post('/v1/passwordless/send', { email: addressOf(operation, i), method: 'code' }, tape)
          expectStatus(answer, 201, operation)
          challenges[i] = JSON.parse(answer.body).id
          return
        }
        case 'redeem link':
          return verify({ token: at(links, i, 'link') }, tape)
        case 'redeem code':
          return verify(at(codes, i, 'code'), tape)
        case 'session check': {
          const path = `/v1/sessions/${at(sessions, i, 'session').id}`
          return expectStatus(await server.ask({ path, headers: { 'x-api-key': key, 'x-tape': tape } }), 200, operation)
        }
        case 'refresh': {
          const session = at(sessions, i, 'session')
          const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: session.refresh }).toString()
          const ask = { method: 'POST', path: '/oauth/token', body }
          const answer = await server.ask({ ...ask, headers: { 'x-api-key': key, ...FORM_TYPE, 'x-tape': tape } })
          expectStatus(answer, 200, operation)
          session.refresh = JSON.parse(answer.body).refresh_token
        }
      }
    },
    receive(operation, from, mails) {
      mails.forEach(({ text }, n) => {
        if (operation === 'send link') links[from + n] = partOf(text, /[?&]token=([\w-]{99})/)
        else codes[from + n] = { id: at(challenges, from + n, 'challenge'), code: partOf(text, /#(\d{6})\b/) }
      })
    },
  }
}

export function bare(server: Server, key: string): Contestant {
  const ask = async (ask: Ask, tape: string) => {
    const { status, body } = await server.ask({ ...ask, headers: { ...ask.headers, 'x-api-key': key, 'x-tape': tape } })
    if (status >= 300) throw new Error(`the bare Worker answered ${status}: ${body.slice(0, 300)}`)
  }
  const post = (path: string, body: string, tape: string, headers = JSON_TYPE) =>
    ask({ method: 'POST', path, headers, body }, tape)
  // As long as Latchkey's.
  const token = 'x'.repeat(99)
  return {
    name: 'bare Worker',
    server,
    can: OPERATIONS,
    async run(operation, i) {
      const tape = `${operation}/${i}`
      const email = addressOf(operation, i)
      switch (operation) {
        case 'send link': {
          const body = JSON.stringify({ email, method: 'link', link: 'direct', redirect_uri: CALLBACK })
          return post('/v1/passwordless/send', body, tape)
        }
        case 'send code':
          return post('/v1/passwordless/send', JSON.stringify({ email, method: 'code' }), tape)
        case 'redeem link':
          return post('/v1/passwordless/verify', JSON.stringify({ token }), tape)
        case 'redeem code':
          return post('/v1/passwordless/verify', JSON.stringify({ id: token, code: '000000' }), tape)
        case 'session check':
          return ask({ path: `/v1/sessions/${token.slice(0, 32)}` }, tape)
        case 'refresh':
          return post('/oauth/token', `grant_type=refresh_token&refresh_token=${token}`, tape, FORM_TYPE)
      }
    },
    receive() {},
  }
}

/** https://better-auth.com/docs/plugins/magic-link, /docs/plugins/email-otp */
export function betterAuth(name: string, server: Server): Contestant {
  const links: string[] = []
  const codes: string[] = []
  const cookies: string[] = []
  const post = (path: string, body: unknown) =>
    server.ask({ method: 'POST', path: `/api/auth${path}`, headers: JSON_TYPE, body: JSON.stringify(body) })
  const keepCookie = ({ headers }: Answer) => {
    const cookie = [headers['set-cookie'] ?? []].flat().find((text) => text.includes('session_token='))
    cookies.push(partOf(cookie, /^([^;]+)/))
  }
  return {
    name,
    server,
    can: OPERATIONS,
    async run(operation, i) {
      const email = addressOf(operation, i)
      switch (operation) {
        case 'send link':
          return expectStatus(await post('/sign-in/magic-link', { email }), 200, operation)
        case 'send code':
          return expectStatus(
            await post('/email-otp/send-verification-otp', { email, type: 'sign-in' }),
            200,
            operation,
          )
        case 'redeem link': {
          const { pathname, search } = new URL(at(links, i, 'link'))
          const answer = await server.ask({ path: pathname + search })
          expectStatus(answer, 302, operation)
          return keepCookie(answer)
        }
        case 'redeem code': {
          const answer = await post('/sign-in/email-otp', { email, otp: at(codes, i, 'code') })
          expectStatus(answer, 200, operation)
          return keepCookie(answer)
        }
        case 'session check':
        case 'refresh': {
          const path = operation === 'refresh' ? '/api/renew/get-session' : '/api/auth/get-session'
          const answer = await server.ask({ path, headers: { cookie: at(cookies, i, 'session') } })
          expectStatus(answer, 200, operation)
          if (!answer.body.includes('"session"')) throw new Error(`${name} knows no session`)
        }
      }
    },
    receive(operation, from, mails) {
      mails.forEach(({ link, code }, n) => {
        if (operation === 'send link') links[from + n] = partOf(link, /(.+)/)
        else codes[from + n] = partOf(code, /(.+)/)
      })
    },
  }
}

/** https://openauth.js.org/docs/provider/code. Its client checks a session offline; two requests each to send and to redeem. */
export function openAuth(server: Server): Contestant {
  const jars: string[] = []
  const codes: string[] = []
  const tokens: string[] = []
  const form = (path: string, fields: Record<string, string>, cookie = '') =>
    server.ask({
      method: 'POST',
      path,
      headers: { ...FORM_TYPE, ...(cookie && { cookie }) },
      body: new URLSearchParams(fields).toString(),
    })
  const withCookies = (cookie: string, { headers }: Answer) =>
    [cookie, ...[headers['set-cookie'] ?? []].flat().map((text) => text.split(';')[0])].filter(Boolean).join('; ')
  const client = { client_id: 'bench', redirect_uri: CALLBACK }
  return {
    name: 'OpenAuth, KV',
    server,
    can: ['send code', 'redeem code', 'refresh'],
    async run(operation, i) {
      if (operation === 'send code') {
        const query = new URLSearchParams({ ...client, response_type: 'code', provider: 'code', state: 's' })
        const begun = await server.ask({ path: `/authorize?${query}` })
        expectStatus(begun, 302, operation)
        const cookie = withCookies('', begun)
        const sent = await form('/code/authorize', { action: 'request', email: addressOf(operation, i) }, cookie)
        expectStatus(sent, 200, operation)
        jars[i] = withCookies(cookie, sent)
      } else if (operation === 'redeem code') {
        const typed = await form(
          '/code/authorize',
          { action: 'verify', code: at(codes, i, 'code') },
          at(jars, i, 'jar'),
        )
        expectStatus(typed, 302, operation)
        const code = new URL(String(typed.headers.location)).searchParams.get('code')
        if (!code) throw new Error(`OpenAuth led to ${typed.headers.location}`)
        const answer = await form('/token', { ...client, grant_type: 'authorization_code', code })
        expectStatus(answer, 200, operation)
        tokens.push(JSON.parse(answer.body).refresh_token)
      } else {
        const n = i % tokens.length
        const answer = await form('/token', { grant_type: 'refresh_token', refresh_token: at(tokens, n, 'token') })
        expectStatus(answer, 200, operation)
        tokens[n] = JSON.parse(answer.body).refresh_token
      }
    },
    receive(_operation, from, mails) {
      mails.forEach(({ code }, n) => {
        codes[from + n] = partOf(code, /(.+)/)
      })
    },
  }
}
