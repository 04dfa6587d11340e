/** What /v1/clients and /v1/projects take and return. */

import * as z from 'zod'
import { SCOPES } from '../../domain/api-keys/api-key.ts'
import {
  AUTH_METHODS,
  CLIENT_ID_PATTERN,
  DEFAULT_CLIENT,
  GRANT_TYPES,
  ID_TOKEN_ALGS,
} from '../../domain/clients/client.ts'
import { MAX_URI_LENGTH, whyNotRegistrable } from '../../domain/projects/redirect-uris.ts'
import { createApiKeyBody, projectPatch, projectPatchDocument } from './schemas.ts'

const MAX_URIS = 100

const redirectUri = z
  .string()
  .max(MAX_URI_LENGTH)
  .meta({ format: 'uri', example: 'https://app.example.com/callback' })
  .check((context) => {
    const why = whyNotRegistrable(context.value)
    if (why) context.issues.push({ code: 'custom', input: context.value, message: why })
  })

const setOf = <Item extends z.ZodType>(item: Item, max: number) =>
  z
    .array(item)
    .max(max)
    .refine((values) => new Set(values).size === values.length, 'holds a value twice')

const { name } = createApiKeyBody.shape
const fields = {
  redirect_uris: setOf(redirectUri, MAX_URIS).describe('Compared exactly; of a http loopback URI any port'),
  post_logout_redirect_uris: setOf(redirectUri, MAX_URIS),
  grant_types: setOf(z.enum(GRANT_TYPES), GRANT_TYPES.length).min(1),
  scopes: setOf(z.enum(SCOPES), SCOPES.length).describe('What its tokens of the client_credentials grant may do'),
  token_endpoint_auth_method: z.enum(AUTH_METHODS).describe('none: a public client, such as one in a browser'),
  require_pkce: z.boolean().describe('Always true for a public client'),
  id_token_signed_response_alg: z.enum(ID_TOKEN_ALGS),
  access_ttl: z.int().min(300).max(86_400).nullable().describe("Seconds; null: the project's"),
}

export const createClientBody = z.strictObject({
  name,
  client_id: z
    .string()
    .regex(CLIENT_ID_PATTERN, 'must have 1 to 200 of A-Z a-z 0-9 . _ ~ -')
    .optional()
    .describe('To keep one from elsewhere; left out: our id'),
  client_secret: z
    .string()
    .min(16)
    .max(200)
    .regex(/^[\x20-\x7e]*$/, 'must hold printable ASCII alone (RFC 6749 appendix A.2)')
    .optional()
    .describe('To keep one from elsewhere; left out: a new one'),
  redirect_uris: fields.redirect_uris.default(DEFAULT_CLIENT.redirectUris),
  post_logout_redirect_uris: fields.post_logout_redirect_uris.default(DEFAULT_CLIENT.postLogoutRedirectUris),
  grant_types: fields.grant_types.default(DEFAULT_CLIENT.grantTypes),
  scopes: fields.scopes.default(DEFAULT_CLIENT.scopes),
  token_endpoint_auth_method: fields.token_endpoint_auth_method.default(DEFAULT_CLIENT.authMethod),
  require_pkce: fields.require_pkce.default(DEFAULT_CLIENT.requirePkce),
  id_token_signed_response_alg: fields.id_token_signed_response_alg.default(DEFAULT_CLIENT.idTokenAlg),
  access_ttl: fields.access_ttl.default(DEFAULT_CLIENT.accessTtl),
})

/** RFC 7396: what is left out stays, null takes a setting back to its default. */
export const patchClientBody = z.strictObject({
  name: name.optional(),
  redirect_uris: fields.redirect_uris.nullable().optional(),
  post_logout_redirect_uris: fields.post_logout_redirect_uris.nullable().optional(),
  grant_types: fields.grant_types.nullable().optional(),
  scopes: fields.scopes.nullable().optional(),
  token_endpoint_auth_method: fields.token_endpoint_auth_method.nullable().optional(),
  require_pkce: fields.require_pkce.nullable().optional(),
  id_token_signed_response_alg: fields.id_token_signed_response_alg.nullable().optional(),
  access_ttl: fields.access_ttl.optional(),
  rotate_secret: z.boolean().optional().describe('true: a new client_secret, in this answer alone; the old one ends'),
})

export const clientAnswer = z.object({
  id: z.string().meta({ example: 'client_2xK…' }),
  client_id: z.string(),
  name: z.string(),
  ...fields,
})
const client_secret = z.string()
export const clientCreated = clientAnswer.extend({
  client_secret: client_secret.optional().describe('Shown this once; a public client has none'),
})
export const clientChanged = clientAnswer.extend({
  client_secret: client_secret.optional().describe('There if a new one was made; shown this once'),
})

export const createProjectBody = z.strictObject({ name: projectPatch.shape.name.unwrap() })
/** A body that is wrong is told so whether there is such a project or not; the domain judges the settings together. */
export const patchProjectBody = z.pipe(projectPatchDocument, projectPatch)
