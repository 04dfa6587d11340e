/**
 * Who calls an OAuth endpoint (RFC 6749 §2.3): a client with its secret in the Authorization header or in the form, a public
 * client by its id alone, or an API key. Exactly one way at a time.
 *
 * A confidential client may use either way, whichever it registered: libraries differ, and some try one after the other.
 * Nothing is lost by that, since both carry the same secret in the same request.
 */

import type { Context } from 'hono'
import { actFor, authenticate, type Caller, mayDo } from '../../domain/api-keys/api-key.ts'
import { authenticateClient, type Client } from '../../domain/clients/client.ts'
import type { Project } from '../../domain/projects/project.ts'
import type { AppEnv } from '../context.ts'
import { PROJECT_HEADER, presentedKey } from '../middleware/require-scope.ts'
import { describe, oauthError } from './oauth-error.ts'

export type Refused = {
  kind: 'refused'
  error: 'invalid_request' | 'invalid_client'
  description: string
  /** The scheme of the WWW-Authenticate header of a 401: the one that was tried (RFC 6749 §5.2). */
  scheme: 'Basic' | 'Bearer'
}
/** `project`: whose grants and tokens these are; with an API key its own, whatever the address says. */
export type OAuthCaller =
  | { kind: 'client'; project: Project; client: Client }
  | { kind: 'key'; project: Project; caller: Caller }

/** @param project the one of the address @param form each parameter once, none of them empty */
export async function authenticateCaller(
  c: Context<AppEnv>,
  project: Project,
  form: Map<string, string>,
): Promise<OAuthCaller | Refused> {
  const basic = /^Basic(?: +(.*))?$/i.exec(c.req.header('authorization') ?? '')
  const key = presentedKey(c.req.raw.headers)
  const formId = form.get('client_id') ?? null
  const formSecret = form.get('client_secret') ?? null
  if ([basic, key, formSecret].filter((way) => way !== null).length > 1) {
    return refused('invalid_request', 'authenticate in one way alone (RFC 6749 §2.3)')
  }
  if (key !== null) return withKey(c, project, key, formId)
  if (basic) return withBasic(c, project, basic[1] ?? '', formId)
  if (formId === null) {
    return refused(
      'invalid_client',
      'authenticate as a client (HTTP Basic, or client_id in the form) or with an API key',
    )
  }
  const client = await authenticateClient(c.var.deps, project, formId, formSecret)
  return client ? { kind: 'client', project, client } : refused('invalid_client', WRONG_CLIENT)
}

/** API keys need `passwordless:verify` for whatever concerns grants and tokens. Null: may go on. */
export const refuseKey = (c: Context<AppEnv>, caller: OAuthCaller): Response | null =>
  caller.kind === 'key' && !mayDo(caller.caller, 'passwordless:verify')
    ? oauthError(c, 'unauthorized_client', 'the API key needs the scope passwordless:verify')
    : null

/** RFC 6749 §5.2. A 401 names a scheme (RFC 9110 §15.5.2). */
export function answerRefused(c: Context<AppEnv>, { error, description, scheme }: Refused): Response {
  const headers = { 'cache-control': 'no-store', pragma: 'no-cache' }
  const body = { error, error_description: describe(description) }
  if (error === 'invalid_request') return c.json(body, 400, headers)
  const challenge = scheme === 'Basic' ? 'Basic realm="latchkey", charset="UTF-8"' : 'Bearer realm="latchkey"'
  return c.json(body, 401, { ...headers, 'www-authenticate': challenge })
}

/** One answer whether the client or the secret is wrong. */
const WRONG_CLIENT = 'the client is unknown, its secret is wrong, or it may not authenticate in this way'

const refused = (error: Refused['error'], description: string, scheme: Refused['scheme'] = 'Bearer'): Refused => ({
  kind: 'refused',
  error,
  description,
  scheme,
})

async function withBasic(
  c: Context<AppEnv>,
  project: Project,
  credentials: string,
  formId: string | null,
): Promise<OAuthCaller | Refused> {
  const raw = readCredentials(credentials)
  if (!raw) return refused('invalid_client', 'the Basic credentials cannot be read (RFC 7617 §2)', 'Basic')
  // RFC 6749 §2.3.1 has id and secret form-encoded inside. Many libraries forget that, and so a secret with a plus or a
  // percent sign comes as it is: the second reading is theirs.
  const decoded = { id: formDecoded(raw.id), secret: formDecoded(raw.secret) }
  const isSame = decoded.id === raw.id && decoded.secret === raw.secret
  for (const { id, secret } of isSame ? [raw] : [decoded, raw]) {
    if (id === null || secret === null) continue
    // An id beside the header is no second way, but it has to be the same one.
    if (formId !== null && formId !== id) continue
    const client = await authenticateClient(c.var.deps, project, id, secret)
    if (client) return { kind: 'client', project, client }
  }
  return refused('invalid_client', WRONG_CLIENT, 'Basic')
}

/**
 * At the first project's address, the only one that every back end knows, a key acts for its own project as on /v1; at
 * another's it has to be that one's. The root key acts for the project of the address or of its header.
 */
async function withKey(
  c: Context<AppEnv>,
  project: Project,
  key: string,
  formId: string | null,
): Promise<OAuthCaller | Refused> {
  const { deps } = c.var
  const wrong = refused('invalid_client', 'the API key is unknown, revoked, expired, or of another project')
  const presented = await authenticate(deps, key)
  if (!presented) return wrong
  if (formId !== null && formId !== presented.id) {
    return refused('invalid_request', 'client_id is another than the API key: authenticate in one way alone')
  }
  const isFirst = project.issuer === deps.config.issuer.origin
  const wished = c.req.header(PROJECT_HEADER) ?? (isFirst ? presented.project.id : project.id)
  const acting = await actFor(deps, presented, wished)
  if (!acting.ok) return wrong
  const caller = acting.value
  return isFirst || caller.project.id === project.id ? { kind: 'key', project: caller.project, caller } : wrong
}

/** Base64 of `id:secret`, in UTF-8. The secret may hold colons, the id none. */
function readCredentials(text: string): { id: string; secret: string } | null {
  try {
    const bytes = Uint8Array.from(atob(text.trim()), (char) => char.charCodeAt(0))
    const pair = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const at = pair.indexOf(':')
    return at < 0 ? null : { id: pair.slice(0, at), secret: pair.slice(at + 1) }
  } catch {
    return null
  }
}

function formDecoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}
