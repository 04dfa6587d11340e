/** Forward's passwordless sign-in guide, request by request (seed 000): host, key, ids and addresses are ours, the rest is theirs. */

import { beforeAll, describe, expect, it } from 'vitest'
import { type Answer, anAddress, browser, codeIn, ISSUER, type TestApp, testApp } from '../support/app.ts'
import { aProject, type TestProject } from '../support/project.ts'
import { expectProblem, expectUnauthorized } from '../support/refusals.ts'

const app = testApp()
const UNKNOWN = `user_${'2'.repeat(27)}`
const CALLBACK = 'http://localhost:3000/callback'
const aWord = () => crypto.randomUUID().slice(0, 13)
const times = (count: number) => Array.from({ length: count }, (_, i) => i)

let project: TestProject
/** All that the guide asks for: "Include this key in the headers of all API calls." */
let KEY = ''
beforeAll(async () => {
  project = await aProject(app)
  KEY = await aKeyOf(['users:read', 'users:write', 'passwordless:reveal'])
})

async function aKeyOf(scopes: string[]): Promise<string> {
  return (await project.ok('POST', '/v1/api_keys', { name: 'partner', scopes })).key
}

/** As curl sends it: `-X`, `-H`, `-d`, and nothing else. */
function curl(method: string, path: string, { data, key = KEY }: { data?: string; key?: string | null } = {}) {
  return app.request(path, {
    method,
    headers: {
      ...(key === null ? {} : { 'x-api-key': key }),
      ...(data === undefined ? {} : { 'content-type': 'application/json' }),
    },
    // A string would bring a content type of its own.
    ...(data === undefined ? {} : { body: new TextEncoder().encode(data) }),
  })
}
const json = async (answer: Promise<Answer>): Promise<Record<string, any>> => {
  const { status, text, json: body } = await answer
  expect(status, text).toBeLessThan(300)
  return body
}

/** The body of "Creating a New User". */
const john = (email: string) => `{
"first_name": "John",
"last_name": "Doe",
"email": "${email}"
}`
const aJohn = (email = anAddress()) => json(curl('POST', '/users', { data: john(email) }))

/** Each request stands with and without /v1 in the guide. */
const BASES = ['/users', '/v1/users']

// --- Step 1: verify user details ------------------------------------------------------------------------------------

describe('Step 1: verify user details', () => {
  it('GET /users?email=…&type=BUSINESS: the user with that address and type, in a list', async () => {
    const user = await aJohn()
    await aJohn()
    const answer = await curl('GET', `/users?email=${user.email}&type=BUSINESS`)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
    expect(answer.json).toEqual({ data: [user], next_cursor: null })
    expect((await json(curl('GET', `/users?email=${user.email.toUpperCase()}&type=BUSINESS`))).data).toEqual([user])
    expect((await json(curl('GET', `/users?email=${encodeURIComponent(user.email)}`))).data).toEqual([user])
    expect((await json(curl('GET', `/v1/users?email=${user.email}&type=BUSINESS`))).data).toEqual([user])
  })

  it('both filters count: another type is not found, nor is an unknown address', async () => {
    const user = await aJohn()
    for (const query of [`email=${user.email}&type=PERSON`, `email=${anAddress()}&type=BUSINESS`]) {
      expect(await json(curl('GET', `/users?${query}`))).toEqual({ data: [], next_cursor: null })
    }
  })

  it('finds somebody who was made with /v1 and the type BUSINESS, and nobody else of /v1', async () => {
    const [business, person] = [
      await json(curl('POST', '/v1/users', { data: JSON.stringify({ email: anAddress(), type: 'BUSINESS' }) })),
      await json(curl('POST', '/v1/users', { data: john(anAddress()) })),
    ]
    const find = async ({ email }: Record<string, any>) =>
      (await json(curl('GET', `/users?email=${email}&type=BUSINESS`))).data
    expect(await find(business)).toEqual([business])
    expect(person.type).toBe('PERSON')
    expect(await find(person)).toEqual([])
  })

  it('GET /users?business_id=…: everybody of a business', async () => {
    const business_id = aWord()
    const make = () =>
      json(curl('POST', '/users', { data: JSON.stringify({ email: anAddress(), first_name: 'Ada', business_id }) }))
    const users = [await make(), await make()]
    await aJohn()
    const { data } = await json(curl('GET', `/users?business_id=${business_id}`))
    expect(data.map(({ id }: { id: string }) => id).sort()).toEqual(users.map(({ id }) => id).sort())
    for (const user of data) expect(user).toMatchObject({ type: 'BUSINESS', business_id })
    const both = await json(curl('GET', `/users?business_id=${business_id}&email=${users[0]?.email}&type=BUSINESS`))
    expect(both.data).toEqual([users[0]])
  })

  it('a business may be an organization: its members are found by its id and by its external_id', async () => {
    const external_id = aWord()
    const organization = await project.ok('POST', '/v1/organizations', { name: 'Acme', external_id })
    const [member, named, stranger] = [await aJohn(), await aJohn(), await aJohn()]
    await project.ok('POST', `/v1/organizations/${organization.id}/members`, { user_id: member.id })
    // Before there were organizations, the business stood on the user.
    await json(curl('PUT', `/users/${named.id}`, { data: JSON.stringify({ business_id: external_id }) }))
    for (const name of [organization.id, external_id]) {
      const { data } = await json(curl('GET', `/users?business_id=${name}&type=BUSINESS`))
      expect(data.map(({ id }: { id: string }) => id).sort()).toEqual([member.id, named.id].sort())
      expect(data.map(({ id }: { id: string }) => id)).not.toContain(stranger.id)
    }
    await project.call('DELETE', `/v1/organizations/${organization.id}/members/${member.id}`)
    const { data } = await json(curl('GET', `/users?business_id=${organization.id}`))
    expect(data.map(({ id }: { id: string }) => id)).toEqual([named.id])
  })

  it('a list longer than a page goes on with next_cursor', async () => {
    const business_id = aWord()
    for (const _ of times(3)) {
      await json(curl('POST', '/users', { data: JSON.stringify({ email: anAddress(), business_id }) }))
    }
    const one = await json(curl('GET', `/users?business_id=${business_id}&limit=2`))
    const two = await json(curl('GET', `/users?business_id=${business_id}&limit=2&cursor=${one.next_cursor}`))
    expect([one.data.length, two.data.length, two.next_cursor]).toEqual([2, 1, null])
  })

  it('GET /users/{id}: the fields of the example', async () => {
    const { id, email } = await aJohn()
    for (const base of BASES) {
      const answer = await curl('GET', `${base}/${id}`)
      expect(answer.status, answer.text).toBe(200)
      expect(answer.json).toMatchObject({
        id,
        email,
        type: 'BUSINESS',
        first_name: 'John',
        last_name: 'Doe',
        status: 'ACTIVE',
      })
    }
    expect(id).toMatch(/^user_/)
  })
})

// --- Step 2: create or update a user --------------------------------------------------------------------------------

describe('Step 2: create or update a user', () => {
  it('POST /users: the new user, with their id, and ACTIVE; nobody gets a mail', async () => {
    const email = anAddress()
    const created = await curl('POST', '/users', { data: john(email) })
    expect(created.status, created.text).toBe(201)
    expect(created.json).toMatchObject({
      id: expect.stringMatching(/^user_[0-9A-Za-z]{27}$/),
      email,
      first_name: 'John',
      last_name: 'Doe',
      type: 'BUSINESS',
      status: 'ACTIVE',
    })
    expect((await curl('GET', `/users/${created.json.id}`)).json).toEqual(created.json)
    expect(app.outbox.filter((mail) => JSON.stringify(mail).includes(email))).toEqual([])
  })

  it('keeps a type that is given', async () => {
    const data = JSON.stringify({ email: anAddress(), type: 'PERSON', role: 'admin', business_id: 'b_1' })
    expect(await json(curl('POST', '/users', { data }))).toMatchObject({
      type: 'PERSON',
      role: 'admin',
      business_id: 'b_1',
    })
  })

  it.each([
    ['no email', '{ "first_name": "John", "last_name": "Doe" }'],
    ['an empty body', '{}'],
    ['an email that is none', '{ "email": "john" }'],
    ['an email that is null', '{ "email": null }'],
  ])('400 for %s, naming the field', async (_what, data) => {
    const refused = await curl('POST', '/users', { data })
    expectProblem(refused, 400, 'invalid_request')
    expect(refused.json.errors.map(({ path }: { path: string }) => path)).toContain('email')
  })

  it('409 for an address that somebody has, in any case, and through either path', async () => {
    const { email } = await aJohn()
    for (const base of BASES) {
      for (const spelled of [email, email.toUpperCase()]) {
        expectProblem(await curl('POST', base, { data: john(spelled) }), 409, 'identifier_taken')
      }
    }
  })

  it('makes one user of 20 partners’ servers at once', async () => {
    const email = anAddress()
    const answers = await Promise.all(times(20).map(() => curl('POST', '/users', { data: john(email) })))
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...times(19).map(() => 409)])
  })

  it.each<[string, (email: string) => Record<string, string>]>([
    ['the name', () => ({ first_name: 'Jane', last_name: 'Roe' })],
    ['the email', (email) => ({ email })],
    ['the role', () => ({ role: 'admin' })],
    ['all of them', (email) => ({ first_name: 'Jane', email, role: 'viewer' })],
  ])('PUT /users/{id} changes %s and leaves the rest', async (_what, change) => {
    const { updated_at, identifiers, ...before } = await aJohn()
    const given = change(anAddress())
    const answer = await curl('PUT', `/users/${before.id}`, { data: JSON.stringify(given) })
    expect(answer.status, answer.text).toBe(200)
    expect(answer.json).toMatchObject({ ...before, ...given })
    expect((await curl('GET', `/users/${before.id}`)).json).toEqual(answer.json)
  })

  it('a new email is found and the old one is not; it is free for somebody else', async () => {
    const user = await aJohn()
    const email = anAddress()
    await json(curl('PUT', `/users/${user.id}`, { data: JSON.stringify({ email }) }))
    const find = async (address: string) =>
      (await json(curl('GET', `/users?email=${address}&type=BUSINESS`))).data.map(({ id }: { id: string }) => id)
    expect([await find(email), await find(user.email)]).toEqual([[user.id], []])
    const { id } = await aJohn(user.email)
    expect(id).not.toBe(user.id)
    const taken = await curl('PUT', `/users/${id}`, { data: JSON.stringify({ email }) })
    expectProblem(taken, 409, 'identifier_taken')
  })
})

// --- Step 3: update user status -------------------------------------------------------------------------------------

describe('Step 3: update user status', () => {
  const setStatus = (id: string, status: string, base = '/users') =>
    curl('PUT', `${base}/${id}/status`, {
      data: `{
"status": "${status}"
}`,
    })

  it.each(BASES)('PUT %s/{id}/status: the user, and a message that names the status', async (base) => {
    const user = await aJohn()
    for (const status of ['INACTIVE', 'ACTIVE', 'ACTIVE']) {
      const answer = await setStatus(user.id, status, base)
      expect(answer.status, answer.text).toBe(200)
      const { message, ...rest } = answer.json
      expect(message).toBe(`The user's status is now ${status}.`)
      expect(rest).toMatchObject({ id: user.id, email: user.email, status, type: 'BUSINESS' })
      expect((await json(curl('GET', `/users/${user.id}`))).status).toBe(status)
    }
  })

  it('activates somebody who was created PENDING', async () => {
    const { id } = await json(
      curl('POST', '/users', { data: JSON.stringify({ email: anAddress(), status: 'PENDING' }) }),
    )
    expect((await setStatus(id, 'ACTIVE')).json.status).toBe('ACTIVE')
  })

  it('INACTIVE: no link, and those that are out are dead; ACTIVE brings none of them back', async () => {
    const { id } = await aJohn()
    const { login_url } = await json(curl('POST', `/v1/users/${id}/login_url`))
    await setStatus(id, 'INACTIVE')
    expectProblem(await curl('POST', `/v1/users/${id}/login_url`), 403, 'user_inactive')
    const person = browser(app)
    const open = async () => {
      const page = await person.open(login_url)
      return page.text.includes('<form') ? (await person.press(page)).status : page.status
    }
    expect(await open()).not.toBe(303)
    await setStatus(id, 'ACTIVE')
    expect(await open()).not.toBe(303)
    const fresh = await json(curl('POST', `/v1/users/${id}/login_url`))
    expect((await signInBy(fresh.login_url)).status).toBe(303)
  })

  it.each(['active', 'DISABLED', ''])('400 for the status %j', async (status) => {
    const { id } = await aJohn()
    expectProblem(await setStatus(id, status), 400, 'invalid_request')
  })
})

// --- Step 4: generate a passwordless login link ----------------------------------------------------------------------

async function signInBy(url: string, at: TestApp = app): Promise<Answer> {
  const person = browser(at)
  return person.press(await person.open(url))
}

describe('Step 4: generate a passwordless login link', () => {
  const mint = (id: string, base = '/v1/users') => curl('POST', `${base}/${id}/login_url`)

  it.each(['/v1/users', '/users'])(
    'POST %s/{id}/login_url without a body and without a content type: a link',
    async (base) => {
      const { id } = await aJohn()
      const answer = await mint(id, base)
      expect(answer.status, answer.text).toBe(200)
      expect(answer.json.login_url).toMatch(/^http:\/\/localhost:8787\/auth\/magic-link\?code=[\w-]{99}$/)
      expect(answer.json.expires_at).toBeGreaterThan(Math.floor(Date.now() / 1000))
    },
  )

  it('a body of {} is the same', async () => {
    const { id } = await aJohn()
    expect((await curl('POST', `/v1/users/${id}/login_url`, { data: '{}' })).status).toBe(200)
  })

  it('opened, pressed, exchanged: signed in once, like any other sign-in', async () => {
    const user = await aJohn()
    const data = JSON.stringify({ redirect_uri: CALLBACK, state: 's' })
    const { login_url } = await json(curl('POST', `/v1/users/${user.id}/login_url`, { data }))
    const pressed = await signInBy(login_url)
    expect(pressed.status, pressed.text).toBe(303)
    const location = pressed.headers.get('location') ?? ''
    expect(location.startsWith(`${CALLBACK}?code=`)).toBe(true)
    const verified = await project.call('POST', '/v1/passwordless/verify', { token: codeIn(location) })
    expect(verified.status, verified.text).toBe(200)
    expect(verified.json).toMatchObject({
      user: { id: user.id, type: 'BUSINESS' },
      session: { user_id: user.id, revoked_at: null },
      token_type: 'Bearer',
    })
    // "Once used, it cannot be reused": neither the grant nor the link.
    expectProblem(
      await project.call('POST', '/v1/passwordless/verify', { token: codeIn(location) }),
      409,
      'already_used',
    )
    const again = await browser(app).open(login_url)
    expect([again.status, again.text.includes('<form')]).toEqual([409, false])
    expectProblem(
      await project.call('POST', '/v1/passwordless/verify', { token: codeIn(login_url) }),
      409,
      'already_used',
    )
    expect((await project.ok('GET', `/v1/users/${user.id}/sessions`)).data).toHaveLength(1)
  })

  it('without a redirect_uri it ends at the project’s default, or on our own page', async () => {
    const { id } = await aJohn()
    const own = await signInBy((await json(mint(id))).login_url)
    expect([own.status, own.headers.get('location')]).toEqual([303, `${ISSUER}/p/${project.id}/account`])
    await project.patch({
      redirect_uris: ['https://app.example.com/sso'],
      default_login_redirect: 'https://app.example.com/sso',
    })
    try {
      const theirs = await signInBy((await json(mint(id))).login_url)
      expect(theirs.headers.get('location')).toMatch(/^https:\/\/app\.example\.com\/sso\?code=/)
    } finally {
      await project.patch({ redirect_uris: null, default_login_redirect: null })
    }
  })

  it('opening it uses nothing up, however often; a mail scanner may', async () => {
    const { id } = await aJohn()
    const { login_url } = await json(mint(id))
    for (const _ of times(5)) expect((await browser(app).open(login_url)).status).toBe(200)
    expect((await app.request(login_url, { method: 'HEAD' })).status).toBe(200)
    expect((await signInBy(login_url)).status).toBe(303)
  })

  it('each call makes another link, and each works', async () => {
    const { id } = await aJohn()
    const urls = [(await json(mint(id))).login_url, (await json(mint(id))).login_url]
    expect(new Set(urls).size).toBe(2)
    for (const url of urls) expect((await signInBy(url)).status).toBe(303)
  })

  it('64 who bring one link at once: one session', async () => {
    const { id } = await aJohn()
    const { login_url } = await json(mint(id))
    const token = codeIn(login_url)
    const answers = await Promise.all(times(64).map(() => project.call('POST', '/v1/passwordless/verify', { token })))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const answer of answers.filter(({ status }) => status !== 200)) expectProblem(answer, 409, 'already_used')
    expect((await project.ok('GET', `/v1/users/${id}/sessions`)).data).toHaveLength(1)
  })

  it('64 browsers that press one link at once: one session', async () => {
    const { id } = await aJohn()
    const { login_url } = await json(
      curl('POST', `/v1/users/${id}/login_url`, { data: JSON.stringify({ redirect_uri: CALLBACK }) }),
    )
    const people = await Promise.all(
      times(64).map(async () => {
        const person = browser(app)
        return { person, page: await person.open(login_url) }
      }),
    )
    const pressed = await Promise.all(people.map(({ person, page }) => person.press(page)))
    const grants = pressed
      .filter(({ status, headers }) => status === 303 && headers.get('location')?.startsWith(CALLBACK))
      .map(({ headers }) => codeIn(headers.get('location')))
    expect(grants.length).toBeGreaterThan(0)
    const exchanged = await Promise.all(
      grants.map((token) => project.call('POST', '/v1/passwordless/verify', { token })),
    )
    const sessions = new Set(exchanged.filter(({ status }) => status === 200).map((answer) => answer.json.session_id))
    expect(sessions.size).toBe(1)
    expect((await project.ok('GET', `/v1/users/${id}/sessions`)).data).toHaveLength(1)
  })
})

// --- refusals --------------------------------------------------------------------------------------------------------

describe('refusals', () => {
  const REQUESTS: [method: string, path: string, data?: string][] = BASES.flatMap((base) => [
    ['GET', `${base}?email=user@example.com&type=BUSINESS`],
    ['GET', `${base}?business_id=b_1`],
    ['GET', `${base}/${UNKNOWN}`],
    ['POST', base, john('user@example.com')],
    ['PUT', `${base}/${UNKNOWN}`, '{ "first_name": "Jane" }'],
    ['PUT', `${base}/${UNKNOWN}/status`, '{ "status": "ACTIVE" }'],
    ['POST', `${base}/${UNKNOWN}/login_url`],
  ])

  it.each(REQUESTS)('%s %s: 401 without a key and with a wrong one', async (method, path, data) => {
    const body = data === undefined ? {} : { data }
    expectUnauthorized(await curl(method, path, { ...body, key: null }), false)
    expectUnauthorized(await curl(method, path, { ...body, key: 'YOUR_API_KEY' }), true)
    expectUnauthorized(await curl(method, path, { ...body, key: `${KEY.slice(0, -1)}x` }), true)
  })

  it.each(REQUESTS.filter(([, path]) => path.includes(UNKNOWN)))('%s %s: 404', async (method, path, data) => {
    expectProblem(await curl(method, path, data === undefined ? {} : { data }), 404, 'not_found')
    // An id as the guide writes them.
    const theirs = path.replace(UNKNOWN, 'user_123')
    expectProblem(await curl(method, theirs, data === undefined ? {} : { data }), 404, 'not_found')
  })

  it('a key without passwordless:reveal mints no link', async () => {
    const key = await aKeyOf(['users:read', 'users:write', 'passwordless:send'])
    const { id } = await aJohn()
    expectProblem(await curl('POST', `/v1/users/${id}/login_url`, { key }), 403, 'insufficient_scope')
  })
})

// --- DIALECTS --------------------------------------------------------------------------------------------------------

describe('DIALECTS without forward', () => {
  const others = testApp({ bindings: { DIALECTS: 'transmit,streambird,1kosmos,scalekit' } })
  const none = testApp({ bindings: { DIALECTS: '' } })

  it.each([
    ['GET', '/users?email=user@example.com&type=BUSINESS'],
    ['POST', '/users'],
    ['GET', `/users/${UNKNOWN}`],
    ['PUT', `/users/${UNKNOWN}`],
    ['DELETE', `/users/${UNKNOWN}`],
    ['PUT', `/users/${UNKNOWN}/status`],
    ['POST', `/users/${UNKNOWN}/login_url`],
    ['GET', `/users/${UNKNOWN}/sessions`],
  ])('%s %s is not there, with a key and without', async (method, path) => {
    for (const [i, at] of [others, none].entries()) {
      for (const key of [KEY, null]) {
        const answer = await at.call(method, path, undefined, { key })
        expectProblem(answer, 404, 'not_found')
        expect(answer.headers.get('allow'), `${i}`).toBeNull()
      }
    }
  })

  it('leaves /v1/users as it is', async () => {
    for (const at of [others, none]) {
      const call = (method: string, path: string, body?: unknown) => at.call(method, path, body, { key: KEY })
      const created = await call('POST', '/v1/users', { email: anAddress(), type: 'BUSINESS' })
      expect(created.status, created.text).toBe(201)
      const path = `/v1/users/${created.json.id}`
      expect((await call('GET', path)).status).toBe(200)
      expect((await call('GET', `/v1/users?email=${created.json.email}&type=BUSINESS`)).json.data).toHaveLength(1)
      expect((await call('PUT', `${path}/status`, { status: 'ACTIVE' })).status).toBe(200)
      const { login_url } = (await call('POST', `${path}/login_url`)).json
      expect((await signInBy(login_url, at)).status).toBe(303)
    }
  })
})
