import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { anAddress, browser, codeIn, env, testApp } from '../../support/app.ts'
import { aProject, type TestProject, tokenOf } from '../../support/project.ts'
import { expectInsufficientScope, expectInvalid, expectProblem } from '../../support/refusals.ts'

const app = testApp()
const UNKNOWN = `org_${'2'.repeat(27)}`
const UNKNOWN_USER = `user_${'2'.repeat(27)}`
const CALLBACK = 'http://localhost:3000/callback'
const aWord = () => crypto.randomUUID().slice(0, 13)
const times = (count: number) => Array.from({ length: count }, (_, i) => i)
const json = (answer: { json: Record<string, any> }) => answer.json

let project: TestProject
beforeAll(async () => {
  project = await aProject(app)
})

const anOrganization = (body: Record<string, unknown> = {}, at = project) =>
  at.ok('POST', '/v1/organizations', { name: 'Acme', ...body })
const aUser = (body: Record<string, unknown> = {}, at = project) =>
  at.ok('POST', '/v1/users', { email: anAddress(), ...body })
const aKeyOf = async (scopes: string[], at = project): Promise<string> =>
  (await at.ok('POST', '/v1/api_keys', { name: 'k', scopes })).key

/** An organization with one member. */
async function aMember(roles: string[] = ['admin'], at = project) {
  const organization = await anOrganization({ external_id: aWord(), metadata: { plan: 'team' } }, at)
  const user = await aUser({}, at)
  await at.ok('POST', `/v1/organizations/${organization.id}/members`, { user_id: user.id, roles })
  return { organization, user, membership: `/v1/organizations/${organization.id}/members/${user.id}` }
}

/** Pages through a list to its end. */
async function allOf(path: string, limit: number, at = project): Promise<Record<string, any>[]> {
  const rows: Record<string, any>[] = []
  let cursor = ''
  do {
    const page = await at.ok('GET', `${path}${path.includes('?') ? '&' : '?'}limit=${limit}${cursor}`)
    expect(page.data.length).toBeLessThanOrEqual(limit)
    rows.push(...page.data)
    cursor = page.next_cursor === null ? '' : `&cursor=${encodeURIComponent(page.next_cursor)}`
  } while (cursor !== '')
  return rows
}

const eventsOf = async (organization: string): Promise<[type: string, userId: string | null][]> => {
  const sql = `SELECT type, user_id FROM events WHERE json_extract(data, '$.organization') = ?`
  const { results } = await env.DB.prepare(sql).bind(organization).all<{ type: string; user_id: string | null }>()
  return results.map(({ type, user_id }): [string, string | null] => [type, user_id]).sort()
}

// --- organizations --------------------------------------------------------------------------------------------------

describe('POST /v1/organizations', () => {
  it('answers with exactly the documented organization', async () => {
    const made = await project.call('POST', '/v1/organizations', { name: 'Acme' })
    expect(made.status, made.text).toBe(201)
    expect(made.headers.get('cache-control')).toBe('no-store')
    expect(made.json).toEqual({
      id: expect.stringMatching(/^org_[0-9A-Za-z]{27}$/),
      name: 'Acme',
      external_id: null,
      metadata: {},
      created_at: expect.any(Number),
      updated_at: made.json.created_at,
    })
    expect(await eventsOf(made.json.id)).toEqual([['organization.created', null]])
  })

  it('keeps every field as it was given', async () => {
    const given = {
      name: 'Zoë & Söhne 李',
      external_id: aWord(),
      metadata: { plan: 'team', seats: 5, paid: true, x: null },
    }
    const made = await anOrganization(given)
    expect(made).toMatchObject(given)
    expect(await project.ok('GET', `/v1/organizations/${made.id}`)).toEqual(made)
  })

  it.each([
    ['name', {}],
    ['name', { name: '' }],
    ['name', { name: null }],
    ['name', { name: 'x'.repeat(101) }],
    ['name', { name: 'a\u202eb' }],
    ['external_id', { name: 'x', external_id: '' }],
    ['external_id', { name: 'x', external_id: 'x'.repeat(201) }],
    ['metadata.a', { name: 'x', metadata: { a: {} } }],
    ['id', { name: 'x', id: UNKNOWN }],
    ['members', { name: 'x', members: [] }],
  ])('400 naming %s for %j', async (path, body) => {
    expectInvalid(await project.call('POST', '/v1/organizations', body), path)
  })

  it('409 for an external id that another has; none at all is no conflict', async () => {
    const { external_id } = await anOrganization({ external_id: aWord() })
    const taken = await project.call('POST', '/v1/organizations', { name: 'Other', external_id })
    expectProblem(taken, 409, 'identifier_taken')
    expect(taken.json.errors).toEqual([{ path: 'external_id', message: expect.any(String) }])
    await anOrganization({ external_id: null })
    await anOrganization({ external_id: null })
    // Case counts: it is the application's own id.
    await anOrganization({ external_id: external_id.toUpperCase() })
    // Another project's is another one.
    await anOrganization({ external_id }, await aProject(app))
  })

  it('makes one of 20 at once with one external id', async () => {
    const external_id = aWord()
    const answers = await Promise.all(
      times(20).map((i) => project.call('POST', '/v1/organizations', { name: `Acme ${i}`, external_id })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...times(19).map(() => 409)])
    const { data } = await project.ok('GET', `/v1/organizations?external_id=${external_id}`)
    expect(data).toEqual([answers.find(({ status }) => status === 201)?.json])
    expect(await eventsOf(data[0].id)).toHaveLength(1)
  })
})

describe('PATCH /v1/organizations/{id}', () => {
  it('changes what is named and leaves the rest', async () => {
    const { id, ...before } = await anOrganization({ external_id: aWord(), metadata: { plan: 'team' } })
    const path = `/v1/organizations/${id}`
    const renamed = await project.ok('PATCH', path, { name: 'Renamed' })
    expect(renamed).toEqual({ id, ...before, name: 'Renamed', updated_at: expect.any(Number) })
    expect(renamed.updated_at).toBeGreaterThanOrEqual(before.updated_at)
    expect(await project.ok('PATCH', path, { metadata: {} })).toMatchObject({ name: 'Renamed', metadata: {} })
    expect(await project.ok('PATCH', path, { external_id: null })).toMatchObject({ external_id: null })
    expect(await project.ok('PATCH', path, {})).toMatchObject({ name: 'Renamed', external_id: null, metadata: {} })
    expect((await project.ok('GET', path)).name).toBe('Renamed')
    expect((await eventsOf(id)).filter(([type]) => type === 'organization.updated')).toHaveLength(4)
  })

  it('loses nothing of two changes at once', async () => {
    const { id } = await anOrganization()
    const external_id = aWord()
    const changes = [{ name: 'Renamed' }, { external_id }, { metadata: { a: 1 } }]
    const answers = await Promise.all(changes.map((body) => project.call('PATCH', `/v1/organizations/${id}`, body)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(await project.ok('GET', `/v1/organizations/${id}`)).toMatchObject({
      name: 'Renamed',
      external_id,
      metadata: { a: 1 },
    })
  })

  it('409 for an external id that another has; its own is no conflict', async () => {
    const [one, two] = [await anOrganization({ external_id: aWord() }), await anOrganization()]
    const path = `/v1/organizations/${two.id}`
    expectProblem(await project.call('PATCH', path, { external_id: one.external_id }), 409, 'identifier_taken')
    expect(await project.ok('GET', path)).toEqual(two)
    expect(await project.ok('PATCH', `/v1/organizations/${one.id}`, { external_id: one.external_id })).toMatchObject({
      external_id: one.external_id,
    })
  })

  it('gives an external id to one of 20 at once', async () => {
    const external_id = aWord()
    const all = await Promise.all(times(20).map(() => anOrganization()))
    const answers = await Promise.all(
      all.map(({ id }) => project.call('PATCH', `/v1/organizations/${id}`, { external_id })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...times(19).map(() => 409)])
    expect((await project.ok('GET', `/v1/organizations?external_id=${external_id}`)).data).toHaveLength(1)
  })

  it.each([
    ['name', { name: null }],
    ['metadata', { metadata: null }],
    ['surprise', { surprise: 1 }],
  ])('400 naming %s for %j', async (path, body) => {
    const { id } = await anOrganization()
    expectInvalid(await project.call('PATCH', `/v1/organizations/${id}`, body), path)
  })
})

describe('GET /v1/organizations', () => {
  it('lists newest first, by pages, and finds by external id', async () => {
    const own = await aProject(app)
    const made = []
    for (const i of times(5)) made.push(await anOrganization({ name: `Acme ${i}`, external_id: `acme-${i}` }, own))
    const ids = (await own.ok('GET', '/v1/organizations')).data.map(({ id }: { id: string }) => id)
    expect(ids).toEqual([...ids].sort().reverse())
    expect([...ids].sort()).toEqual(made.map(({ id }) => id).sort())
    for (const limit of [1, 2, 5, 100]) {
      expect((await allOf('/v1/organizations', limit, own)).map(({ id }) => id)).toEqual(ids)
    }
    expect((await own.ok('GET', '/v1/organizations?external_id=acme-3')).data).toEqual([made[3]])
    expect((await own.ok('GET', '/v1/organizations?external_id=acme')).data).toEqual([])
  })

  it('takes no cursor of another list, of another filter or of another project', async () => {
    await anOrganization()
    await anOrganization()
    const { next_cursor } = await project.ok('GET', '/v1/organizations?limit=1')
    const other = await aProject(app)
    const { organization } = await aMember()
    for (const [at, path] of [
      [project, '/v1/organizations?external_id=x'],
      [project, `/v1/organizations/${organization.id}/members`],
      [project, '/v1/users'],
      [other, '/v1/organizations'],
    ] as const) {
      const answer = await at.call('GET', `${path}${path.includes('?') ? '&' : '?'}cursor=${next_cursor}`)
      expectInvalid(answer, 'cursor')
    }
  })
})

describe('DELETE /v1/organizations/{id}', () => {
  it('ends its memberships; the members stay users', async () => {
    const { organization, user } = await aMember()
    const path = `/v1/organizations/${organization.id}`
    expect((await project.call('DELETE', path)).status).toBe(204)
    for (const [method, at, body] of [
      ['GET', path],
      ['PATCH', path, { name: 'x' }],
      ['DELETE', path],
      ['GET', `${path}/members`],
      ['POST', `${path}/members`, { user_id: user.id }],
      ['PUT', `${path}/members/${user.id}`, { roles: [] }],
      ['DELETE', `${path}/members/${user.id}`],
    ] as const) {
      expectProblem(await project.call(method, at, body), 404, 'not_found')
    }
    expect((await project.ok('GET', `/v1/users/${user.id}`)).id).toBe(user.id)
    const rows = await env.DB.prepare('SELECT * FROM members WHERE organization_id = ?').bind(organization.id).all()
    expect(rows.results).toEqual([])
    expect((await eventsOf(organization.id)).map(([type]) => type)).toContain('organization.deleted')
    // Its external id is free again, and brings no membership back.
    const next = await anOrganization({ external_id: organization.external_id })
    expect((await project.ok('GET', `/v1/organizations/${next.id}/members`)).data).toEqual([])
  })
})

// --- members --------------------------------------------------------------------------------------------------------

describe('members', () => {
  it('POST adds, PUT sets the roles, DELETE ends; each is told', async () => {
    const organization = await anOrganization()
    const user = await aUser()
    const members = `/v1/organizations/${organization.id}/members`
    const added = await project.call('POST', members, { user_id: user.id, roles: ['admin', 'billing'] })
    expect(added.status, added.text).toBe(201)
    expect(added.json).toEqual({
      user_id: user.id,
      roles: ['admin', 'billing'],
      created_at: expect.any(Number),
      updated_at: added.json.created_at,
    })
    expect(await project.ok('GET', members)).toEqual({ data: [added.json], next_cursor: null })
    const set = await project.call('PUT', `${members}/${user.id}`, { roles: ['member'] })
    expect([set.status, set.json.roles, set.json.created_at]).toEqual([200, ['member'], added.json.created_at])
    expect((await project.ok('PUT', `${members}/${user.id}`, { roles: [] })).roles).toEqual([])
    expect((await project.call('DELETE', `${members}/${user.id}`)).status).toBe(204)
    expectProblem(await project.call('DELETE', `${members}/${user.id}`), 404, 'not_found')
    expect((await project.ok('GET', members)).data).toEqual([])
    expect((await eventsOf(organization.id)).filter(([type]) => type.startsWith('member'))).toEqual([
      ['member.deleted', user.id],
      ['member.updated', user.id],
      ['member.updated', user.id],
      ['member.updated', user.id],
    ])
  })

  it('are members with no role unless said otherwise; a role that comes twice is one', async () => {
    const { id } = await anOrganization()
    const user = await aUser()
    expect((await project.ok('POST', `/v1/organizations/${id}/members`, { user_id: user.id })).roles).toEqual([])
    const again = await project.ok('POST', `/v1/organizations/${id}/members`, {
      user_id: user.id,
      roles: ['a', 'b', 'a'],
    })
    expect(again.roles).toEqual(['a', 'b'])
    expect((await project.ok('GET', `/v1/organizations/${id}/members`)).data).toHaveLength(1)
  })

  it('PUT makes a member of a user who is none', async () => {
    const { id } = await anOrganization()
    const user = await aUser()
    const set = await project.call('PUT', `/v1/organizations/${id}/members/${user.id}`, { roles: ['owner'] })
    expect([set.status, set.json.roles]).toEqual([200, ['owner']])
  })

  it('one user may be a member of many', async () => {
    const [one, two] = [await anOrganization(), await anOrganization()]
    const user = await aUser()
    for (const { id } of [one, two]) await project.ok('POST', `/v1/organizations/${id}/members`, { user_id: user.id })
    expect((await project.call('DELETE', `/v1/organizations/${one.id}/members/${user.id}`)).status).toBe(204)
    expect((await project.ok('GET', `/v1/organizations/${two.id}/members`)).data).toHaveLength(1)
  })

  it('of 20 at once are each there once, and 20 times the same is one', async () => {
    const { id } = await anOrganization()
    const members = `/v1/organizations/${id}/members`
    const users = await Promise.all(times(20).map(() => aUser()))
    await Promise.all(users.map((user) => project.ok('POST', members, { user_id: user.id })))
    await Promise.all(times(20).map((i) => project.ok('POST', members, { user_id: users[0]?.id, roles: [`r${i}`] })))
    const ids = (await project.ok('GET', `${members}?limit=100`)).data.map((m: { user_id: string }) => m.user_id)
    expect(ids).toEqual([...ids].sort().reverse())
    expect([...ids].sort()).toEqual(users.map((user) => user.id).sort())
    for (const limit of [1, 7, 20]) {
      expect((await allOf(members, limit)).map(({ user_id }) => user_id)).toEqual(ids)
    }
  })

  it('a cursor of one organization’s members is junk for another’s', async () => {
    const [one, two] = [await aMember(), await aMember()]
    await project.ok('POST', `/v1/organizations/${one.organization.id}/members`, { user_id: two.user.id })
    const { next_cursor } = await project.ok('GET', `/v1/organizations/${one.organization.id}/members?limit=1`)
    expectInvalid(
      await project.call('GET', `/v1/organizations/${two.organization.id}/members?cursor=${next_cursor}`),
      'cursor',
    )
  })

  it.each([UNKNOWN_USER, 'x', '', UNKNOWN, 'x'.repeat(40)])('404 for the user %j', async (user_id) => {
    const { organization } = await aMember()
    const members = `/v1/organizations/${organization.id}/members`
    const answers = [
      await project.call('POST', members, { user_id }),
      ...(user_id === '' ? [] : [await project.call('PUT', `${members}/${user_id}`, { roles: [] })]),
      ...(user_id === '' ? [] : [await project.call('DELETE', `${members}/${user_id}`)]),
    ]
    for (const answer of answers) expectProblem(answer, 404, 'not_found')
    expect((await project.ok('GET', members)).data).toHaveLength(1)
  })

  it.each([
    ['user_id', 'POST', { roles: [] }],
    ['user_id', 'POST', { user_id: 'x'.repeat(41) }],
    ['roles', 'POST', { user_id: UNKNOWN_USER, roles: 'admin' }],
    ['roles.0', 'POST', { user_id: UNKNOWN_USER, roles: [''] }],
    ['roles.0', 'POST', { user_id: UNKNOWN_USER, roles: ['x'.repeat(101)] }],
    ['roles.1', 'POST', { user_id: UNKNOWN_USER, roles: ['a', 'a\nb'] }],
    ['roles', 'POST', { user_id: UNKNOWN_USER, roles: times(51).map(String) }],
    ['role', 'POST', { user_id: UNKNOWN_USER, role: 'admin' }],
    ['roles', 'PUT', {}],
    ['user_id', 'PUT', { user_id: UNKNOWN_USER, roles: [] }],
  ])('400 naming %s: %s %j', async (path, method, body) => {
    const { organization, user } = await aMember()
    const at = `/v1/organizations/${organization.id}/members${method === 'PUT' ? `/${user.id}` : ''}`
    expectInvalid(await project.call(method, at, body), path)
  })

  it('a deleted user is a member of nothing', async () => {
    const { organization, user, membership } = await aMember()
    expect((await project.call('DELETE', `/v1/users/${user.id}`)).status).toBe(204)
    expect((await project.ok('GET', `/v1/organizations/${organization.id}/members`)).data).toEqual([])
    expectProblem(await project.call('PUT', membership, { roles: [] }), 404, 'not_found')
  })

  it('a user who is deleted while they are added is a member of nothing', async () => {
    const organization = await anOrganization()
    const members = `/v1/organizations/${organization.id}/members`
    for (const _ of times(5)) {
      const user = await aUser()
      await Promise.all([
        project.call('POST', members, { user_id: user.id }),
        project.call('DELETE', `/v1/users/${user.id}`),
        project.call('PUT', `${members}/${user.id}`, { roles: ['late'] }),
      ])
    }
    expect((await project.ok('GET', members)).data).toEqual([])
  })
})

describe('who may', () => {
  it('users:read reads, users:write writes, and neither the other', async () => {
    const { organization, user, membership } = await aMember()
    const path = `/v1/organizations/${organization.id}`
    const reads: [string, string, unknown?][] = [
      ['GET', '/v1/organizations'],
      ['GET', path],
      ['GET', `${path}/members`],
    ]
    const writes: [string, string, unknown?][] = [
      ['POST', '/v1/organizations', { name: 'Acme' }],
      ['PATCH', path, { name: 'Acme' }],
      ['POST', `${path}/members`, { user_id: user.id }],
      ['PUT', membership, { roles: [] }],
      ['DELETE', membership],
      ['DELETE', path],
    ]
    const [reader, writer] = [await aKeyOf(['users:read']), await aKeyOf(['users:write'])]
    for (const [method, at, body] of reads) {
      expectInsufficientScope(await project.call(method, at, body, { key: writer }), 'users:read')
      expect((await project.call(method, at, body, { key: reader })).status, `${method} ${at}`).toBe(200)
    }
    for (const [method, at, body] of writes) {
      expectInsufficientScope(await project.call(method, at, body, { key: reader }), 'users:write')
      expect((await project.call(method, at, body, { key: writer })).status, `${method} ${at}`).toBeLessThan(300)
    }
  })

  it('nobody of another project: the answer is that for a random id', async () => {
    const other = await aProject(app)
    const [mine, theirs] = [await aMember(), await aMember(['admin'], other)]
    const asks = (organization: string, user: string): [string, string, unknown?][] => [
      ['GET', `/v1/organizations/${organization}`],
      ['PATCH', `/v1/organizations/${organization}`, { name: 'Eve' }],
      ['GET', `/v1/organizations/${organization}/members`],
      ['POST', `/v1/organizations/${organization}/members`, { user_id: user }],
      ['PUT', `/v1/organizations/${organization}/members/${user}`, { roles: ['owner'] }],
      ['DELETE', `/v1/organizations/${organization}/members/${user}`],
      ['DELETE', `/v1/organizations/${organization}`],
    ]
    const told = ({ request_id: _, ...body }: Record<string, any>) => body
    const random = asks(UNKNOWN, UNKNOWN_USER)
    for (const [i, [method, path, body]] of asks(theirs.organization.id, theirs.user.id).entries()) {
      const answer = await project.call(method, path, body)
      const [, nothing = '', same] = random[i] ?? []
      expectProblem(answer, 404, 'not_found')
      expect(told(answer.json), path).toEqual(told((await project.call(method, nothing, same)).json))
    }
    // Their user, in an organization of mine.
    const members = `/v1/organizations/${mine.organization.id}/members`
    for (const user_id of [theirs.user.id, UNKNOWN_USER]) {
      expectProblem(await project.call('POST', members, { user_id }), 404, 'not_found')
    }
    const still = await other.ok('GET', `/v1/organizations/${theirs.organization.id}/members`)
    expect(still.data).toMatchObject([{ user_id: theirs.user.id, roles: ['admin'] }])
  })
})

// --- signing in to one ----------------------------------------------------------------------------------------------

const claimsIn = (jwt: string) =>
  JSON.parse(atob((jwt.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))) as Record<string, any>

const sendTo = (user_id: string, more: Record<string, unknown> = {}, at = project) =>
  at.sent({ user_id, reveal: true, ...more })
const verify = (body: Record<string, unknown>, headers: Record<string, string> = {}, at = project) =>
  at.call('POST', '/v1/passwordless/verify', body, { headers })
const form = (path: string, fields: Record<string, string>, at = project) =>
  app.request(path, {
    method: 'POST',
    headers: {
      'x-api-key': String(env.LATCHKEY_ROOT_KEY),
      'x-project': at.id,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams(fields).toString(),
  })
const refresh = (refresh_token: string) => form('/oauth/token', { grant_type: 'refresh_token', refresh_token })
const introspect = async (token: string) => json(await form('/oauth/introspect', { token }))
const userinfo = async (token: string) =>
  (await app.request(`/p/${project.id}/userinfo`, { headers: { authorization: `Bearer ${token}` } })).status

async function signedIn(roles: string[] = ['admin'], more: Record<string, unknown> = {}) {
  const member = await aMember(roles)
  const { id, code } = await sendTo(member.user.id)
  const verified = await verify({ id, code, org_id: member.organization.id, ...more })
  expect(verified.status, verified.text).toBe(200)
  return { ...member, verified: verified.json }
}

describe('POST /v1/passwordless/verify with org_id', () => {
  it.each(['id', 'external_id'] as const)('named by %s: tokens, session and user of the member', async (name) => {
    const { organization, user } = await aMember(['admin', 'billing'])
    const { id, code } = await sendTo(user.id)
    const verified = await verify({ id, code, org_id: organization[name] })
    expect(verified.status, verified.text).toBe(200)
    const { access_token, id_token, session, session_id } = verified.json
    expect(session).toMatchObject({ id: session_id, user_id: user.id, organization_id: organization.id })
    for (const token of [access_token, id_token]) {
      expect(claimsIn(token)).toMatchObject({ sub: user.id, org_id: organization.id, roles: ['admin', 'billing'] })
    }
    expect(await project.ok('GET', `/v1/sessions/${session_id}`)).toEqual(session)
    expect((await project.ok('GET', `/v1/users/${user.id}/sessions`)).data).toEqual([session])
    expect(await introspect(access_token)).toMatchObject({ active: true, sub: user.id })
    expect(await userinfo(access_token)).toBe(200)
  })

  it('a member without roles has an empty list of them, and not their role as a user', async () => {
    const { organization, user } = await aMember([])
    await project.ok('PUT', `/v1/users/${user.id}`, { role: 'superuser' })
    const { id, code } = await sendTo(user.id)
    const { json: verified } = await verify({
      id,
      code,
      org_id: organization.id,
      claims: { id_token: { roles: null } },
    })
    expect(claimsIn(verified.id_token)).toMatchObject({ org_id: organization.id, roles: [] })
  })

  it('without it there is no organization, also for a member', async () => {
    const { user } = await aMember()
    const { id, code } = await sendTo(user.id)
    const { json: verified } = await verify({ id, code })
    expect(verified.session.organization_id).toBeNull()
    for (const token of [verified.access_token, verified.id_token]) {
      expect(Object.keys(claimsIn(token))).not.toEqual(expect.arrayContaining(['org_id']))
      expect(claimsIn(token).roles).toBeUndefined()
    }
  })

  it('takes the link of a mail, and the grant of the landing page', async () => {
    const { organization, user } = await aMember()
    const [link, landing] = [await sendTo(user.id), await sendTo(user.id, { redirect_uri: CALLBACK })]
    const byLink = await verify({ token: tokenOf(link.link), org_id: organization.id })
    expect(byLink.json.session).toMatchObject({ organization_id: organization.id, amr: ['email', 'link'] })
    const person = browser(app)
    const pressed = await person.press(await person.open(landing.link))
    const token = codeIn(pressed.headers.get('location'))
    expectProblem(await verify({ token, org_id: UNKNOWN }), 403, 'not_a_member')
    const byGrant = await verify({ token, org_id: organization.external_id })
    expect(byGrant.status, byGrant.text).toBe(200)
    expect(claimsIn(byGrant.json.access_token).org_id).toBe(organization.id)
  })

  it('takes a bound grant with its verifier', async () => {
    const { organization, user } = await aMember()
    const code_verifier = 'v'.repeat(43)
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(code_verifier))
    const code_challenge = btoa(String.fromCharCode(...new Uint8Array(digest)))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', '')
    const sent = await sendTo(user.id, { redirect_uri: CALLBACK, code_challenge, code_challenge_method: 'S256' })
    const person = browser(app)
    const pressed = await person.press(await person.open(sent.link))
    const token = codeIn(pressed.headers.get('location'))
    expectProblem(await verify({ token, code_verifier, org_id: UNKNOWN }), 403, 'not_a_member')
    const verified = await verify({ token, code_verifier, org_id: organization.id })
    expect(verified.json.session?.organization_id, verified.text).toBe(organization.id)
  })

  it('takes a link that was minted for a user without an address', async () => {
    const organization = await anOrganization()
    const user = await project.ok('POST', '/v1/users', { external_id: aWord() })
    await project.ok('POST', `/v1/organizations/${organization.id}/members`, { user_id: user.id, roles: ['x'] })
    const { login_url } = await project.ok('POST', `/v1/users/${user.id}/login_url`)
    expectProblem(await verify({ token: tokenOf(login_url), org_id: UNKNOWN }), 403, 'not_a_member')
    const verified = await verify({ token: tokenOf(login_url), org_id: organization.id })
    expect(claimsIn(verified.json.id_token)).toMatchObject({ org_id: organization.id, roles: ['x'] })
  })

  it('403 not_a_member, and nothing is used up: link and code still work without org_id', async () => {
    const foreign = await anOrganization({ external_id: aWord() })
    const elsewhere = await aMember(['admin'], await aProject(app))
    const user = await aUser()
    for (const secret of ['link', 'code'] as const) {
      const sent = await sendTo(user.id)
      const brought = secret === 'link' ? { token: tokenOf(sent.link) } : { id: sent.id, code: sent.code }
      for (const org_id of [
        foreign.id,
        foreign.external_id,
        elsewhere.organization.id,
        elsewhere.organization.external_id,
        UNKNOWN,
        'junk',
      ]) {
        const refused = await verify({ ...brought, org_id })
        expectProblem(refused, 403, 'not_a_member')
      }
      expect((await project.ok('GET', `/v1/passwordless/${sent.id}`)).status).toBe('pending')
      const verified = await verify(brought)
      expect(verified.status, verified.text).toBe(200)
      expect(verified.json.session.organization_id).toBeNull()
    }
  })

  it('costs no try of a code when it is refused, also of a wrong one', async () => {
    const { organization, user } = await aMember()
    const { id, code } = await sendTo(user.id)
    const wrong = code === '000000' ? '000001' : '000000'
    for (const _ of times(6)) expectProblem(await verify({ id, code: wrong, org_id: UNKNOWN }), 403, 'not_a_member')
    expect((await verify({ id, code: wrong, org_id: organization.id })).json).toMatchObject({
      code: 'wrong_code',
      tries_left: 4,
    })
    expect((await verify({ id, code, org_id: organization.id })).status).toBe(200)
  })

  it('leaves the reasons of a dead secret as they are, for a member', async () => {
    const { organization, user } = await aMember()
    const org_id = organization.id
    const [used, cancelled] = [await sendTo(user.id), await sendTo(user.id)]
    expect((await verify({ id: used.id, code: used.code, org_id })).status).toBe(200)
    expectProblem(await verify({ id: used.id, code: used.code, org_id }), 409, 'already_used')
    await project.call('DELETE', `/v1/passwordless/${cancelled.id}`)
    expectProblem(await verify({ id: cancelled.id, code: cancelled.code, org_id }), 410, 'cancelled')
    expectProblem(await verify({ token: 'junk', org_id }), 400, 'unknown_token')
  })

  it('refuses a member who may not sign in', async () => {
    const { organization, user } = await aMember()
    const { id, code } = await sendTo(user.id)
    await project.ok('PUT', `/v1/users/${user.id}/status`, { status: 'INACTIVE' })
    const refused = await verify({ id, code, org_id: organization.id })
    expect([403, 410]).toContain(refused.status)
    expect(['user_inactive', 'cancelled']).toContain(refused.json.code)
  })

  it.each(['', 'x'.repeat(201), 7, null])('400 for org_id %j', async (org_id) => {
    expectInvalid(await verify({ token: 'x', org_id }), 'org_id')
  })

  it('session: false tells who it was, of members alone', async () => {
    const { organization, user } = await aMember()
    const { id, code } = await sendTo(user.id)
    expectProblem(await verify({ id, code, session: false, org_id: UNKNOWN }), 403, 'not_a_member')
    const verified = await verify({ id, code, session: false, org_id: organization.id })
    expect(verified.status, verified.text).toBe(200)
    expect(verified.json.user.id).toBe(user.id)
    expect(Object.keys(verified.json)).not.toEqual(expect.arrayContaining(['session']))
    expect(verified.json.access_token).toBeUndefined()
    expect((await project.ok('GET', `/v1/users/${user.id}/sessions`)).data).toEqual([])
  })

  it('with session_id: the tokens are of the organization, the session stays as it began', async () => {
    const { organization, user, membership } = await aMember(['admin'])
    const first = await sendTo(user.id)
    const { json: begun } = await verify({ id: first.id, code: first.code })
    const { id, code } = await sendTo(user.id)
    const both = { id, code, session_id: begun.session_id }
    expectProblem(await verify({ ...both, org_id: UNKNOWN }), 403, 'not_a_member')
    const stranger = await verify({ ...both, session_id: `sess_${'2'.repeat(27)}`, org_id: organization.id })
    expectProblem(stranger, 404, 'not_found')
    const joined = await verify({ ...both, org_id: organization.id })
    expect(joined.status, joined.text).toBe(200)
    expect(joined.json.session_id).toBe(begun.session_id)
    expect(claimsIn(joined.json.access_token)).toMatchObject({ org_id: organization.id, roles: ['admin'] })
    // Two grants of one session: the membership's end ends the one that stands on it.
    expect((await project.call('DELETE', membership)).status).toBe(204)
    expect((await refresh(joined.json.refresh_token)).json.error).toBe('invalid_grant')
    expect((await refresh(begun.refresh_token)).status).toBe(200)
    expect(joined.json.session.organization_id).toBeNull()
  })

  it('the claims organization and roles can be asked for, on each token', async () => {
    const claims = { id_token: { organization: null, roles: null }, access_token: { organization: null } }
    const { organization, verified } = await signedIn(['admin'], { claims })
    const said = { id: organization.id, name: 'Acme', external_id: organization.external_id }
    expect(claimsIn(verified.id_token)).toMatchObject({ organization: said, roles: ['admin'] })
    expect(claimsIn(verified.access_token)).toMatchObject({ organization: said })
    const info = await app.request(`/p/${project.id}/userinfo`, {
      headers: { authorization: `Bearer ${verified.access_token}` },
    })
    expect(info.json).toMatchObject({ organization: said, roles: ['admin'] })
  })

  it('the same claims without an organization: none, and the role of the user', async () => {
    const { user } = await aMember()
    await project.ok('PUT', `/v1/users/${user.id}`, { role: 'reader' })
    const { id, code } = await sendTo(user.id)
    const { json: verified } = await verify({ id, code, claims: { id_token: { organization: null, roles: null } } })
    expect(claimsIn(verified.id_token).organization).toBeUndefined()
    expect(claimsIn(verified.id_token).roles).toEqual(['reader'])
  })

  it('a replay gives the same session and refresh token, and tokens of the same organization', async () => {
    const { organization, user } = await aMember()
    const { id, code } = await sendTo(user.id)
    const body = { id, code, org_id: organization.id }
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const answers = await Promise.all(times(10).map(() => verify(body, headers)))
    expect(answers.map(({ status }) => status)).toEqual(times(10).map(() => 200))
    expect(new Set(answers.map((answer) => answer.json.session_id)).size).toBe(1)
    expect(new Set(answers.map((answer) => answer.json.refresh_token)).size).toBe(1)
    for (const answer of answers) {
      expect(answer.json.session.organization_id).toBe(organization.id)
      expect(claimsIn(answer.json.access_token).org_id).toBe(organization.id)
    }
    expect((await project.ok('GET', `/v1/users/${user.id}/sessions`)).data).toHaveLength(1)
  })

  it('a replay never brings tokens of another organization than the session’s grant', async () => {
    const { organization, user } = await aMember()
    const other = await anOrganization()
    await project.ok('POST', `/v1/organizations/${other.id}/members`, { user_id: user.id, roles: ['other'] })
    const { id, code } = await sendTo(user.id)
    const headers = { 'idempotency-key': crypto.randomUUID() }
    expect((await verify({ id, code, org_id: organization.id }, headers)).status).toBe(200)
    expectProblem(await verify({ id, code, org_id: other.id }, headers), 409, 'already_used')
    expectProblem(await verify({ id, code }, headers), 409, 'already_used')
    const again = await verify({ id, code, org_id: organization.id }, headers)
    expect(claimsIn(again.json.access_token).org_id).toBe(organization.id)
  })

  it('nor of a bound link, whose verifier makes every retry the same one', async () => {
    const { organization, user } = await aMember()
    const other = await anOrganization()
    await project.ok('POST', `/v1/organizations/${other.id}/members`, { user_id: user.id, roles: ['other'] })
    const code_verifier = 'v'.repeat(43)
    const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(code_verifier))
    const code_challenge = btoa(String.fromCharCode(...new Uint8Array(digest)))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', '')
    const bound = { redirect_uri: CALLBACK, link: 'direct', code_challenge, code_challenge_method: 'S256' }
    const { link } = await sendTo(user.id, bound)
    const token = new URL(link).searchParams.get('token')
    expect((await verify({ token, code_verifier, org_id: organization.id })).status).toBe(200)
    expectProblem(await verify({ token, code_verifier, org_id: other.id }), 409, 'already_used')
  })
})

describe('after signing in to an organization', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('refresh keeps the organization and follows its roles', async () => {
    const { organization, membership, verified } = await signedIn(['admin'], {
      claims: { id_token: { organization: null } },
    })
    const one = await refresh(verified.refresh_token)
    expect(one.status, one.text).toBe(200)
    for (const token of [one.json.access_token, one.json.id_token]) {
      expect(claimsIn(token)).toMatchObject({ org_id: organization.id, roles: ['admin'] })
    }
    await project.ok('PUT', membership, { roles: ['reader'] })
    await project.ok('PATCH', `/v1/organizations/${organization.id}`, { name: 'Renamed' })
    const two = await refresh(one.json.refresh_token)
    expect(two.json.session_id).toBe(verified.session_id)
    for (const token of [two.json.access_token, two.json.id_token]) {
      expect(claimsIn(token)).toMatchObject({ org_id: organization.id, roles: ['reader'] })
    }
    expect(claimsIn(two.json.id_token).organization.name).toBe('Renamed')
  })

  it.each([
    ['the membership', ({ membership }: { membership: string }) => project.call('DELETE', membership)],
    [
      'the organization',
      ({ organization }: { organization: Record<string, any> }) =>
        project.call('DELETE', `/v1/organizations/${organization.id}`),
    ],
  ])('the end of %s ends its tokens: refresh, introspection and userinfo', async (_what, end) => {
    const member = await signedIn()
    const { access_token, refresh_token } = member.verified
    expect((await end(member)).status).toBe(204)
    expect(await introspect(access_token)).toEqual({ active: false })
    expect(await introspect(refresh_token)).toEqual({ active: false })
    expect(await userinfo(access_token)).toBe(401)
    const refused = await refresh(refresh_token)
    expect([refused.status, refused.json.error]).toEqual([400, 'invalid_grant'])
    const { id, code } = await sendTo(member.user.id)
    expectProblem(await verify({ id, code, org_id: member.organization.id }), 403, 'not_a_member')
    expect((await verify({ id, code })).status).toBe(200)
  })

  it('the end of another membership ends nothing', async () => {
    const { user, verified } = await signedIn()
    const other = await anOrganization()
    const membership = `/v1/organizations/${other.id}/members/${user.id}`
    await project.ok('PUT', membership, { roles: [] })
    expect((await project.call('DELETE', membership)).status).toBe(204)
    expect((await refresh(verified.refresh_token)).status).toBe(200)
    expect((await introspect(verified.access_token)).active).toBe(true)
  })

  it('somebody who comes back as a member goes on with the refresh token they have', async () => {
    const { organization, user, membership, verified } = await signedIn()
    expect((await project.call('DELETE', membership)).status).toBe(204)
    await project.ok('POST', `/v1/organizations/${organization.id}/members`, { user_id: user.id, roles: ['back'] })
    const refreshed = await refresh(verified.refresh_token)
    expect(refreshed.status, refreshed.text).toBe(200)
    expect(claimsIn(refreshed.json.access_token)).toMatchObject({ org_id: organization.id, roles: ['back'] })
  })

  it('a refused refresh uses nothing up: asked again later it is no theft, and nobody is alarmed', async () => {
    const { organization, user, membership, verified } = await signedIn()
    expect((await project.call('DELETE', membership)).status).toBe(204)
    const outbox = app.outbox.length
    for (const seconds of [0, 60]) {
      vi.setSystemTime(Date.now() + seconds * 1000)
      expect((await refresh(verified.refresh_token)).json.error).toBe('invalid_grant')
    }
    expect(app.outbox.slice(outbox)).toEqual([])
    await project.ok('POST', `/v1/organizations/${organization.id}/members`, { user_id: user.id, roles: ['back'] })
    expect((await refresh(verified.refresh_token)).status).toBe(200)
  })

  it('refresh within the grace after a lost answer keeps the organization', async () => {
    const { organization, verified } = await signedIn()
    const [one, two] = [await refresh(verified.refresh_token), await refresh(verified.refresh_token)]
    expect(two.json.refresh_token).toBe(one.json.refresh_token)
    expect(claimsIn(two.json.access_token).org_id).toBe(organization.id)
  })
})

describe('GET /v1/users?business_id=', () => {
  it('finds the members of an organization by either of its names', async () => {
    const { organization, user } = await aMember()
    const direct = await aUser({ business_id: organization.id })
    const named = await aUser({ business_id: organization.external_id })
    await aUser({ business_id: 'another' })
    for (const name of [organization.id, organization.external_id]) {
      const { data } = await project.ok('GET', `/v1/users?business_id=${name}`)
      expect(data.map(({ id }: { id: string }) => id).sort()).toEqual([user.id, direct.id, named.id].sort())
    }
    expect((await project.ok('GET', `/v1/users?business_id=${organization.id}&role=x`)).data).toEqual([])
  })
})
