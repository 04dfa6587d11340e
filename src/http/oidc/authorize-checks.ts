/** What an authorization request must be, as a list of named checks (OpenID Connect Core §3.1.2.2, RFC 6749 §4.1.1, RFC 9700). */

import { type Client, getClient, getClientAnew, mayRedirectClientTo } from '../../domain/clients/client.ts'
import type { Project } from '../../domain/projects/project.ts'
import { CLAIM_NAMES } from '../../domain/sessions/tokens.ts'
import type { AuthorizationRequest } from '../../domain/sign-in/authorization-request.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { chooseLocaleOf } from '../../locales/choose.ts'
import type { Deps } from '../../ports.ts'
import type { Parameters } from './form.ts'

/** Nobody may be redirected: the client or its redirect_uri is not to be trusted (RFC 6749 §4.1.2.1). */
export type Refused = { detail: string }
/** Told to the application. */
export type Denied = { error: AuthorizeError; description: string }
export type AuthorizeError =
  | 'invalid_request'
  | 'unauthorized_client'
  | 'unsupported_response_type'
  | 'invalid_target'
  | 'request_not_supported'
  | 'request_uri_not_supported'
  | 'login_required'
  | 'temporarily_unavailable'

export type Checked = {
  client: Client
  request: AuthorizationRequest
  prompt: Set<string>
  /** Seconds; null: whichever session there is will do. */
  maxAge: number | null
  idTokenHint: string | null
}

const PROMPTS = ['none', 'login', 'consent', 'select_account']
const SCOPES = ['openid', 'profile', 'email', 'phone', 'offline_access']
const MAX_STATE = 2000
/** What is kept of a request has to fit into the ledger's record (4 KiB) beside everything else. */
const MAX_KEPT = 2800

/** Before this nothing is redirected anywhere. */
export async function checkClient(
  deps: Deps,
  project: Project,
  parameters: Parameters,
): Promise<Result<{ client: Client; redirectUri: string }, Refused>> {
  const clientId = parameters.get('client_id')
  const client = clientId ? await getClient(deps, project, clientId) : null
  if (!client) return err({ detail: 'client_id is missing or unknown.' })
  const redirectUri = parameters.get('redirect_uri')
  if (!redirectUri) return err({ detail: 'redirect_uri is missing.' })
  // A refusal that rests on the cache asks once more: the URI may have been registered a moment ago.
  const isRegistered = mayRedirectClientTo(client, redirectUri)
  const fresh = isRegistered ? client : await getClientAnew(deps, project, client.clientId)
  if (!fresh || !mayRedirectClientTo(fresh, redirectUri)) {
    return err({ detail: "redirect_uri is not one of the client's redirect_uris, character by character." })
  }
  return ok({ client: fresh, redirectUri })
}

export function checkRequest(
  project: Project,
  client: Client,
  redirectUri: string,
  parameters: Parameters,
): Result<Checked, Denied> {
  const checks = [checkShape, checkResponse, checkPkce, checkPrompt, checkMaxAge, checkResource, checkClaims]
  for (const check of checks) {
    const denied = check(parameters, client, project)
    if (denied) return err(denied)
  }
  const claims = readClaims(parameters.get('claims'))
  const prompt = promptOf(parameters)
  const maxAge = parameters.get('max_age')
  const scope = (parameters.get('scope') ?? '').split(' ').filter((name) => SCOPES.includes(name))
  return ok({
    client,
    prompt,
    maxAge: maxAge === undefined ? null : Number(maxAge),
    idTokenHint: parameters.get('id_token_hint') ?? null,
    request: {
      clientId: client.id,
      application: client.name,
      redirectUri,
      state: parameters.get('state') ?? null,
      nonce: parameters.get('nonce') ?? null,
      scope: [...new Set(scope)].join(' '),
      codeChallenge: parameters.get('code_challenge') ?? null,
      resource: parameters.get('resource') ?? null,
      accessClaims: claims?.access ?? [],
      idClaims: claims?.id ?? [],
      loginHint: parameters.get('login_hint')?.slice(0, 254) ?? null,
      locale: chooseLocaleOf([parameters.get('ui_locales')]),
      fresh: prompt.has('login'),
    },
  })
}

type Check = (parameters: Parameters, client: Client, project: Project) => Denied | null

const invalid = (description: string): Denied => ({ error: 'invalid_request', description })

const checkShape: Check = (parameters) => {
  if (parameters.has('request'))
    return { error: 'request_not_supported', description: 'request objects are not supported' }
  if (parameters.has('request_uri'))
    return { error: 'request_uri_not_supported', description: 'request_uri is not supported' }
  for (const name of ['state', 'nonce']) {
    if ((parameters.get(name)?.length ?? 0) > MAX_STATE)
      return invalid(`${name} may have at most ${MAX_STATE} characters`)
  }
  const kept = ['state', 'nonce', 'redirect_uri', 'claims', 'scope', 'resource'].map(
    (name) => parameters.get(name) ?? '',
  )
  if (new TextEncoder().encode(kept.join('')).length > MAX_KEPT) {
    return invalid(`state, nonce, redirect_uri and claims together may take at most ${MAX_KEPT} bytes`)
  }
  return null
}

const checkResponse: Check = (parameters, client) => {
  if (!client.grantTypes.includes('authorization_code')) {
    return { error: 'unauthorized_client', description: "the client's grant_types do not hold authorization_code" }
  }
  const type = parameters.get('response_type')
  if (type === undefined) return invalid('response_type is missing')
  // RFC 9700 §2.1.2: no token in a URL.
  if (type !== 'code') return { error: 'unsupported_response_type', description: 'response_type must be code' }
  const mode = parameters.get('response_mode')
  return mode === undefined || mode === 'query' ? null : invalid('response_mode must be query')
}

/** RFC 7636 §4.4.1, RFC 9700 §2.1.1: S256 alone, and required unless a confidential client asked to do without. */
const checkPkce: Check = (parameters, client) => {
  const challenge = parameters.get('code_challenge')
  const method = parameters.get('code_challenge_method')
  if (challenge === undefined) {
    if (method !== undefined) return invalid('code_challenge_method came without code_challenge')
    const isNeeded = client.requirePkce || client.authMethod === 'none'
    return isNeeded ? invalid('code_challenge is missing: this client must use PKCE with S256') : null
  }
  if (method !== 'S256') return invalid('code_challenge_method must be S256')
  return /^[A-Za-z0-9_-]{43}$/.test(challenge) ? null : invalid('code_challenge must be 43 base64url characters')
}

const checkPrompt: Check = (parameters) => {
  const prompt = promptOf(parameters)
  if ([...prompt].some((value) => !PROMPTS.includes(value))) return invalid(`prompt must be of ${PROMPTS.join(', ')}`)
  return prompt.has('none') && prompt.size > 1 ? invalid('prompt=none stands alone') : null
}

const checkMaxAge: Check = (parameters) => {
  const maxAge = parameters.get('max_age')
  return maxAge === undefined || /^[0-9]{1,9}$/.test(maxAge) ? null : invalid('max_age must be a number of seconds')
}

const checkResource: Check = (parameters, _client, project) => {
  const resource = parameters.get('resource')
  if (resource === undefined || project.settings.resources.includes(resource)) return null
  return { error: 'invalid_target', description: "resource must be one of the project's resources" }
}

const checkClaims: Check = (parameters) =>
  readClaims(parameters.get('claims')) ? null : invalid('claims must be a JSON object (OpenID Connect Core §5.5)')

const promptOf = (parameters: Parameters): Set<string> =>
  new Set(parameters.get('prompt')?.split(' ').filter(Boolean) ?? [])

/** Names that we know; what else is asked for is left out, as §5.5 has it. Null if it cannot be read. */
function readClaims(text: string | undefined): { access: string[]; id: string[] } | null {
  if (text === undefined) return { access: [], id: [] }
  try {
    const claims: unknown = JSON.parse(text.slice(0, 4000))
    if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return null
    const namesIn = (part: string): string[] => {
      const asked = (claims as Record<string, unknown>)[part]
      const names = typeof asked === 'object' && asked !== null ? Object.keys(asked) : []
      return names.filter((name) => CLAIM_NAMES.some((known) => known === name) || /^metadata\..{1,40}$/.test(name))
    }
    return { access: namesIn('access_token'), id: [...namesIn('id_token'), ...namesIn('userinfo')] }
  } catch {
    return null
  }
}
