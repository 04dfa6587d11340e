/** Many at once: one winner, counted tries, exact limits (promises 1, 2 and 5; security.md B2, B3, B8). */

import { describe, expect, it, vi } from 'vitest'
import {
  type Answer,
  anAddress,
  browser,
  codeIn,
  env,
  formAction,
  hiddenFields,
  ROOT_KEY,
  type TestApp,
  testApp,
} from '../support/app.ts'

vi.setConfig({ testTimeout: 60_000 })

const CALLBACK = 'http://localhost:3000/callback'
const MANY = 64

async function send(app: TestApp, body: Record<string, unknown> = {}) {
  const email = String(body.email ?? anAddress())
  const sent = await app.call('POST', '/v1/passwordless/send', {
    method: 'link_and_code',
    redirect_uri: CALLBACK,
    ...body,
    email,
  })
  expect(sent.status, sent.text).toBe(201)
  const content = app.outbox.findLast(({ to }) => to === email)?.content
  if (content?.kind !== 'sign_in') throw new Error('no mail')
  const link = content.link ?? ''
  const [token = ''] = new URL(link || 'http://none').searchParams.values()
  return { id: String(sent.json.id), userId: String(sent.json.user_id), link, token, code: content.code ?? '' }
}

const verify = (app: TestApp, body: Record<string, unknown>, key?: string): Promise<Answer> =>
  app.call('POST', '/v1/passwordless/verify', body, key === undefined ? {} : { headers: { 'idempotency-key': key } })

const times = <T>(count: number, run: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => run(index)))

const refresh = (app: TestApp, token: string): Promise<Answer> =>
  app.form('/oauth/token', { grant_type: 'refresh_token', refresh_token: token }, { 'x-api-key': ROOT_KEY })

async function grantOf(app: TestApp): Promise<string> {
  const { link } = await send(app)
  const person = browser(app)
  return codeIn((await person.press(await person.open(link))).headers.get('location'))
}

async function sessionsOf(userId: string): Promise<string[]> {
  const { results } = await env.DB.prepare('SELECT id FROM sessions WHERE user_id = ?')
    .bind(userId)
    .all<{ id: string }>()
  return results.map(({ id }) => id)
}

/** How many answers there are of each kind. */
function tally(answers: Answer[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { status, json } of answers) {
    const kind = json.code === undefined ? `${status}` : `${status} ${json.code}`
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return counts
}

const distinct = (values: unknown[]): number => new Set(values).size

/** A code that is none of these. */
const wrongCode = (index: number, ...right: string[]): string => {
  const code = String(index % 1_000_000).padStart(6, '0')
  return right.includes(code) ? wrongCode(index + 500_000, ...right) : code
}

describe('one link, 64 redeemers at once', () => {
  it('has one winner where everybody has a key of their own', async () => {
    const app = testApp()
    for (const keyed of [true, false]) {
      const { token, userId } = await send(app)
      const answers = await times(MANY, (index) => verify(app, { token }, keyed ? `key-${index}` : undefined))
      expect(tally(answers)).toEqual({ '200': 1, '409 already_used': MANY - 1 })
      expect(await sessionsOf(userId)).toEqual([answers.find(({ status }) => status === 200)?.json.session_id])
    }
  })

  it('gives one session and one refresh token to everybody with the same key', async () => {
    const app = testApp()
    const { token, userId } = await send(app)
    const answers = await times(MANY, () => verify(app, { token }, 'the-one-key'))
    expect(tally(answers)).toEqual({ '200': MANY })
    expect(distinct(answers.map(({ json }) => json.session_id))).toBe(1)
    expect(distinct(answers.map(({ json }) => json.refresh_token))).toBe(1)
    expect(await sessionsOf(userId)).toHaveLength(1)
    const families = await env.DB.prepare('SELECT id FROM refresh_families WHERE session_id = ?')
      .bind(answers[0]?.json.session_id)
      .all()
    expect(families.results).toHaveLength(1)
    const started = await env.DB.prepare("SELECT id FROM events WHERE type = 'session.started' AND data LIKE ?")
      .bind(`%${answers[0]?.json.session_id}%`)
      .all()
    expect(started.results).toHaveLength(1)
  })

  it('is the same when half of them share a key: all of one side, none of the other', async () => {
    const app = testApp()
    const { token, userId } = await send(app)
    const answers = await times(MANY, (index) => verify(app, { token }, index % 2 === 0 ? 'even' : 'odd'))
    expect(tally(answers)).toEqual({ '200': MANY / 2, '409 already_used': MANY / 2 })
    expect(distinct(answers.map(({ status }, index) => `${status} ${index % 2}`))).toBe(2)
    expect(await sessionsOf(userId)).toHaveLength(1)
  })

  it('with link and code raced', async () => {
    const app = testApp()
    for (let round = 0; round < 5; round++) {
      const { id, token, code, userId } = await send(app)
      const answers = await times(MANY, (index) =>
        verify(app, index % 2 === 0 ? { token } : { id, code }, `key-${index}`),
      )
      expect(tally(answers)).toEqual({ '200': 1, '409 already_used': MANY - 1 })
      expect(await sessionsOf(userId)).toHaveLength(1)
    }
  })

  it('with presses, codes and direct verifies raced', async () => {
    const app = testApp()
    const { id, token, code, link, userId } = await send(app)
    const person = browser(app)
    const page = await person.open(link)
    const answers = await times(MANY, (index) => {
      if (index % 3 === 0) return person.press(page)
      return verify(app, index % 3 === 1 ? { token } : { id, code }, `key-${index}`)
    })
    const presses = answers.filter((_, index) => index % 3 === 0)
    const calls = answers.filter((_, index) => index % 3 !== 0)
    const pressWon = presses.every(({ status }) => status === 303)
    expect(tally(presses)).toEqual({ [pressWon ? '303' : '409']: presses.length })
    expect(calls.filter(({ status }) => status === 200)).toHaveLength(pressWon ? 0 : 1)
    expect(await sessionsOf(userId)).toHaveLength(pressWon ? 0 : 1)
  })
})

describe('one button, 64 presses at once', () => {
  it('from one browser: every press its own grant, all of one session', async () => {
    const app = testApp()
    const { link, userId } = await send(app)
    const person = browser(app)
    const page = await person.open(link)
    const presses = await times(MANY, () => person.press(page))
    expect(tally(presses)).toEqual({ '303': MANY })
    const grants = presses.map(({ headers }) => codeIn(headers.get('location')))
    expect(distinct(grants)).toBe(MANY)

    const exchanges = await times(MANY, (index) => verify(app, { token: grants[index] }))
    // The browser follows its last answer; at most five wait at once (design §4).
    expect(tally(exchanges)).toEqual({ '200': 5, '400 unknown_token': MANY - 5 })
    const sessions = exchanges.filter(({ status }) => status === 200).map(({ json }) => json.session_id)
    expect(distinct(sessions)).toBe(1)
    expect(await sessionsOf(userId)).toEqual([sessions[0]])

    const again = await times(MANY, (index) => verify(app, { token: grants[index] }))
    expect(tally(again)).toEqual({ '400 unknown_token': MANY - 5, '409 already_used': 5 })
  })

  it('one grant exchanged 64 times at once: one answer', async () => {
    const app = testApp()
    const grant = await grantOf(app)
    const exchanges = await times(MANY, (index) => verify(app, { token: grant }, `key-${index}`))
    expect(tally(exchanges)).toEqual({ '200': 1, '409 already_used': MANY - 1 })
  })

  it('a grant that comes twice ends what it issued (RFC 6749 §4.1.2), and nothing else', async () => {
    const app = testApp()
    const { link } = await send(app)
    const person = browser(app)
    const page = await person.open(link)
    const [twice, once] = await times(2, async () => codeIn((await person.press(page)).headers.get('location')))
    const [issued, other] = [(await verify(app, { token: twice })).json, (await verify(app, { token: once })).json]
    expect((await verify(app, { token: twice })).json.code).toBe('already_used')
    expect((await refresh(app, issued.refresh_token)).json.error).toBe('invalid_grant')
    expect((await refresh(app, other.refresh_token)).status).toBe(200)
  })

  it('and so when the second comes before the first has written its tokens', async () => {
    let batches = 0
    let release = () => {}
    const secondIsThrough = new Promise<void>((resolve) => {
      release = resolve
    })
    const DB = new Proxy(env.DB, {
      get(target, name) {
        if (name !== 'batch') return Reflect.get(target, name).bind(target)
        return async (statements: D1PreparedStatement[]) => {
          if (batches++ === 0) await secondIsThrough
          return target.batch(statements)
        }
      },
    })
    const grant = await grantOf(testApp())
    const app = testApp({ bindings: { DB } })
    await app.call('GET', '/v1/project')
    const first = verify(app, { token: grant })
    while (batches === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    const second = await verify(app, { token: grant })
    release()
    expect(second.json.code).toBe('already_used')
    const { status, json } = await first
    const refreshed = status === 200 ? (await refresh(app, json.refresh_token)).status : status
    expect(refreshed).toBeGreaterThanOrEqual(400)
  })

  it('from 64 browsers: one goes on, the others read that it was used', async () => {
    const app = testApp()
    const { link } = await send(app)
    const people = await times(MANY, async () => {
      const person = browser(app)
      return { person, page: await person.open(link) }
    })
    const presses = await times(MANY, (index) => {
      const { person, page } = people[index] ?? { person: browser(app), page: undefined }
      if (!page) throw new Error('no page')
      return person.press(page)
    })
    expect(tally(presses)).toEqual({ '303': 1, '409': MANY - 1 })
    expect(presses.filter(({ text }) => text.includes('Already used'))).toHaveLength(MANY - 1)
  })

  it('without cookies, 64 presses of one form are one redemption', async () => {
    const app = testApp()
    const { link } = await send(app)
    const page = await app.request(link, { headers: { accept: 'text/html' } })
    const presses = await times(MANY, () =>
      app.form(formAction(page.text), hiddenFields(page.text), { accept: 'text/html' }),
    )
    expect(tally(presses)).toEqual({ '303': MANY })
  })
})

describe('guessing', () => {
  it('1,000 wrong codes at once: at most 5 are looked at, and the link still works', async () => {
    const app = testApp()
    const { id, code, token, userId } = await send(app)
    const answers = await times(1000, (index) => verify(app, { id, code: wrongCode(index, code) }))
    const counts = tally(answers)
    expect(counts['400 wrong_code']).toBeLessThanOrEqual(5)
    expect((counts['400 wrong_code'] ?? 0) + (counts['423 locked'] ?? 0)).toBe(1000)
    expect((await verify(app, { id, code })).json.code).toBe('locked')
    expect(await sessionsOf(userId)).toHaveLength(0)
    expect((await verify(app, { token })).status).toBe(200)
  })

  it('the right code among 64 wrong ones: found or locked, never more than 5 tries', async () => {
    const app = testApp()
    for (let round = 0; round < 10; round++) {
      const { id, code, userId } = await send(app)
      const at = round * 6
      const answers = await times(MANY, (index) =>
        verify(app, { id, code: index === at ? code : wrongCode(index, code) }),
      )
      const counts = tally(answers)
      expect(counts['400 wrong_code'] ?? 0).toBeLessThanOrEqual(5)
      expect(await sessionsOf(userId)).toHaveLength(counts['200'] ?? 0)
    }
  })

  it('200 rounds of send and guess at one address: at most 50 are looked at, and the last link works', async () => {
    const app = testApp()
    const email = anAddress()
    let evaluated = 0
    let last = await send(app, { email })
    for (let round = 1; round <= 200; round++) {
      if (round > 1) last = await send(app, { email })
      const guesses = await times(1 + (round % 5), (index) =>
        verify(app, { id: last.id, code: wrongCode(round * 7 + index, last.code) }),
      )
      evaluated += tally(guesses)['400 wrong_code'] ?? 0
    }
    expect(evaluated).toBeLessThanOrEqual(50)
    // A new mail to a spent address holds no code any more, and its link works as ever.
    expect(last.code).toBe('')
    expect((await verify(app, { token: last.token })).status).toBe(200)
  })

  it('a sign-in starts the count again', async () => {
    const app = testApp()
    const email = anAddress()
    for (let round = 0; round < 10; round++) {
      const { id, code } = await send(app, { email })
      await times(5, (index) => verify(app, { id, code: wrongCode(index, code) }))
    }
    const spent = await send(app, { email })
    expect(spent.code).toBe('')
    expect((await verify(app, { token: spent.token })).status).toBe(200)
    const fresh = await send(app, { email })
    expect((await verify(app, { id: fresh.id, code: fresh.code })).status).toBe(200)
  })

  it("another challenge's code never works", async () => {
    const app = testApp()
    const email = anAddress()
    const [first, second, other] = [await send(app, { email }), await send(app, { email }), await send(app)]
    for (const { id, code } of [
      { id: first.id, code: second.code },
      { id: second.id, code: first.code },
      { id: first.id, code: other.code },
      { id: other.id, code: first.code },
    ]) {
      expect((await verify(app, { id, code })).json.code).toBe('wrong_code')
    }
    expect(await sessionsOf(first.userId)).toHaveLength(0)
    expect((await verify(app, { id: first.id, code: first.code })).status).toBe(200)
    expect((await verify(app, { id: second.id, code: second.code })).status).toBe(200)
    expect((await verify(app, { id: other.id, code: other.code })).status).toBe(200)
  })
})

describe('sending', () => {
  it('256 sends at once with a limit of 7: exactly 7 are accepted', async () => {
    const app = testApp()
    const limit = 7
    const { send_limits } = (await app.call('GET', '/v1/project')).json
    const patched = await app.call('PATCH', '/v1/project', { send_limits: { per_minute: limit } })
    expect(patched.status, patched.text).toBe(200)
    const email = anAddress()
    const [name = '', domain = ''] = email.split('@')
    // Spellings of one mailbox share the budget (security.md E4).
    const spellings = [email, email.toUpperCase(), `${name}+a@${domain}`, `${name}+b@${domain}`]
    const answers = await times(256, (index) =>
      app.call('POST', '/v1/passwordless/send', { email: spellings[index % spellings.length], method: 'link' }),
    )
    await app.call('PATCH', '/v1/project', { send_limits })
    expect(tally(answers)).toEqual({ '201': limit, '429 too_many_sends': 256 - limit })
    expect(app.outbox).toHaveLength(limit)
    const refused = answers.find(({ status }) => status === 429)
    expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  it('64 sends at once with one Idempotency-Key: one challenge, one mail', async () => {
    const app = testApp()
    const email = anAddress()
    const answers = await times(MANY, () =>
      app.call('POST', '/v1/passwordless/send', { email }, { headers: { 'idempotency-key': 'once' } }),
    )
    expect(tally(answers)).toEqual({ '201': MANY })
    expect(distinct(answers.map(({ json }) => json.id))).toBe(1)
    expect(app.outbox).toHaveLength(1)
  })

  it('64 first sends to one address at once: one user', async () => {
    const app = testApp()
    const email = anAddress()
    const answers = await times(MANY, (index) =>
      app.call('POST', '/v1/passwordless/send', { email: index % 2 === 0 ? email : email.toUpperCase() }),
    )
    expect(tally(answers)).toEqual({ '201': MANY })
    expect(distinct(answers.map(({ json }) => json.user_id))).toBe(1)
    expect(answers.filter(({ json }) => json.user_created)).toHaveLength(1)
  })
})
