/** What time removes, in small pieces, and what it must leave (design §7). */

import { describe, expect, it } from 'vitest'
import { batch } from '../../src/domain/database.ts'
import { moveInputsWalk } from '../../src/domain/retention/queries.ts'
import { ksuid } from '../../src/lib/ids.ts'
import { oidcApp, person } from '../oidc/support.ts'
import { anAddress, env, ROOT_KEY, testApp } from '../support/app.ts'
import {
  aProject,
  deliverLater,
  refuses,
  rowOf,
  signInOf,
  sweepLater,
  type TestProject,
  unreachable,
} from '../support/project.ts'

const DAY = 86_400
const STEP = 2000
const ROWS_A_RUN = 500

const now = () => Math.floor(Date.now() / 1000)
let drawn = 0
/** 16 bytes that no other row has. */
const random = () => {
  const bytes = new Uint8Array(16)
  new DataView(bytes.buffer).setUint32(12, ++drawn)
  return bytes
}
const idOf = (prefix: string, at: number) => `${prefix}_${ksuid(at, random())}`

type Row = Record<string, string | number | null>
/** Many rows at once: D1 takes 100 values a statement. */
async function insert(table: string, rows: Row[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {})
  const sql = `INSERT INTO ${table} (${columns.join(', ')})
    SELECT ${columns.map((name) => `value ->> '${name}'`).join(', ')} FROM json_each(?)`
  for (let at = 0; at < rows.length; at += 1000) {
    await env.DB.prepare(sql)
      .bind(JSON.stringify(rows.slice(at, at + 1000)))
      .run()
  }
}
const idsIn = async (table: string, project: string, column = 'id'): Promise<string[]> => {
  const { results } = await env.DB.prepare(`SELECT ${column} AS id FROM ${table} WHERE project_id = ? ORDER BY 1`)
    .bind(project)
    .all<{ id: string }>()
  return results.map(({ id }) => id)
}
const countOf = async (table: string): Promise<number> =>
  (await env.DB.prepare(`SELECT COUNT(*) AS n FROM ${table}`).first<{ n: number }>())?.n ?? -1
/** Those that begin again at the end; the one over the inputs of messages stays there. */
const walks = async () =>
  (await env.DB.prepare("SELECT name, position FROM walks WHERE name <> 'inputs' ORDER BY name").all()).results

const message = (project: string, at: number, more: Row = {}): Row => ({
  project_id: project,
  id: idOf('msg', at),
  channel: 'email',
  to_masked: 'x',
  template: 'sign_in',
  locale: 'en',
  status: 'accepted',
  timeline: '[]',
  attempts: 1,
  expires_at: at + 900,
  created_at: at,
  ...more,
})
const event = (project: string, at: number): Row => ({
  project_id: project,
  id: idOf('evt', at),
  type: 'user.created',
  data: '{}',
  created_at: at,
})
const session = (project: string, more: Row = {}): Row => ({
  project_id: project,
  id: idOf('sess', now()),
  user_id: 'user_x',
  amr: '[]',
  created_at: now() - 40 * DAY,
  last_active_at: now(),
  idle_ttl: 30 * DAY,
  expires_at: now() + 30 * DAY,
  revoked_at: null,
  ...more,
})
const family = (project: string, sessionId: string, more: Row = {}): Row => ({
  project_id: project,
  id: crypto.randomUUID(),
  session_id: sessionId,
  client_id: 'key_x',
  grant_data: '{}',
  generation: 1,
  rotated_at: now() * 1000,
  ended_at: null,
  ...more,
})
const identifier = (project: string, released_at: number | null, more: Row = {}): Row => ({
  project_id: project,
  kind: 'email',
  canonical: anAddress(),
  id: idOf('email', now()),
  user_id: 'user_x',
  value: 'x',
  created_at: now(),
  released_at,
  ...more,
})

/** Two projects, so that nothing works for the first alone. */
async function twoProjects(): Promise<TestProject[]> {
  const app = testApp()
  return [await aProject(app), await aProject(app)]
}

describe('removes', () => {
  it('messages after 30 days and events after 90, to the second', async () => {
    for (const { id } of await twoProjects()) {
      const live = [
        message(id, now() - 30 * DAY + 60),
        message(id, now()),
        message(id, now() - 29 * DAY, { status: 'failed' }),
      ]
      const old = [message(id, now() - 30 * DAY - 1), message(id, now() - 400 * DAY, { status: 'failed' })]
      await insert('messages', [...live, ...old])
      const liveEvents = [event(id, now() - 90 * DAY + 60), event(id, now() - 31 * DAY)]
      const before = await idsIn('events', id)
      await insert('events', [...liveEvents, event(id, now() - 90 * DAY - 1), event(id, now() - 900 * DAY)])
      await sweepLater()
      expect(await idsIn('messages', id)).toEqual(live.map(({ id }) => id).sort())
      expect(await idsIn('events', id)).toEqual([...before, ...liveEvents.map(({ id }) => id)].sort())
    }
  })

  it('sessions 7 days after they were revoked, expired or fell asleep', async () => {
    for (const { id } of await twoProjects()) {
      const over = now() - 7 * DAY - 10
      const recently = now() - 7 * DAY + 60
      const live = [
        session(id),
        session(id, { revoked_at: recently }),
        session(id, { expires_at: recently }),
        session(id, { last_active_at: recently - 30 * DAY }),
        // Revoked lately, though it would have ended long ago.
        session(id, { revoked_at: recently, expires_at: over, last_active_at: over - 30 * DAY }),
        session(id, { created_at: now() - 300 * DAY }),
      ]
      const old = [
        session(id, { revoked_at: over }),
        session(id, { expires_at: over }),
        session(id, { last_active_at: over - 30 * DAY }),
        session(id, { revoked_at: over, expires_at: now() + 90 * DAY }),
      ]
      await insert('sessions', [...live, ...old])
      await sweepLater()
      expect(await idsIn('sessions', id)).toEqual(live.map(({ id }) => id).sort())
    }
  })

  it('refresh families 7 days after they were ended, or with their session', async () => {
    for (const { id } of await twoProjects()) {
      const [living, ended] = [session(id), session(id, { revoked_at: now() - 8 * DAY })]
      await insert('sessions', [living, ended])
      const over = now() - 7 * DAY - 10
      const live = [
        family(id, String(living.id)),
        family(id, String(living.id), { rotated_at: over * 1000 - 300 * DAY * 1000 }),
        family(id, String(living.id), { ended_at: now() - 6 * DAY }),
        // Its session is about to be written.
        family(id, idOf('sess', now())),
      ]
      const old = [
        family(id, String(living.id), { ended_at: over }),
        family(id, String(ended.id), { rotated_at: over * 1000 }),
        family(id, idOf('sess', now()), { rotated_at: over * 1000 }),
      ]
      await insert('refresh_families', [...live, ...old])
      await sweepLater()
      expect(await idsIn('refresh_families', id)).toEqual(live.map(({ id }) => id).sort())
    }
  })

  it('not the mark of a grant that was used twice a moment ago, whose session is not written yet', async () => {
    const { id } = await aProject(testApp())
    // As endFamily writes it.
    const mark = family(id, '', { client_id: '', generation: 0, rotated_at: 0, ended_at: now() - 5 })
    await insert('refresh_families', [mark])
    await sweepLater()
    expect(await idsIn('refresh_families', id)).toEqual([mark.id])
    await sweepLater(8 * DAY * 1000)
    expect(await idsIn('refresh_families', id)).toEqual([])
  })

  it('addresses 7 days after they were given up', async () => {
    for (const { id } of await twoProjects()) {
      const released = (secondsAgo: number) => (now() - secondsAgo) * 1000
      const live = [
        identifier(id, null),
        identifier(id, released(0)),
        identifier(id, released(7 * DAY - 60)),
        identifier(id, null, { kind: 'phone', canonical: '+12025550100' }),
      ]
      const old = [
        identifier(id, released(7 * DAY + 10)),
        identifier(id, released(300 * DAY), { kind: 'phone', canonical: '+12025550101' }),
      ]
      await insert('identifiers', [...live, ...old])
      await sweepLater()
      expect(await idsIn('identifiers', id, 'canonical')).toEqual(live.map(({ canonical }) => canonical).sort())
    }
  })

  it('nothing of what somebody still uses', async () => {
    const project = await aProject(testApp())
    const email = anAddress()
    const sent = await project.sent({ email })
    const { code } = signInOf(project.app.outbox[0])
    const done = await project.ok('POST', '/v1/passwordless/verify', { id: sent.id, code })
    await project.ok('POST', '/v1/suppressions', { email: anAddress() })
    await project.ok('PUT', '/v1/templates/sign_in/en', { subject: 'S', html: '{{link}}' })
    for (let i = 0; i < 3; i++) await sweepLater()
    expect((await project.ok('GET', `/v1/sessions/${done.session_id}`)).revoked_at).toBeNull()
    const refreshed = await project.app.form(
      `${project.issuer}/oauth/token`,
      { grant_type: 'refresh_token', refresh_token: done.refresh_token },
      { 'x-api-key': ROOT_KEY, 'x-project': project.id },
    )
    expect(refreshed.status, refreshed.text).toBe(200)
    expect((await project.ok('GET', `/v1/users?email=${email}`)).data).toHaveLength(1)
    expect(await project.message(sent.message.id)).toMatchObject({ status: 'accepted' })
    expect((await project.ok('GET', '/v1/suppressions')).data).toHaveLength(1)
    expect((await project.ok('GET', '/v1/templates')).data).toHaveLength(1)
    expect((await project.ok('GET', '/v1/events')).data.length).toBeGreaterThan(0)
  })

  it('an address that was given up only when every link to it has ended', async () => {
    const project = await aProject(testApp())
    const email = anAddress()
    const sent = await project.sent({
      email,
      expires_in: 7 * DAY,
      link: 'direct',
      redirect_uri: 'http://localhost:3000/',
    })
    await project.ok('DELETE', `/v1/users/${sent.user_id}`)
    const [address = ''] = await idsIn('identifiers', project.id, 'canonical')
    expect(address).toBe(email)
    // The link ends before the address is forgotten.
    await sweepLater((7 * DAY - 5) * 1000)
    expect(await idsIn('identifiers', project.id, 'canonical')).toEqual([email])
    await sweepLater((7 * DAY + 60) * 1000)
    expect(await idsIn('identifiers', project.id, 'canonical')).toEqual([])
  })
})

describe('is bounded', () => {
  it('removes so many messages and events a run, over all projects, until none is left', async () => {
    const projects = await twoProjects()
    const before = await countOf('messages')
    const beforeEvents = await countOf('events')
    for (const { id } of projects) {
      await insert(
        'messages',
        Array.from({ length: 400 }, (_, i) => message(id, now() - 31 * DAY - i)),
      )
      await insert(
        'events',
        Array.from({ length: 400 }, (_, i) => event(id, now() - 91 * DAY - i)),
      )
    }
    const left: number[][] = []
    for (let run = 0; run < 3; run++) {
      await sweepLater()
      left.push([(await countOf('messages')) - before, (await countOf('events')) - beforeEvents])
    }
    expect(left).toEqual([
      [800 - ROWS_A_RUN, 800 - ROWS_A_RUN],
      [0, 0],
      [0, 0],
    ])
  })

  it('walks through many sessions in steps, comes to the end and begins again', async () => {
    const [one, two] = await twoProjects()
    if (!one || !two) throw new Error('no projects')
    await sweepLater()
    expect(await walks()).toEqual([])
    const over = now() - 8 * DAY
    // Every second one is over.
    const rows = (project: TestProject, count: number) =>
      Array.from({ length: count }, (_, i) => session(project.id, i % 2 === 0 ? { revoked_at: over } : {}))
    const all = [...rows(one, 3001), ...rows(two, 2000)]
    await insert('sessions', all)
    const live = all.filter(({ revoked_at }) => revoked_at === null).map(({ id }) => String(id))
    const counts: number[] = [await countOf('sessions')]
    for (let run = 0; run < 6; run++) {
      await sweepLater()
      counts.push(await countOf('sessions'))
      const [walk] = (await walks()).filter(({ name }) => name === 'sessions')
      if (run === 0) expect(JSON.parse(String(walk?.position))).toHaveLength(2)
    }
    const removed = counts.slice(1).map((count, run) => (counts[run] ?? 0) - count)
    for (const piece of removed) expect(piece).toBeLessThanOrEqual(STEP)
    expect(removed[0]).toBeGreaterThan(900)
    expect(removed[0]).toBeLessThan(1100)
    const left = [...(await idsIn('sessions', one.id)), ...(await idsIn('sessions', two.id))]
    expect(left.sort()).toEqual(live.sort())
    // What ends behind the walk is found when it has begun again.
    await env.DB.prepare('UPDATE sessions SET revoked_at = ? WHERE project_id IN (?, ?)')
      .bind(over, one.id, two.id)
      .run()
    for (let run = 0; run < 5; run++) await sweepLater()
    expect([...(await idsIn('sessions', one.id)), ...(await idsIn('sessions', two.id))]).toEqual([])
  }, 60_000)

  it('a table of exactly one step, and of none', async () => {
    const { id } = await aProject(testApp())
    await env.DB.prepare('DELETE FROM walks').run()
    const there = await countOf('sessions')
    const rows = Array.from({ length: STEP - there }, () => session(id, { revoked_at: now() - 8 * DAY }))
    await insert('sessions', rows)
    for (let run = 0; run < 3; run++) await sweepLater()
    expect(await idsIn('sessions', id)).toEqual([])
    await sweepLater()
    expect((await walks()).filter(({ name }) => name === 'sessions')).toEqual([])
  })

  it('goes on where a run died between its steps', async () => {
    const { id } = await aProject(testApp())
    await insert('sessions', [session(id, { revoked_at: now() - 8 * DAY })])
    await env.DB.prepare("INSERT OR REPLACE INTO walks (name, position) VALUES ('sessions', ?)")
      .bind(JSON.stringify(['proj_zzz', 'sess_zzz']))
      .run()
    await sweepLater()
    expect(await idsIn('sessions', id)).toHaveLength(1)
    await sweepLater()
    expect(await idsIn('sessions', id)).toEqual([])
  })
})

describe('at once', () => {
  it('two runs, and eight, remove what one would', async () => {
    const [one, two] = await twoProjects()
    if (!one || !two) throw new Error('no projects')
    const over = now() - 8 * DAY
    const live: string[] = []
    for (const { id } of [one, two]) {
      const [keeps, ends] = [session(id), session(id, { expires_at: over })]
      live.push(String(keeps.id))
      await insert('sessions', [keeps, ends])
      await insert('refresh_families', [
        family(id, String(keeps.id)),
        family(id, String(ends.id), { rotated_at: over * 1000 }),
      ])
      await insert('messages', [message(id, now()), message(id, now() - 31 * DAY)])
      await insert('identifiers', [identifier(id, null), identifier(id, over * 1000)])
    }
    await Promise.all([sweepLater(), sweepLater()])
    await Promise.all(Array.from({ length: 8 }, () => sweepLater()))
    for (const { id } of [one, two]) {
      expect(await idsIn('messages', id)).toHaveLength(1)
      expect((await idsIn('sessions', id)).every((sessionId) => live.includes(sessionId))).toBe(true)
      expect(await idsIn('sessions', id)).toHaveLength(1)
      expect(await idsIn('refresh_families', id)).toHaveLength(1)
      expect(await idsIn('identifiers', id, 'canonical')).toHaveLength(1)
    }
  })
})

describe('erases what messages were made of', () => {
  const MINUTE = 60_000
  const HOUR = 60 * MINUTE
  const STEPS_A_RUN = 12
  const idAt = (at: number) => `msg_${ksuid(at, new Uint8Array(16))}`
  const position = async (): Promise<string | null> => {
    const row = await env.DB.prepare("SELECT position ->> 0 AS id FROM walks WHERE name = 'inputs'").first<{
      id: string
    }>()
    return row?.id ?? null
  }
  /** As if cron had run then for the last time. */
  const walkAt = async (secondsAgo: number) => {
    await env.DB.prepare("INSERT OR REPLACE INTO walks VALUES ('inputs', json_array(?))")
      .bind(idAt(now() - 3600 - secondsAgo))
      .run()
  }
  /** As `updateMessage` leaves them to the walk. */
  const insertAccepted = async (rows: Row[]) => {
    await insert('messages', rows)
    await env.DB.prepare("UPDATE messages SET input = x'00' WHERE id IN (SELECT value FROM json_each(?))")
      .bind(JSON.stringify(rows.map(({ id }) => id)))
      .run()
  }
  const withInput = async (project: string): Promise<string[]> => {
    const { results } = await env.DB.prepare(
      'SELECT id FROM messages WHERE project_id = ? AND input IS NOT NULL ORDER BY id',
    )
      .bind(project)
      .all<{ id: string }>()
    return results.map(({ id }) => id)
  }
  const overdue = async (): Promise<number> => (await testApp().call('GET', '/healthz')).json.messages.overdue

  it('an hour after they were handed over, in every project, without an entry in the index of what is due', async () => {
    await sweepLater()
    for (const project of await twoProjects()) {
      const { message } = await project.sent()
      expect(await rowOf(message.id)).toMatchObject({ status: 'accepted', secrets: null, due_at: null })
      await sweepLater(59 * MINUTE)
      expect((await rowOf(message.id)).input).not.toBeNull()
      await sweepLater(61 * MINUTE)
      expect(await rowOf(message.id)).toMatchObject({ status: 'accepted', input: null, due_at: null, attempts: 1 })
      expect((await project.message(message.id)).timeline).toHaveLength(2)
      await sweepLater()
    }
  })

  it('of a sign-in on our pages, and of one that no provider took', async () => {
    await sweepLater()
    const app = oidcApp()
    const project = await aProject(app)
    const asks = async () => {
      const who = person(app)
      const asked = await who.submit(await who.open(`${project.issuer}/sign-in`), '/sign-in', { email: who.email })
      expect(asked.status, asked.text).toBe(303)
    }
    await asks()
    await project.patch({ allow_sign_up: false })
    await asks()
    const refused = await aProject(testApp({ ports: { sendMail: refuses } }))
    await refused.send()
    const rows = async () => {
      const { results } = await env.DB.prepare(
        'SELECT status, due_at, input IS NULL AS erased FROM messages WHERE project_id IN (?, ?) ORDER BY status',
      )
        .bind(project.id, refused.id)
        .all()
      return results
    }
    const left = ['accepted', 'failed', 'suppressed'].map((status) => ({ status, due_at: null }))
    expect(await rows()).toEqual(left.map((row) => ({ ...row, erased: 0 })))
    await sweepLater(61 * MINUTE)
    expect(await rows()).toEqual(left.map((row) => ({ ...row, erased: 1 })))
  })

  it('of a link that lives longer only when it has expired', async () => {
    await sweepLater()
    const project = await aProject(testApp())
    const { message } = await project.sent({ method: 'link', expires_in: 3601 })
    const { due_at, expires_at } = await rowOf(message.id)
    expect(due_at).toBe(Number(expires_at) * 1000)
    await sweepLater(61 * MINUTE)
    expect((await rowOf(message.id)).input).not.toBeNull()
    await deliverLater(61 * MINUTE)
    expect(await rowOf(message.id)).toMatchObject({ input: null, due_at: null })
  })

  it('not of what is still pending: that is due', async () => {
    await sweepLater()
    const project = await aProject(testApp({ ports: { sendMail: unreachable } }))
    const { message } = await project.sent({ method: 'link', expires_in: 3600 })
    await sweepLater(61 * MINUTE)
    const row = await rowOf(message.id)
    expect(row).toMatchObject({ status: 'pending', due_at: expect.any(Number) })
    expect([row.secrets, row.input]).not.toContain(null)
    await deliverLater(61 * MINUTE)
    expect(await rowOf(message.id)).toMatchObject({ status: 'failed', secrets: null, input: null, due_at: null })
  })

  it('of what was handed over when the walk had passed it', async () => {
    await sweepLater()
    const project = await aProject(testApp({ ports: { sendMail: unreachable } }))
    const { message } = await project.sent({ method: 'link', expires_in: 3600 })
    await sweepLater(61 * MINUTE)
    // By a clock that is a little behind.
    await deliverLater(59 * MINUTE)
    const { status, due_at, expires_at } = await rowOf(message.id)
    expect([status, due_at]).toEqual(['accepted', Number(expires_at) * 1000])
    await deliverLater(61 * MINUTE)
    expect(await rowOf(message.id)).toMatchObject({ status: 'accepted', input: null, due_at: null })
  })

  it('not of a resend, which another resend is made of', async () => {
    await walkAt(600)
    const project = await aProject(testApp())
    const sent = await project.sent()
    const first = idAt(now() - 3660)
    await env.DB.prepare('UPDATE messages SET id = ?, created_at = ? WHERE id = ?')
      .bind(first, now() - 3660, sent.message.id)
      .run()
    const second = await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
    await sweepLater()
    expect((await rowOf(first)).input).toBeNull()
    expect(await rowOf(second.message.id)).toMatchObject({ status: 'accepted', due_at: null, input: expect.anything() })
    const third = await project.ok('POST', '/v1/passwordless/resend', { id: sent.id })
    expect((await rowOf(third.message.id)).input).not.toBeNull()
  })

  it('writes nothing where nothing is left, and has nothing to say while it keeps up', async () => {
    await sweepLater()
    const at = await position()
    const project = await aProject(testApp())
    const sent = await project.sent()
    const { code } = signInOf(project.app.outbox[0])
    await project.ok('POST', '/v1/passwordless/verify', { id: sent.id, code })
    expect(await rowOf(sent.message.id)).toMatchObject({ input: null, due_at: null })
    await sweepLater(59 * MINUTE)
    expect(await position()).toBe(at)
    expect(await overdue()).toBe(0)
  })

  it('an hour of messages in a run at most, from the oldest that is left, over all projects', async () => {
    const [one, two] = await twoProjects()
    if (!one || !two) throw new Error('no projects')
    await env.DB.prepare('DELETE FROM messages').run()
    await walkAt(20 * DAY)
    const oldest = now() - 10 * DAY
    // Every minute for an hour and a half, and many in one second of the last day.
    const rows = ({ id }: TestProject) => Array.from({ length: 90 }, (_, minute) => message(id, oldest + minute * 60))
    const [ofOne, ofTwo] = [rows(one), rows(two)]
    const many = Array.from({ length: 3000 }, () => message(two.id, now() - DAY))
    await insertAccepted([...ofOne, ...ofTwo, ...many])
    expect(await overdue()).toBe(2)
    await sweepLater()
    const left = await withInput(one.id)
    // Each step begins at a message, and takes those of five minutes.
    expect(left).toEqual(ofOne.slice(STEPS_A_RUN * 5).map(({ id }) => id))
    expect(await withInput(two.id)).toHaveLength(left.length + many.length)
    await sweepLater()
    expect([...(await withInput(one.id)), ...(await withInput(two.id))]).toEqual([])
    expect(await idsIn('messages', two.id)).toHaveLength(90 + 3000)
    expect(await overdue()).toBe(0)
  })

  it('nothing, and moves nowhere, when the transaction fails; all of it the next time', async () => {
    const { id } = await aProject(testApp())
    await walkAt(600)
    const [before, old] = [await position(), message(id, now() - 3900)]
    await insertAccepted([old])
    // The walk's step cannot be kept.
    const DB = new Proxy(env.DB, {
      get(target, name) {
        if (name === 'prepare') {
          return (sql: string) =>
            target.prepare(
              sql.startsWith('INSERT INTO walks') ? 'INSERT INTO walks (name) SELECT iif(?1 = ?2, NULL, NULL)' : sql,
            )
        }
        const member = Reflect.get(target, name)
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
    await expect(sweepLater(0, { DB })).rejects.toThrow()
    expect([await position(), await withInput(id)]).toEqual([before, [old.id]])
    await sweepLater()
    expect(await withInput(id)).toEqual([])
  })

  it('two runs at once, and eight: all of it, and a run that comes late does not move the walk past what it never saw', async () => {
    const { id } = await aProject(testApp())
    await walkAt(600)
    await insertAccepted([message(id, now() - 4000), message(id, now() - 3700), message(id, now() - 3000)])
    await Promise.all(Array.from({ length: 8 }, () => sweepLater()))
    expect(await withInput(id)).toHaveLength(1)
    const at = await position()
    for (const from of [idAt(now() - 7200), null]) await batch(env.DB, [moveInputsWalk(env.DB, from, idAt(now()))])
    expect(await position()).toBe(at)
  })

  it('loses nothing when a clock goes ahead and comes back', async () => {
    const project = await aProject(testApp())
    await project.sent()
    await sweepLater(100 * DAY * 1000)
    const { message } = await project.sent()
    const { due_at, expires_at } = await rowOf(message.id)
    expect(due_at).toBe(Number(expires_at) * 1000)
    await sweepLater()
    const later = await project.sent()
    expect((await rowOf(later.message.id)).due_at).toBeNull()
    await deliverLater(HOUR)
    await sweepLater(61 * MINUTE)
    for (const { id } of [message, later.message]) expect(await rowOf(id)).toMatchObject({ input: null, due_at: null })
  })

  it('the first time nothing: of what was handed over before, each is due', async () => {
    await env.DB.prepare("DELETE FROM walks WHERE name = 'inputs'").run()
    const project = await aProject(testApp())
    const sent = await project.sent()
    expect((await rowOf(sent.message.id)).due_at).not.toBeNull()
    await insertAccepted([message(project.id, now() - 2 * DAY, { due_at: Date.now() + MINUTE })])
    await sweepLater()
    expect(await position()).toBe(idAt(now() - 3600))
    await deliverLater(16 * MINUTE)
    expect(await withInput(project.id)).toEqual([])
  })
})
