/** A project for one test alone, with the settings that it needs, and what became of its messages in the database. */

import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { expect } from 'vitest'
import { createApp } from '../../src/app.ts'
import { deliverDue } from '../../src/domain/messages/deliver.ts'
import { removeOld } from '../../src/domain/retention/sweep.ts'
import type { Env } from '../../src/env.ts'
import type { Delivery, Deps, Mail, Ports, TextMessage } from '../../src/ports.ts'
import { systemPorts } from '../../src/providers/system.ts'
import { type Answer, anAddress, type CallOptions, env, type TestApp } from './app.ts'
import { watchPlans } from './plans.ts'

/** So many that no test runs into them by chance. */
const MANY = { per_minute: 1000, per_15_minutes: 1000, per_day: 1000 }

export type TestProject = {
  id: string
  issuer: string
  app: TestApp
  /** As the root key in this project, unless `key` says otherwise. */
  call: TestApp['call']
  /** The same, and it has to go well. */
  ok(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Record<string, any>>
  /** POST /v1/passwordless/send; to a new address unless the body names somebody. */
  send(body?: Record<string, unknown>, headers?: Record<string, string>): Promise<Answer>
  /** The same, and it has to go well. */
  sent(body?: Record<string, unknown>): Promise<Record<string, any>>
  patch(settings: Record<string, unknown>): Promise<void>
  message(id: string): Promise<Record<string, any>>
}

export async function aProject(app: TestApp, settings: Record<string, unknown> = {}): Promise<TestProject> {
  const made = await app.call('POST', '/v1/projects', { name: 'Acme' })
  expect(made.status, made.text).toBe(201)
  const { id, issuer } = made.json
  const call: TestApp['call'] = (method, path, body, { key, headers = {} } = {}) =>
    app.call(method, path, body, key === undefined ? { headers: { 'x-project': id, ...headers } } : { key, headers })
  const ok: TestProject['ok'] = async (...request) => {
    const answer = await call(...request)
    expect(answer.status, answer.text).toBeLessThan(300)
    return answer.json
  }
  const send: TestProject['send'] = (body = {}, headers = {}) => {
    const isNamed = ['email', 'phone', 'user_id'].some((name) => name in body)
    return call('POST', '/v1/passwordless/send', { ...(isNamed ? {} : { email: anAddress() }), ...body }, { headers })
  }
  const project: TestProject = {
    id,
    issuer,
    app,
    call,
    ok,
    send,
    sent: async (body) => {
      const answer = await send(body)
      expect(answer.status, answer.text).toBe(201)
      return answer.json
    },
    patch: async (body) => {
      await ok('PATCH', '/v1/project', body)
    },
    message: (message) => ok('GET', `/v1/messages/${message}`),
  }
  await project.patch({ send_limits: MANY, ...settings })
  return project
}

export type MessageColumns = Record<string, unknown> & {
  secrets: ArrayBuffer | null
  input: ArrayBuffer | null
  timeline: string
}

/** Every column as it stands in the database. */
export async function rowOf(id: unknown): Promise<MessageColumns> {
  const row = await env.DB.prepare('SELECT * FROM messages WHERE id = ?').bind(id).first<MessageColumns>()
  if (!row) throw new Error('no message')
  return row
}

export const eventsOf = (timeline: { event: string }[]): string[] => timeline.map(({ event }) => event)

export const signInOf = (mail: Pick<Mail | TextMessage, 'content'> | undefined) => {
  if (mail?.content.kind !== 'sign_in') throw new Error('no sign-in message')
  return mail.content
}

export const tokenOf = (link: string | null): string => [...new URL(link ?? '').searchParams.values()][0] ?? ''

export const accepts = async (): Promise<Delivery> => ({
  status: 'accepted',
  provider: 'fake',
  providerId: 'fake-1',
  attempts: [{ provider: 'fake', event: 'accepted', detail: '' }],
})
export const unreachable = async (): Promise<Delivery> => ({
  status: 'retry',
  attempts: [{ provider: 'fake', event: 'unreachable', detail: '500' }],
})
export const refuses = async (): Promise<Delivery> => ({
  status: 'failed',
  attempts: [{ provider: 'fake', event: 'refused', detail: '422' }],
})

/** A job of cron's in an isolate of its own, so much later. What it leaves for afterwards is waited for. */
async function job(
  run: (deps: Deps) => Promise<void>,
  laterMs: number,
  ports: Partial<Ports>,
  bindings: Partial<Env> = {},
): Promise<void> {
  const { depsFor } = createApp((bindings, config) => ({
    ...systemPorts(bindings, config),
    now: () => Date.now() + laterMs,
    ...ports,
  }))
  const context = createExecutionContext()
  await run(await depsFor({ ...env, DB: watchPlans(env.DB), ...bindings }, context))
  await waitOnExecutionContext(context)
}

/** What cron hands over when it runs so much later. */
export async function deliverLater(laterMs: number): Promise<{ mails: Mail[]; texts: TextMessage[] }> {
  const [mails, texts]: [Mail[], TextMessage[]] = [[], []]
  await job(deliverDue, laterMs, {
    sendMail: async (mail) => {
      mails.push(structuredClone(mail))
      return accepts()
    },
    sendText: async (message) => {
      texts.push(structuredClone(message))
      return accepts()
    },
  })
  return { mails, texts }
}

export const sweepLater = (laterMs = 0, bindings: Partial<Env> = {}): Promise<void> =>
  job(removeOld, laterMs, {}, bindings)
