/** The app in this process, with a mailbox for a provider and every binding replaceable. */

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env as workerEnv } from 'cloudflare:workers'
import { createApp } from '../../src/app.ts'
import { renderMail } from '../../src/emails/render.ts'
import type { Env } from '../../src/env.ts'
import type { Delivery, Mail, Ports, TextMessage } from '../../src/ports.ts'
import { readCallback } from '../../src/providers/mail/callbacks.ts'
import { registerAnswer, registerUrl } from './canary.ts'
import { watchPlans } from './plans.ts'

export const env = workerEnv as unknown as Env
export const ROOT_KEY = String(env.LATCHKEY_ROOT_KEY)
export const ISSUER = String(env.ISSUER)

export type Answer = { status: number; headers: Headers; text: string; json: Record<string, any> }

export type TestApp = {
  outbox: Mail[]
  texts: TextMessage[]
  /** JSON in, JSON out, as the root key unless `key` says otherwise; null: no key. */
  call(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Answer>
  /** Anything else. Waits for the work after the answer, unless `noWait`. */
  request(path: string, init?: RequestInit): Promise<Answer>
  /** `answered` runs when the answer is there, before the work after it is waited for. */
  requestThen(path: string, init: RequestInit, answered: () => void): Promise<Answer>
  form(path: string, fields: Record<string, string>, headers?: Record<string, string>): Promise<Answer>
}
export type CallOptions = { key?: string | null; headers?: Record<string, string> }

export function testApp({
  ports = {},
  bindings = {},
}: {
  ports?: Partial<Ports>
  bindings?: Record<string, unknown>
} = {}): TestApp {
  const outbox: Mail[] = []
  const texts: TextMessage[] = []
  const accepted = (id: string): Delivery => ({
    status: 'accepted',
    provider: 'outbox',
    providerId: id,
    attempts: [{ provider: 'outbox', event: 'accepted', detail: '' }],
  })
  const made = createApp(() => ({
    now: () => Date.now(),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    sendMail: async (mail) => {
      outbox.push(structuredClone(mail))
      if ('link' in mail.content) registerUrl(mail.content.link)
      return accepted(`out-${outbox.length}`)
    },
    sendText: async (message) => {
      texts.push(structuredClone(message))
      return accepted(`text-${texts.length}`)
    },
    renderMail,
    readCallback: (provider, secret, { headers, body }) => readCallback(provider, secret, headers, body, Date.now()),
    ...ports,
  }))
  const appEnv = { ...env, DB: watchPlans(env.DB), ...bindings } as Env
  const requestThen = async (path: string, init: RequestInit, answered: () => void): Promise<Answer> => {
    const context = createExecutionContext()
    const response = await made.app.fetch(
      new Request(new URL(path, ISSUER), { redirect: 'manual', ...init }),
      appEnv,
      context,
    )
    const text = await response.text()
    answered()
    await waitOnExecutionContext(context)
    const isJson = /json/.test(response.headers.get('content-type') ?? '')
    const answer = {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson && text ? JSON.parse(text) : {},
    }
    registerAnswer(answer)
    return answer
  }
  const request = (path: string, init: RequestInit = {}) => requestThen(path, init, () => {})
  return {
    outbox,
    texts,
    request,
    requestThen,
    call: (method, path, body, { key = ROOT_KEY, headers = {} } = {}) =>
      request(path, {
        method,
        headers: {
          ...(key ? { 'x-api-key': key } : {}),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    form: (path, fields, headers = {}) =>
      request(path, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', origin: ISSUER, ...headers },
        body: new URLSearchParams(fields).toString(),
      }),
  }
}

let people = 0
/** An address that no other test uses. */
export const anAddress = (): string => `person${++people}.${crypto.randomUUID().slice(0, 8)}@example.com`

/** A browser as far as a link's page needs one: keeps cookies, reads hidden fields. */
export function browser(app: TestApp) {
  const cookies = new Map<string, string>()
  const keep = (answer: Answer) => {
    for (const cookie of answer.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';')
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1))
    }
    return answer
  }
  const cookie = () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  return {
    cookies,
    open: async (url: string) =>
      keep(
        await app.request(url, { headers: { accept: 'text/html', ...(cookies.size > 0 ? { cookie: cookie() } : {}) } }),
      ),
    press: async (page: Answer) =>
      keep(
        await app.form(formAction(page.text), hiddenFields(page.text), {
          accept: 'text/html',
          ...(cookies.size > 0 ? { cookie: cookie() } : {}),
        }),
      ),
  }
}

export const hiddenFields = (html: string): Record<string, string> =>
  Object.fromEntries(
    [...html.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  )

export const formAction = (html: string): string => /<form[^>]* action="([^"]*)"/.exec(html)?.[1] ?? ''

export const codeIn = (location: string | null): string => new URL(location ?? '').searchParams.get('code') ?? ''
