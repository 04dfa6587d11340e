/** What most of these need: a send, a press, an exchange. */

import { expect } from 'vitest'
import { type Answer, anAddress, browser, codeIn, env, ROOT_KEY, type TestApp, testApp } from '../support/app.ts'
import { signInOf, tokenOf } from '../support/project.ts'

export const CALLBACK = 'http://localhost:3000/callback'
export const anApp = (): TestApp => testApp({ bindings: { PAGE_LIMIT: undefined, PROJECT_LIMIT: undefined } })

export type Sent = { email: string; id: string; userId: string; link: string; token: string; code: string }

export async function send(app: TestApp, more: Record<string, unknown> = {}): Promise<Sent> {
  const email = anAddress()
  const body = { email, method: 'link_and_code', redirect_uri: CALLBACK, ...more }
  const sent = await app.call('POST', '/v1/passwordless/send', body)
  expect(sent.status, sent.text).toBe(201)
  const { link, code } = signInOf(app.outbox.findLast(({ to }) => to === email))
  const { id, user_id } = sent.json
  return { email, id, userId: user_id, link: link ?? '', token: tokenOf(link), code: code ?? '' }
}

export const verify = (app: TestApp, body: unknown): Promise<Answer> =>
  app.call('POST', '/v1/passwordless/verify', body)

export async function verified(app: TestApp): Promise<Record<string, any>> {
  const { id, code } = await send(app)
  const answer = await verify(app, { id, code })
  expect(answer.status, answer.text).toBe(200)
  return answer.json
}

export async function press(app: TestApp, link: string): Promise<string> {
  const person = browser(app)
  const pressed = await person.press(await person.open(link))
  expect(pressed.status, pressed.text).toBe(303)
  return codeIn(pressed.headers.get('location'))
}

export const refresh = (app: TestApp, refresh_token: string): Promise<Answer> =>
  app.form('/oauth/token', { grant_type: 'refresh_token', refresh_token }, { 'x-api-key': ROOT_KEY })

export const atOnce = <T>(count: number, run: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)))

export async function sessionsOf(userId: string): Promise<string[]> {
  const { results } = await env.DB.prepare('SELECT id FROM sessions WHERE user_id = ?')
    .bind(userId)
    .all<{ id: string }>()
  return results.map(({ id }) => id)
}

/** Of one kind of answer there is one, and of all others none that is good. */
export const winners = (answers: Answer[]): number => answers.filter(({ status }) => status < 300).length
