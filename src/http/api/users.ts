/** /v1/users, and the same without /v1. */

import { Hono } from 'hono'
import type * as z from 'zod'
import { send } from '../../domain/challenges/send.ts'
import { endSessionsOfUser, listSessions } from '../../domain/sessions/revoke.ts'
import { changeUser, createUser, getUser, listUsers, removeUser, type UserInput } from '../../domain/users/manage.ts'
import type { UserFilter } from '../../domain/users/queries.ts'
import type { AppEnv } from '../context.ts'
import { idempotencyOf } from '../idempotency.ts'
import { jsonBody } from '../middleware/json-body.ts'
import { requireScope } from '../middleware/require-scope.ts'
import { toProblem } from '../problem.ts'
import { answerList } from './list.ts'
import { createUserBody, loginUrlBody, pageQuery, updateUserBody, userStatusBody, usersQuery } from './schemas.ts'
import { ignoringUnknown, jsonOf, queryOf } from './validate.ts'
import { toSessionWire, toUserWire } from './wire.ts'

const NO_STORE = { 'cache-control': 'no-store' }

export function usersApi({ defaultType, isDialect = false }: { defaultType: string; isDialect?: boolean }) {
  const app = new Hono<AppEnv>()
  const known = <S extends z.ZodObject>(schema: S) => (isDialect ? ignoringUnknown(schema) : schema) as S

  app.get('/', requireScope('users:read'), queryOf(known(usersQuery)), (c) => {
    const { deps, caller } = c.var
    const { limit, cursor, email, phone, ...rest } = c.req.valid('query')
    const filter: UserFilter = { ...rest, email: email?.canonical, phone }
    const list = `users:${caller.project.id}:${JSON.stringify(filter)}`
    return answerList(
      c,
      list,
      { limit, cursor },
      (count, before) => listUsers(deps, caller.project, filter, count, before),
      toUserWire,
    )
  })

  app.post('/', requireScope('users:write'), ...jsonBody(), jsonOf(known(createUserBody)), async (c) => {
    const { deps, caller } = c.var
    const created = await createUser(deps, caller.project, { type: defaultType, ...toInput(c.req.valid('json')) })
    return created.ok ? c.json(toUserWire(created.value), 201, NO_STORE) : toProblem(c, created.error)
  })

  app.get('/:id', requireScope('users:read'), async (c) => {
    const user = await getUser(c.var.deps, c.var.caller.project, c.req.param('id'))
    return user.ok ? c.json(toUserWire(user.value), 200, NO_STORE) : toProblem(c, user.error)
  })

  app.put('/:id', requireScope('users:write'), ...jsonBody(), jsonOf(known(updateUserBody)), async (c) => {
    const changed = await changeUser(c.var.deps, c.var.caller.project, c.req.param('id'), toInput(c.req.valid('json')))
    return changed.ok ? c.json(toUserWire(changed.value), 200, NO_STORE) : toProblem(c, changed.error)
  })

  app.delete('/:id', requireScope('users:write'), async (c) => {
    const removed = await removeUser(c.var.deps, c.var.caller.project, c.req.param('id'))
    return removed.ok ? c.body(null, 204) : toProblem(c, removed.error)
  })

  app.put('/:id/status', requireScope('users:write'), ...jsonBody(), jsonOf(known(userStatusBody)), async (c) => {
    const changed = await changeUser(c.var.deps, c.var.caller.project, c.req.param('id'), c.req.valid('json'))
    if (!changed.ok) return toProblem(c, changed.error)
    const message = `The user's status is now ${changed.value.status}.`
    return c.json({ ...toUserWire(changed.value), message }, 200, NO_STORE)
  })

  app.post(
    '/:id/login_url',
    requireScope('passwordless:reveal'),
    ...jsonBody(),
    jsonOf(known(loginUrlBody)),
    async (c) => {
      const { deps, caller } = c.var
      const body = c.req.valid('json')
      const sent = await send(deps, caller.project, {
        recipient: { userId: c.req.param('id') },
        channel: 'none',
        purpose: 'login_url',
        method: 'link',
        createUser: false,
        redirectUri: body.redirect_uri ?? null,
        link: 'landing',
        linkParam: 'token',
        state: body.state ?? null,
        locale: null,
        custom: null,
        metadata: {},
        createdBy: null,
        expiresIn: body.expires_in ?? null,
        client: null,
        match: [],
        codeChallenge: null,
        hosted: null,
        tellsUser: true,
        idempotency: await idempotencyOf(c, body),
      })
      if (!sent.ok) return toProblem(c, sent.error)
      const { link, expiresAt, challengeId } = sent.value
      return c.json({ login_url: link, expires_at: expiresAt, challenge_id: challengeId }, 200, NO_STORE)
    },
  )

  app.get('/:id/sessions', requireScope('sessions:read'), queryOf(known(pageQuery)), async (c) => {
    const { deps, caller } = c.var
    const user = await getUser(deps, caller.project, c.req.param('id'))
    if (!user.ok) return toProblem(c, user.error)
    const { id } = user.value
    const load = (count: number, before: string | null) => listSessions(deps, caller.project, id, count, before)
    return answerList(c, `sessions:${caller.project.id}:${id}`, c.req.valid('query'), load, toSessionWire)
  })

  app.delete('/:id/sessions', requireScope('sessions:write'), async (c) => {
    const { deps, caller } = c.var
    const user = await getUser(deps, caller.project, c.req.param('id'))
    if (!user.ok) return toProblem(c, user.error)
    await endSessionsOfUser(deps, caller.project, user.value.id)
    return c.body(null, 204)
  })

  return app
}

function toInput(body: z.output<typeof updateUserBody>): UserInput {
  const { first_name, last_name, business_id, external_id, ...same } = body
  const renamed = { firstName: first_name, lastName: last_name, businessId: business_id, externalId: external_id }
  const given = Object.entries({ ...same, ...renamed }).filter(([, value]) => value !== undefined)
  return Object.fromEntries(given) as UserInput
}
