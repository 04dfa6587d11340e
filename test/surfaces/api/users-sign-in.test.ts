/** What a change to a user does to their sessions and to the links that are out (design §4, session start). */

import { beforeAll, describe, expect, it } from 'vitest'
import { type Answer, anAddress, env, type TestApp, testApp } from '../../support/app.ts'
import { expectProblem } from '../../support/refusals.ts'

// The first signing key is of today, whichever test comes first: some have a clock of their own.
beforeAll(async () => {
  expect((await testApp().request('/.well-known/jwks.json')).json.keys).toHaveLength(1)
})

const aPhone = () => `+1555${String(Math.floor(Math.random() * 1e7)).padStart(7, '0')}`

const create = async (app: TestApp, body: Record<string, unknown> = {}) => {
  const created = await app.call('POST', '/v1/users', { email: anAddress(), ...body })
  expect(created.status, created.text).toBe(201)
  return created.json
}
const verify = (app: TestApp, token: string, more: Record<string, unknown> = {}): Promise<Answer> =>
  app.call('POST', '/v1/passwordless/verify', { token, ...more })

/** A link to this address, and what is in it. */
async function aLink(app: TestApp, email: string, more: Record<string, unknown> = {}) {
  const sent = await app.call('POST', '/v1/passwordless/send', { email, reveal: true, ...more })
  expect(sent.status, sent.text).toBe(201)
  return { id: sent.json.id, token: new URL(sent.json.link).searchParams.get('code') ?? '', code: sent.json.code, sent }
}

async function signIn(app: TestApp, email: string) {
  const verified = await verify(app, (await aLink(app, email)).token)
  expect(verified.status, verified.text).toBe(200)
  return verified.json
}
const refresh = (app: TestApp, refresh_token: string) =>
  app.form(
    '/oauth/token',
    { grant_type: 'refresh_token', refresh_token },
    { 'x-api-key': String(env.LATCHKEY_ROOT_KEY) },
  )
const sessionsOf = async (app: TestApp, id: string): Promise<string[]> =>
  (await app.call('GET', `/v1/users/${id}/sessions`)).json.data.map((session: { id: string }) => session.id)
const noticesTo = (app: TestApp, address: string) =>
  app.outbox.filter(({ to, content }) => to === address && content.kind === 'address_changed')

describe('a new email', () => {
  it('is unverified, and the old address alone is told', async () => {
    const app = testApp()
    const user = await create(app)
    await signIn(app, user.email)
    const email = anAddress()
    app.outbox.length = 0
    const changed = await app.call('PUT', `/v1/users/${user.id}`, { email })
    expect(changed.json).toMatchObject({ id: user.id, email, email_verified: false })
    expect(changed.json.identifiers).toEqual([
      { id: expect.stringMatching(/^email_/), kind: 'email', value: email, verified_at: null, primary: true },
    ])
    expect(changed.json.identifiers[0].id).not.toBe(user.identifiers[0].id)
    expect(app.outbox.map(({ to, content }) => [to, content.kind])).toEqual([[user.email, 'address_changed']])
    expect(JSON.stringify(app.outbox)).not.toContain(email)
  })

  it('takes the old address along with nothing else, in a change of several fields', async () => {
    const app = testApp()
    const user = await create(app, { first_name: 'Ada' })
    const email = anAddress()
    const changed = await app.call('PUT', `/v1/users/${user.id}`, { email, first_name: 'Augusta', status: 'PENDING' })
    expect(changed.json).toMatchObject({ email, first_name: 'Augusta', status: 'PENDING' })
    expect(noticesTo(app, user.email)).toHaveLength(1)
  })

  it('ends what is out for the old address: link, code, minted link', async () => {
    const app = testApp()
    const user = await create(app)
    const link = await aLink(app, user.email)
    const code = await aLink(app, user.email, { method: 'link_and_code' })
    const minted = await app.call('POST', `/v1/users/${user.id}/login_url`)
    await app.call('PUT', `/v1/users/${user.id}`, { email: anAddress() })
    expectProblem(await verify(app, link.token), 410, 'cancelled')
    expectProblem(await verify(app, code.token, { session: false }), 410, 'cancelled')
    expectProblem(await verify(app, new URL(minted.json.login_url).searchParams.get('code') ?? ''), 410, 'cancelled')
    expect((await app.call('GET', `/v1/users/${user.id}`)).json).toMatchObject({
      email_verified: false,
      last_sign_in_at: null,
    })
    expect(await sessionsOf(app, user.id)).toEqual([])
  })

  it('ends a code that is out as well', async () => {
    const app = testApp()
    const user = await create(app)
    const { id, code } = await aLink(app, user.email, { method: 'link_and_code' })
    await app.call('PUT', `/v1/users/${user.id}`, { email: anAddress() })
    expectProblem(await app.call('POST', '/v1/passwordless/verify', { id, code }), 410, 'cancelled')
  })

  it('keeps the sessions that there are', async () => {
    const app = testApp()
    const user = await create(app)
    const { session_id, refresh_token } = await signIn(app, user.email)
    await app.call('PUT', `/v1/users/${user.id}`, { email: anAddress() })
    expect(await sessionsOf(app, user.id)).toEqual([session_id])
    expect((await refresh(app, refresh_token)).status).toBe(200)
  })

  it('signs in by a link of its own, and is verified by it', async () => {
    const app = testApp()
    const user = await create(app)
    const email = anAddress()
    await app.call('PUT', `/v1/users/${user.id}`, { email })
    expect((await signIn(app, email)).user).toMatchObject({ id: user.id, email, email_verified: true })
  })

  it('frees the old address for somebody else, whom older links do not sign in', async () => {
    const app = testApp()
    const user = await create(app)
    const older = await aLink(app, user.email)
    const another = await aLink(app, user.email)
    await app.call('PUT', `/v1/users/${user.id}`, { email: anAddress() })
    const heir = await create(app, { email: user.email })
    expect(heir.id).not.toBe(user.id)
    expectProblem(await verify(app, older.token), 410, 'cancelled')
    expectProblem(await verify(app, another.token, { session: false }), 410, 'cancelled')
    expect((await app.call('GET', `/v1/users/${heir.id}`)).json.email_verified).toBe(false)
    expect((await signIn(app, user.email)).user.id).toBe(heir.id)
  })

  it('and somebody else may take the old address by a change, or by signing up', async () => {
    const app = testApp()
    const [first, second, third] = [await create(app), await create(app), await create(app)]
    const older = await aLink(app, first.email)
    await app.call('PUT', `/v1/users/${first.id}`, { email: anAddress() })
    expect((await app.call('PUT', `/v1/users/${second.id}`, { email: first.email })).status).toBe(200)
    expectProblem(await verify(app, older.token), 410, 'cancelled')
    const olderSecond = await aLink(app, third.email)
    await app.call('PUT', `/v1/users/${third.id}`, { email: anAddress() })
    const { sent, token } = await aLink(app, third.email)
    expect(sent.json.user_created).toBe(true)
    expectProblem(await verify(app, olderSecond.token), 410, 'cancelled')
    expect((await verify(app, token)).json.user.id).toBe(sent.json.user_id)
  })

  it('can be taken back; the old address is as unverified as the new one was', async () => {
    const app = testApp()
    const user = await create(app)
    await signIn(app, user.email)
    const older = await aLink(app, user.email)
    await app.call('PUT', `/v1/users/${user.id}`, { email: anAddress() })
    const back = await app.call('PUT', `/v1/users/${user.id}`, { email: user.email })
    expect(back.json).toMatchObject({ email: user.email, email_verified: false })
    expectProblem(await verify(app, older.token), 410, 'cancelled')
  })

  it('that is the same one changes nothing: verified, links and sessions stay, nobody is told', async () => {
    const app = testApp()
    const user = await create(app)
    await signIn(app, user.email)
    const { token } = await aLink(app, user.email)
    app.outbox.length = 0
    const same = await app.call('PUT', `/v1/users/${user.id}`, { email: user.email })
    expect(same.json).toMatchObject({ email: user.email, email_verified: true })
    expect(app.outbox).toEqual([])
    expect((await verify(app, token)).status).toBe(200)
  })

  it('that is the same one in another case is only written anew: verified, links stay, nobody is told', async () => {
    const app = testApp()
    const user = await create(app)
    await signIn(app, user.email)
    const { token } = await aLink(app, user.email)
    app.outbox.length = 0
    const email = user.email.replace('person', 'Person')
    const respelled = await app.call('PUT', `/v1/users/${user.id}`, { email })
    expect(respelled.json).toMatchObject({ email, email_verified: true })
    expect(respelled.json.identifiers[0].id).toBe(user.identifiers[0].id)
    expect(app.outbox).toEqual([])
    expect((await verify(app, token)).status).toBe(200)
    await aLink(app, user.email)
    expect(app.outbox.map(({ to }) => to)).toEqual([email])
  })

  it('is told of once however often the same change is asked for', async () => {
    const app = testApp()
    const user = await create(app)
    const email = anAddress()
    for (let i = 0; i < 3; i++) expect((await app.call('PUT', `/v1/users/${user.id}`, { email })).status).toBe(200)
    expect(noticesTo(app, user.email)).toHaveLength(1)
    expect(app.outbox).toHaveLength(1)
  })
})

describe('a new phone number', () => {
  it('is unverified, ends what is out, and no mail tells of it', async () => {
    const app = testApp()
    const user = await create(app, { phone: aPhone() })
    const { token } = await aLink(app, user.email)
    app.outbox.length = 0
    const phone = aPhone()
    const changed = await app.call('PUT', `/v1/users/${user.id}`, { phone })
    expect(changed.json).toMatchObject({ phone, phone_verified: false, email: user.email })
    expect(app.outbox).toEqual([])
    expectProblem(await verify(app, token), 410, 'cancelled')
    expect((await app.call('POST', '/v1/users', { phone: user.phone })).status).toBe(201)
  })
})

describe.each(['PUT /status', 'PUT'])('INACTIVE by %s', (way) => {
  const setStatus = (app: TestApp, id: string, status: string) =>
    app.call('PUT', `/v1/users/${id}${way.slice('PUT '.length)}`, { status })

  it('ends the sessions and what is out, for good', async () => {
    const app = testApp()
    const user = await create(app)
    const one = await signIn(app, user.email)
    const two = await signIn(app, user.email)
    const link = await aLink(app, user.email)
    const minted = await app.call('POST', `/v1/users/${user.id}/login_url`)
    const loginToken = new URL(minted.json.login_url).searchParams.get('code') ?? ''

    expect((await setStatus(app, user.id, 'INACTIVE')).json.status).toBe('INACTIVE')
    expect(await sessionsOf(app, user.id)).toEqual([])
    for (const { session_id, refresh_token } of [one, two]) {
      expect((await app.call('GET', `/v1/sessions/${session_id}`)).json.revoked_at).toEqual(expect.any(Number))
      expect((await refresh(app, refresh_token)).json.error).toBe('invalid_grant')
    }
    const unused = await aLinkOf(app, user.email)
    expect(unused.json.code).toBe('user_inactive')

    expect((await setStatus(app, user.id, 'ACTIVE')).json.status).toBe('ACTIVE')
    expectProblem(await verify(app, link.token), 410, 'cancelled')
    expectProblem(await verify(app, loginToken, { session: false }), 410, 'cancelled')
    for (const { refresh_token } of [one, two]) expect((await refresh(app, refresh_token)).status).toBe(400)
    expect(await sessionsOf(app, user.id)).toEqual([])
    expect((await signIn(app, user.email)).user.id).toBe(user.id)
  })

  it('refuses a link while it lasts, and says why', async () => {
    const app = testApp()
    const user = await create(app)
    const [one, two] = [await aLink(app, user.email), await aLink(app, user.email)]
    await setStatus(app, user.id, 'INACTIVE')
    expectProblem(await verify(app, one.token), 403, 'user_inactive')
    expectProblem(await verify(app, two.token, { session: false }), 403, 'user_inactive')
    expect((await app.call('GET', `/v1/users/${user.id}`)).json).toMatchObject({
      status: 'INACTIVE',
      email_verified: false,
    })
  })
})
const aLinkOf = (app: TestApp, email: string) => app.call('POST', '/v1/passwordless/send', { email, reveal: true })

describe('PENDING', () => {
  it('becomes ACTIVE by the first sign-in, with a session or without', async () => {
    const app = testApp()
    for (const session of [true, false]) {
      const user = await create(app, { status: 'PENDING' })
      const verified = await verify(app, (await aLink(app, user.email)).token, { session })
      expect(verified.json.user).toMatchObject({ id: user.id, status: 'ACTIVE', email_verified: true })
      expect(verified.json.user.last_sign_in_at).toEqual(expect.any(Number))
    }
  })
})

describe('a deleted user', () => {
  it('is signed out, and no older link or refresh token brings them back', async () => {
    const app = testApp()
    const user = await create(app)
    const { session_id, refresh_token } = await signIn(app, user.email)
    const links = [await aLink(app, user.email), await aLink(app, user.email)]
    const minted = await app.call('POST', `/v1/users/${user.id}/login_url`)
    expect((await app.call('DELETE', `/v1/users/${user.id}`)).status).toBe(204)

    expect((await app.call('GET', `/v1/sessions/${session_id}`)).json.revoked_at).toEqual(expect.any(Number))
    expect((await refresh(app, refresh_token)).json.error).toBe('invalid_grant')
    expectProblem(await verify(app, links[0]?.token ?? ''), 410, 'cancelled')
    expectProblem(await verify(app, links[1]?.token ?? '', { session: false }), 410, 'cancelled')
    expectProblem(await verify(app, new URL(minted.json.login_url).searchParams.get('code') ?? ''), 410, 'cancelled')
    expect((await app.call('GET', `/v1/users?email=${user.email}`)).json.data).toEqual([])
  })

  it.each(['POST /v1/users', 'send'])(
    'leaves the address to a new user at once (%s), whom older links do not sign in',
    async (way) => {
      const app = testApp()
      const user = await create(app)
      const older = [await aLink(app, user.email), await aLink(app, user.email)]
      await app.call('DELETE', `/v1/users/${user.id}`)
      const heirId =
        way === 'send'
          ? (await aLink(app, user.email)).sent.json.user_id
          : (await create(app, { email: user.email })).id
      expect(heirId).not.toBe(user.id)
      for (const { token } of older) expectProblem(await verify(app, token), 410, 'cancelled')
      expect(await sessionsOf(app, heirId)).toEqual([])
      expect((await signIn(app, user.email)).user.id).toBe(heirId)
    },
  )

  it('stays deleted when a send that was under way is redeemed by its link later', async () => {
    const app = testApp()
    const email = anAddress()
    const first = await aLink(app, email)
    expect(first.sent.json.user_created).toBe(true)
    await app.call('DELETE', `/v1/users/${first.sent.json.user_id}`)
    expectProblem(await verify(app, first.token), 410, 'cancelled')
    expectProblem(await app.call('GET', `/v1/users/${first.sent.json.user_id}`), 404, 'not_found')
  })
})

describe('a new user who asks more than once', () => {
  it('is one user after 20 sends at once, and every link was worth sending', async () => {
    const app = testApp()
    const email = anAddress()
    const sends = await Promise.all(Array.from({ length: 20 }, () => aLink(app, email)))
    expect(new Set(sends.map(({ sent }) => sent.json.user_id)).size).toBe(1)
    expect(app.outbox).toHaveLength(20)
    for (const { token } of sends) expect((await verify(app, token)).status).toBe(200)
  })

  it('is served by the first link too, where the second send reached the database first', async () => {
    const email = anAddress()
    let letGo = () => {}
    const second = new Promise<void>((resolve) => {
      letGo = resolve
    })
    const DB = new Proxy(env.DB, {
      get(db, name) {
        if (name === 'batch') return (statements: D1PreparedStatement[]) => second.then(() => db.batch(statements))
        const member = Reflect.get(db, name)
        return typeof member === 'function' ? member.bind(db) : member
      },
    })
    const [slow, fast] = [testApp({ bindings: { DB } }), testApp()]
    const held = aLink(slow, email)
    await new Promise((resolve) => setTimeout(resolve, 50))
    const later = await aLink(fast, email)
    letGo()
    const first = await held
    expect(first.sent.json.user_id).toBe(later.sent.json.user_id)
    expect((await verify(fast, first.token)).status).toBe(200)
    expect((await verify(fast, later.token)).status).toBe(200)
  })
})

describe('GET and DELETE /v1/users/{id}/sessions', () => {
  it('lists the live sessions of this user alone, newest first, page by page', async () => {
    let now = Date.now()
    const app = testApp({ ports: { now: () => now } })
    const user = await create(app)
    const other = await create(app)
    await signIn(app, other.email)
    const started: string[] = []
    for (let i = 0; i < 5; i++) {
      now += 1000
      started.unshift((await signIn(app, user.email)).session_id)
    }
    const list = await app.call('GET', `/v1/users/${user.id}/sessions`)
    expect(list.json.next_cursor).toBeNull()
    expect(list.json.data.map(({ id }: { id: string }) => id)).toEqual(started)
    for (const session of list.json.data) {
      expect(session).toEqual((await app.call('GET', `/v1/sessions/${session.id}`)).json)
      expect(session.user_id).toBe(user.id)
    }
    const first = await app.call('GET', `/v1/users/${user.id}/sessions?limit=3`)
    const rest = await app.call('GET', `/v1/users/${user.id}/sessions?limit=3&cursor=${first.json.next_cursor}`)
    expect([...first.json.data, ...rest.json.data].map(({ id }) => id)).toEqual(started)
    expect(rest.json.next_cursor).toBeNull()
    const foreign = await app.call('GET', `/v1/users/${other.id}/sessions?cursor=${first.json.next_cursor}`)
    expectProblem(foreign, 400, 'invalid_request')

    await app.call('DELETE', `/v1/sessions/${started[2]}`)
    expect(await sessionsOf(app, user.id)).toEqual(started.filter((_, i) => i !== 2))
    now += 31 * 86_400_000
    expect(await sessionsOf(app, user.id)).toEqual([])
  })

  it('signs a user out everywhere, and nobody else', async () => {
    const app = testApp()
    const [user, other] = [await create(app), await create(app)]
    const sessions = [await signIn(app, user.email), await signIn(app, user.email)]
    const kept = await signIn(app, other.email)
    const { token } = await aLink(app, user.email)
    for (let i = 0; i < 2; i++) expect((await app.call('DELETE', `/v1/users/${user.id}/sessions`)).status).toBe(204)
    expect(await sessionsOf(app, user.id)).toEqual([])
    for (const { refresh_token } of sessions) expect((await refresh(app, refresh_token)).status).toBe(400)
    expect(await sessionsOf(app, other.id)).toEqual([kept.session_id])
    expect((await refresh(app, kept.refresh_token)).status).toBe(200)
    // The person may sign in again, with a link that is out as well.
    expect((await verify(app, token)).status).toBe(200)
    const events = await env.DB.prepare("SELECT data FROM events WHERE type = 'session.revoked' AND user_id = ?")
      .bind(user.id)
      .all()
    expect(events.results).toHaveLength(1)
  })
})
