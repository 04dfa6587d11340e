/** /v1/clients */

import { type Context, Hono } from 'hono'
import type * as z from 'zod'
import {
  type Client,
  type ClientWishes,
  changeClient,
  createClient,
  findClient,
  listClients,
  removeClient,
} from '../../domain/clients/client.ts'
import type { Failure } from '../../domain/failures.ts'
import type { AppEnv } from '../context.ts'
import { jsonBody } from '../middleware/json-body.ts'
import { requireScope } from '../middleware/require-scope.ts'
import { problem, toProblem } from '../problem.ts'
import { type clientAnswer, createClientBody, patchClientBody } from './client-schemas.ts'
import { answerList } from './list.ts'
import { pageQuery } from './schemas.ts'
import { jsonOf, queryOf } from './validate.ts'

const NO_STORE = { 'cache-control': 'no-store' }

export function clientsApi() {
  const app = new Hono<AppEnv>()

  app.get('/', requireScope('settings:read'), queryOf(pageQuery), (c) => {
    const { deps, caller } = c.var
    const load = (count: number, before: string | null) => listClients(deps, caller.project, count, before)
    return answerList(c, `clients:${caller.project.id}`, c.req.valid('query'), load, toClientWire)
  })

  app.post('/', requireScope('settings:write'), ...jsonBody(), jsonOf(createClientBody), async (c) => {
    const { name, client_id = null, client_secret = null, ...settings } = c.req.valid('json')
    const input = { name, clientId: client_id, secret: client_secret, ...fromWire(settings) }
    const created = await createClient(c.var.deps, c.var.caller, input)
    return created.ok ? c.json(withSecret(created.value), 201, NO_STORE) : refuse(c, created.error)
  })

  app.get('/:id', requireScope('settings:read'), async (c) => {
    const found = await findClient(c.var.deps, c.var.caller.project, c.req.param('id'))
    return found.ok ? c.json(toClientWire(found.value), 200, NO_STORE) : toProblem(c, found.error)
  })

  app.patch('/:id', requireScope('settings:write'), ...jsonBody(), jsonOf(patchClientBody), async (c) => {
    const { name, rotate_secret, ...settings } = c.req.valid('json')
    const patch = { name, rotateSecret: rotate_secret, ...fromWire(settings) }
    const changed = await changeClient(c.var.deps, c.var.caller, c.req.param('id'), patch)
    return changed.ok ? c.json(withSecret(changed.value), 200, NO_STORE) : refuse(c, changed.error)
  })

  app.delete('/:id', requireScope('settings:write'), async (c) => {
    const removed = await removeClient(c.var.deps, c.var.caller, c.req.param('id'))
    return removed.ok ? c.body(null, 204) : toProblem(c, removed.error)
  })

  return app
}

/** RFC 7591 §2 gives the names on the wire. */
const fromWire = (settings: Omit<z.infer<typeof patchClientBody>, 'name' | 'rotate_secret'>): ClientWishes => ({
  redirectUris: settings.redirect_uris,
  postLogoutRedirectUris: settings.post_logout_redirect_uris,
  grantTypes: settings.grant_types,
  scopes: settings.scopes,
  authMethod: settings.token_endpoint_auth_method,
  requirePkce: settings.require_pkce,
  idTokenAlg: settings.id_token_signed_response_alg,
  accessTtl: settings.access_ttl,
})

const toClientWire = (client: Client): z.infer<typeof clientAnswer> => ({
  id: client.id,
  client_id: client.clientId,
  name: client.name,
  redirect_uris: client.redirectUris,
  post_logout_redirect_uris: client.postLogoutRedirectUris,
  grant_types: client.grantTypes,
  scopes: client.scopes,
  token_endpoint_auth_method: client.authMethod,
  require_pkce: client.requirePkce,
  id_token_signed_response_alg: client.idTokenAlg,
  access_ttl: client.accessTtl,
})

const withSecret = ({ client, secret }: { client: Client; secret: string | null }) => ({
  ...toClientWire(client),
  ...(secret === null ? {} : { client_secret: secret }),
})

function refuse(c: Context<AppEnv>, failure: Failure): Response {
  if (failure.reason !== 'identifier_taken') return toProblem(c, failure)
  const errors = [{ path: failure.path, message: 'belongs to another client of this project' }]
  return problem(c, 'identifier_taken', `Another client of this project has this ${failure.path}.`, { errors })
}
