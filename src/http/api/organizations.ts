/** /v1/organizations */

import { Hono } from 'hono'
import {
  changeOrganization,
  createOrganization,
  getOrganization,
  listMembers,
  listOrganizations,
  type OrganizationInput,
  removeMember,
  removeOrganization,
  setMember,
} from '../../domain/organizations/organization.ts'
import type { AppEnv } from '../context.ts'
import { jsonBody } from '../middleware/json-body.ts'
import { requireScope } from '../middleware/require-scope.ts'
import { toProblem } from '../problem.ts'
import { answerList } from './list.ts'
import { listName } from './messages.ts'
import {
  createOrganizationBody,
  memberBody,
  memberRolesBody,
  organizationsQuery,
  pageQuery,
  updateOrganizationBody,
} from './schemas.ts'
import { jsonOf, queryOf } from './validate.ts'
import { toMemberWire, toOrganizationWire } from './wire.ts'

const NO_STORE = { 'cache-control': 'no-store' }

export function organizationsApi() {
  const app = new Hono<AppEnv>()

  app.get('/', requireScope('users:read'), queryOf(organizationsQuery), (c) => {
    const { deps, caller } = c.var
    const { limit, cursor, ...filter } = c.req.valid('query')
    const load = (count: number, before: string | null) =>
      listOrganizations(deps, caller.project, filter.external_id ?? null, count, before)
    return answerList(
      c,
      listName('organizations', caller.project.id, filter),
      { limit, cursor },
      load,
      toOrganizationWire,
    )
  })

  app.post('/', requireScope('users:write'), ...jsonBody(), jsonOf(createOrganizationBody), async (c) => {
    const { name, ...rest } = c.req.valid('json')
    const created = await createOrganization(c.var.deps, c.var.caller, { name, ...toInput(rest) })
    return created.ok ? c.json(toOrganizationWire(created.value), 201, NO_STORE) : toProblem(c, created.error)
  })

  app.get('/:id', requireScope('users:read'), async (c) => {
    const found = await getOrganization(c.var.deps, c.var.caller.project, c.req.param('id'))
    return found.ok ? c.json(toOrganizationWire(found.value), 200, NO_STORE) : toProblem(c, found.error)
  })

  app.patch('/:id', requireScope('users:write'), ...jsonBody(), jsonOf(updateOrganizationBody), async (c) => {
    const changed = await changeOrganization(c.var.deps, c.var.caller, c.req.param('id'), toInput(c.req.valid('json')))
    return changed.ok ? c.json(toOrganizationWire(changed.value), 200, NO_STORE) : toProblem(c, changed.error)
  })

  app.delete('/:id', requireScope('users:write'), async (c) => {
    const removed = await removeOrganization(c.var.deps, c.var.caller, c.req.param('id'))
    return removed.ok ? c.body(null, 204) : toProblem(c, removed.error)
  })

  app.get('/:id/members', requireScope('users:read'), queryOf(pageQuery), async (c) => {
    const { deps, caller } = c.var
    const id = c.req.param('id')
    const found = await getOrganization(deps, caller.project, id)
    if (!found.ok) return toProblem(c, found.error)
    const load = async (count: number, before: string | null) =>
      (await listMembers(deps, caller.project, id, count, before)).map((member) => ({ ...member, id: member.userId }))
    return answerList(c, `members:${caller.project.id}:${id}`, c.req.valid('query'), load, toMemberWire)
  })

  app.post('/:id/members', requireScope('users:write'), ...jsonBody(), jsonOf(memberBody), async (c) => {
    const { user_id, roles } = c.req.valid('json')
    const member = await setMember(c.var.deps, c.var.caller, c.req.param('id'), { userId: user_id, roles })
    return member.ok ? c.json(toMemberWire(member.value), 201, NO_STORE) : toProblem(c, member.error)
  })

  app.put('/:id/members/:user_id', requireScope('users:write'), ...jsonBody(), jsonOf(memberRolesBody), async (c) => {
    const { id, user_id } = c.req.param()
    const member = await setMember(c.var.deps, c.var.caller, id, { userId: user_id, ...c.req.valid('json') })
    return member.ok ? c.json(toMemberWire(member.value), 200, NO_STORE) : toProblem(c, member.error)
  })

  app.delete('/:id/members/:user_id', requireScope('users:write'), async (c) => {
    const { id, user_id } = c.req.param()
    const removed = await removeMember(c.var.deps, c.var.caller, id, user_id)
    return removed.ok ? c.body(null, 204) : toProblem(c, removed.error)
  })

  return app
}

type Body = {
  name?: string | undefined
  external_id?: string | null | undefined
  metadata?: OrganizationInput['metadata'] | undefined
}
const toInput = ({ name, external_id, metadata }: Body): OrganizationInput => ({
  ...(name === undefined ? {} : { name }),
  ...(external_id === undefined ? {} : { externalId: external_id }),
  ...(metadata === undefined ? {} : { metadata }),
})
