/** The audit trail as a back end reads it. */

import { describe, expect, it } from 'vitest'
import { EVENT_TYPES } from '../../../src/domain/events/queries.ts'
import { anAddress, env, testApp } from '../../support/app.ts'
import { aProject, signInOf, type TestProject, tokenOf } from '../../support/project.ts'
import { expectInsufficientScope, expectInvalid } from '../../support/refusals.ts'

const CALLBACK = 'http://localhost:3000/callback'

type Event = { id: string; type: string; user_id: string | null; data: Record<string, unknown>; created_at: number }
const events = async (project: TestProject, query = ''): Promise<Event[]> =>
  (await project.ok('GET', `/v1/events?limit=100${query}`)).data
const typesOf = (list: Event[]) => list.map(({ type }) => type)

/** Signs in by a direct link. */
async function signedIn(project: TestProject, email = anAddress()) {
  const sent = await project.sent({ email, link: 'direct', redirect_uri: CALLBACK })
  const mail = project.app.outbox.findLast(({ to }) => to === email)
  const token = tokenOf(signInOf(mail).link)
  return { sent, mail, token, ...(await project.ok('POST', '/v1/passwordless/verify', { token })) } as Record<
    string,
    any
  >
}

describe('GET /v1/events', () => {
  it('answers with exactly the documented fields', async () => {
    const project = await aProject(testApp())
    const user = await project.ok('POST', '/v1/users', { email: anAddress() })
    const answer = await project.call('GET', '/v1/events?type=user.created')
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.json).toEqual({
      data: [
        {
          id: expect.stringMatching(/^evt_[0-9A-Za-z]{27}$/),
          type: 'user.created',
          user_id: user.id,
          data: {},
          created_at: user.created_at,
        },
      ],
      next_cursor: null,
    })
  })

  it('lists the newest first, by pages, each once', async () => {
    const project = await aProject(testApp())
    for (let i = 0; i < 4; i++) await project.ok('POST', '/v1/users', { email: anAddress() })
    const ids: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: Record<string, any> = await project.ok('GET', `/v1/events?limit=2${cursor}`)
      ids.push(...page.data.map(({ id }: Event) => id))
      cursor = page.next_cursor && `&cursor=${encodeURIComponent(page.next_cursor)}`
    }
    const all = (await events(project)).map(({ id }) => id)
    expect(all).toEqual([...all].sort().reverse())
    expect(ids).toEqual(all)
    expect(ids.length).toBeGreaterThanOrEqual(5)
  })

  it('filters by type and by user, and by both', async () => {
    const project = await aProject(testApp())
    const [ada, bob] = [
      await project.ok('POST', '/v1/users', { email: anAddress() }),
      await project.ok('POST', '/v1/users', { email: anAddress() }),
    ]
    await project.ok('PUT', `/v1/users/${ada.id}`, { first_name: 'Ada' })
    expect(typesOf(await events(project, `&user_id=${ada.id}`)).sort()).toEqual(['user.created', 'user.updated'])
    expect(typesOf(await events(project, `&user_id=${bob.id}`))).toEqual(['user.created'])
    expect((await events(project, '&type=user.created')).map(({ user_id }) => user_id).sort()).toEqual(
      [ada.id, bob.id].sort(),
    )
    expect(typesOf(await events(project, `&user_id=${ada.id}&type=user.updated`))).toEqual(['user.updated'])
    expect(await events(project, `&user_id=${bob.id}&type=user.updated`)).toEqual([])
    expect(await events(project, '&user_id=nobody')).toEqual([])
  })

  it('takes every type for a filter', async () => {
    const project = await aProject(testApp())
    for (const type of EVENT_TYPES) {
      const found = await events(project, `&type=${type}`)
      expect(new Set(typesOf(found)).size, type).toBeLessThanOrEqual(1)
    }
  })

  it('finds a person’s sign-ins and what ended them by the person', async () => {
    const project = await aProject(testApp())
    const { user, session_id } = await signedIn(project)
    await project.ok('DELETE', `/v1/sessions/${session_id}`)
    const found = typesOf(await events(project, `&user_id=${user.id}`))
    expect(found).toEqual(expect.arrayContaining(['user.created', 'session.started', 'session.revoked']))
  })

  it('says nothing of another project', async () => {
    const app = testApp()
    const [project, other] = [await aProject(app), await aProject(app)]
    const user = await other.ok('POST', '/v1/users', { email: anAddress() })
    const seen = await events(project)
    const theirs = (await events(other)).map(({ id }) => id)
    expect(seen.filter(({ id }) => theirs.includes(id))).toEqual([])
    expect(await events(project, `&user_id=${user.id}`)).toEqual([])
  })
})

describe('refuses', () => {
  it.each([
    ['type=user.exploded', 'type'],
    ['type=', 'type'],
    ['limit=0', 'limit'],
    ['limit=101', 'limit'],
    ['status=accepted', 'status'],
    [`user_id=${'x'.repeat(41)}`, 'user_id'],
  ])('%s', async (query, path) => {
    expectInvalid(await testApp().call('GET', `/v1/events?${query}`), path)
  })

  it('a cursor of another filter or project', async () => {
    const app = testApp()
    const [project, other] = [await aProject(app), await aProject(app)]
    for (const each of [project, other]) {
      for (let i = 0; i < 2; i++) await each.ok('POST', '/v1/users', { email: anAddress() })
    }
    const cursorOf = async (from: TestProject, query: string) =>
      encodeURIComponent((await from.ok('GET', `/v1/events?limit=1${query}`)).next_cursor)
    const own = await cursorOf(project, '&type=user.created')
    expect((await project.call('GET', `/v1/events?type=user.created&cursor=${own}`)).status).toBe(200)
    for (const query of ['?', '?type=user.updated&', '?type=user.created&user_id=x&']) {
      expectInvalid(await project.call('GET', `/v1/events${query}cursor=${own}`), 'cursor')
    }
    const theirs = await cursorOf(other, '&type=user.created')
    expectInvalid(await project.call('GET', `/v1/events?type=user.created&cursor=${theirs}`), 'cursor')
  })

  it('a key without events:read, and takes one that has no more', async () => {
    const project = await aProject(testApp())
    const keyWith = async (scopes: string[]) => (await project.ok('POST', '/v1/api_keys', { name: 'k', scopes })).key
    const other = await keyWith(['users:read', 'settings:read', 'sessions:read', 'keys:write'])
    expectInsufficientScope(await project.call('GET', '/v1/events', undefined, { key: other }), 'events:read')
    const key = await keyWith(['events:read'])
    expect((await project.call('GET', '/v1/events', undefined, { key })).status).toBe(200)
  })
})

describe('what events hold', () => {
  it('is no address, name, link, code, key or token', async () => {
    const project = await aProject(testApp())
    const { ok } = project
    const email = anAddress()
    const { token, mail, access_token, refresh_token, user, session_id } = await signedIn(project, email)
    const { key } = await ok('POST', '/v1/api_keys', { name: 'the-key-name', scopes: ['*'] })
    const client = await ok('POST', '/v1/clients', {
      name: 'client-name',
      redirect_uris: ['https://a.example/secret-path'],
    })
    await ok('PUT', `/v1/users/${user.id}`, { email: `new.${email}`, first_name: 'Adaname', phone: '+12025550123' })
    await ok('DELETE', `/v1/sessions/${session_id}`)
    await ok('POST', '/v1/suppressions', { email: `bad.${email}` })
    await ok('DELETE', `/v1/suppressions/${encodeURIComponent(`bad.${email}`)}`)
    await ok('PUT', '/v1/templates/sign_in/en', { subject: 'subject-text', html: '<p>html-text {{link}}</p>' })
    await ok('DELETE', '/v1/templates/sign_in/en')
    await project.patch({ brand: { name: 'brand-name', support_email: 'support@acme.example' } })
    await ok('DELETE', `/v1/users/${user.id}`)
    const seen = await events(project)
    expect(new Set(typesOf(seen)).size).toBeGreaterThanOrEqual(11)
    const text = JSON.stringify(seen)
    const [localPart = ''] = email.split('@')
    const secrets = [localPart, token, signInOf(mail).code, access_token, refresh_token, key, client.client_secret]
    const words = ['@', '2025550123', 'Adaname', 'the-key-name', 'client-name', 'secret-path', '-text', 'brand-name']
    for (const word of [...secrets, ...words]) expect(text, word).not.toContain(word)
    const { results } = await env.DB.prepare('SELECT data FROM events WHERE project_id = ?').bind(project.id).all()
    expect(results).toHaveLength(seen.length)
  })
})
