/** openapi.json, made from the schemas that validate requests. A test compares it with the routes there are. */

import * as z from 'zod'
import type { Scope } from '../../domain/api-keys/api-key.ts'
import { PROBLEMS, type ProblemCode } from '../problem.ts'
import * as answers from './answers.ts'
import { CLIENT_OPERATIONS, PROJECT_OPERATIONS } from './client-operations.ts'
import { MESSAGE_OPERATIONS } from './message-operations.ts'
import { ORGANIZATION_OPERATIONS } from './organization-operations.ts'
import * as passwordless from './passwordless-schemas.ts'
import * as schemas from './schemas.ts'

export type Operation = {
  method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  path: string
  id: string
  summary: string
  /** `root`: the root key alone. */
  scope: Scope | 'root' | null
  query?: z.ZodType
  body?: z.ZodType
  /** The body may be left out. */
  optionalBody?: boolean
  answer: { status: number; schema?: z.ZodType }
  idempotent?: boolean
  problems?: ProblemCode[]
}

const { listAnswer } = answers

const USERS: Operation[] = [
  {
    method: 'get',
    path: '/users',
    id: 'listUsers',
    summary: 'Users, newest first',
    scope: 'users:read',
    query: schemas.usersQuery,
    answer: { status: 200, schema: listAnswer(answers.userAnswer) },
  },
  {
    method: 'post',
    path: '/users',
    id: 'createUser',
    summary: 'Create a user',
    scope: 'users:write',
    body: schemas.createUserBody,
    answer: { status: 201, schema: answers.userAnswer },
    problems: ['identifier_taken'],
  },
  {
    method: 'get',
    path: '/users/{id}',
    id: 'getUser',
    summary: 'One user',
    scope: 'users:read',
    answer: { status: 200, schema: answers.userAnswer },
    problems: ['not_found'],
  },
  {
    method: 'put',
    path: '/users/{id}',
    id: 'updateUser',
    summary:
      'Change a user; what is left out stays. A new email is unverified, ends outstanding links and codes, and the old address is told',
    scope: 'users:write',
    body: schemas.updateUserBody,
    answer: { status: 200, schema: answers.userAnswer },
    problems: ['not_found', 'identifier_taken'],
  },
  {
    method: 'delete',
    path: '/users/{id}',
    id: 'deleteUser',
    summary: 'Delete a user, their sessions and outstanding links',
    scope: 'users:write',
    answer: { status: 204 },
    problems: ['not_found'],
  },
  {
    method: 'put',
    path: '/users/{id}/status',
    id: 'setUserStatus',
    summary: 'Activate or deactivate; INACTIVE ends sessions and outstanding links and codes',
    scope: 'users:write',
    body: schemas.userStatusBody,
    answer: { status: 200, schema: answers.userStatusAnswer },
    problems: ['not_found'],
  },
  {
    method: 'post',
    path: '/users/{id}/login_url',
    id: 'createLoginUrl',
    summary: 'Mint a login link without sending it',
    scope: 'passwordless:reveal',
    body: schemas.loginUrlBody,
    optionalBody: true,
    answer: { status: 200, schema: answers.loginUrlAnswer },
    idempotent: true,
    problems: ['not_found', 'user_inactive', 'redirect_uri_not_allowed', 'idempotency_key_reused'],
  },
  {
    method: 'get',
    path: '/users/{id}/sessions',
    id: 'listUserSessions',
    summary: "A user's live sessions",
    scope: 'sessions:read',
    query: schemas.pageQuery,
    answer: { status: 200, schema: listAnswer(answers.sessionAnswer) },
    problems: ['not_found'],
  },
  {
    method: 'delete',
    path: '/users/{id}/sessions',
    id: 'endUserSessions',
    summary: 'Sign a user out everywhere',
    scope: 'sessions:write',
    answer: { status: 204 },
    problems: ['not_found'],
  },
]

const DEAD: ProblemCode[] = ['already_used', 'expired', 'superseded', 'cancelled']

export const OPERATIONS: Operation[] = [
  ...USERS.map((operation) => ({ ...operation, path: `/v1${operation.path}` })),
  ...USERS.map((operation) => ({
    ...operation,
    id: `${operation.id}Unversioned`,
    summary: `${operation.summary} (type defaults to BUSINESS)`,
  })),
  {
    method: 'post',
    path: '/v1/passwordless/send',
    id: 'send',
    summary: 'Send a link, a code, or both',
    scope: 'passwordless:send',
    body: passwordless.sendBody,
    answer: { status: 201, schema: answers.sendAnswer },
    idempotent: true,
    problems: [
      'redirect_uri_not_allowed',
      'sign_up_disabled',
      'user_inactive',
      'email_domain_blocked',
      'country_not_allowed',
      'invalid_template',
      'idempotency_key_reused',
      'too_many_sends',
      'locked',
      'not_found',
      'cancelled',
      'delivery_failed',
    ],
  },
  {
    method: 'post',
    path: '/v1/passwordless/resend',
    id: 'resend',
    summary: 'A new link and code for the same challenge',
    scope: 'passwordless:send',
    body: passwordless.resendBody,
    answer: { status: 201, schema: answers.sendAnswer },
    idempotent: true,
    problems: ['unknown_challenge', 'user_inactive', 'too_many_sends', 'locked', 'delivery_failed', ...DEAD],
  },
  {
    method: 'post',
    path: '/v1/passwordless/verify',
    id: 'verify',
    summary: 'Redeem a link, a code or a grant',
    scope: 'passwordless:verify',
    body: passwordless.verifyBody,
    answer: { status: 200, schema: answers.verifyAnswer },
    idempotent: true,
    problems: [
      'unknown_token',
      'wrong_code',
      'locked',
      'client_mismatch',
      'verifier_mismatch',
      'user_inactive',
      'not_a_member',
      'not_found',
      ...DEAD,
    ],
  },
  {
    method: 'get',
    path: '/v1/passwordless/{id}',
    id: 'getChallenge',
    summary: 'What became of a challenge',
    scope: 'passwordless:verify',
    answer: { status: 200, schema: answers.challengeAnswer },
    problems: ['unknown_challenge'],
  },
  {
    method: 'delete',
    path: '/v1/passwordless/{id}',
    id: 'cancelChallenge',
    summary: 'End a challenge: its link and code stop working',
    scope: 'passwordless:send',
    answer: { status: 204 },
    problems: ['unknown_challenge', ...DEAD],
  },
  {
    method: 'get',
    path: '/v1/sessions/{id}',
    id: 'getSession',
    summary: 'One session',
    scope: 'sessions:read',
    answer: { status: 200, schema: answers.sessionAnswer },
    problems: ['not_found'],
  },
  {
    method: 'delete',
    path: '/v1/sessions/{id}',
    id: 'endSession',
    summary: 'Sign out',
    scope: 'sessions:write',
    answer: { status: 204 },
    problems: ['not_found'],
  },
  {
    method: 'get',
    path: '/v1/project',
    id: 'getProject',
    summary: 'The project and its settings',
    scope: 'settings:read',
    answer: { status: 200, schema: answers.projectAnswer },
  },
  {
    method: 'patch',
    path: '/v1/project',
    id: 'updateProject',
    summary: 'Change settings by a merge patch (RFC 7396): null takes one back to its default',
    scope: 'settings:write',
    body: schemas.projectPatchDocument,
    answer: { status: 200, schema: answers.projectAnswer },
  },
  {
    method: 'get',
    path: '/v1/api_keys',
    id: 'listApiKeys',
    summary: 'API keys, newest first',
    scope: 'keys:write',
    query: schemas.pageQuery,
    answer: { status: 200, schema: listAnswer(answers.apiKeyAnswer) },
  },
  {
    method: 'post',
    path: '/v1/api_keys',
    id: 'createApiKey',
    summary: 'Create an API key; it is shown once',
    scope: 'keys:write',
    body: schemas.createApiKeyBody,
    answer: { status: 201, schema: answers.apiKeyCreated },
  },
  {
    method: 'delete',
    path: '/v1/api_keys/{id}',
    id: 'revokeApiKey',
    summary: 'Revoke an API key, felt everywhere within 30 seconds',
    scope: 'keys:write',
    answer: { status: 204 },
    problems: ['not_found'],
  },
  ...ORGANIZATION_OPERATIONS,
  ...MESSAGE_OPERATIONS,
  ...CLIENT_OPERATIONS,
  ...PROJECT_OPERATIONS,
]

export function openApiDocument(issuer: string) {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const operation of OPERATIONS) {
    const methods = paths[operation.path] ?? {}
    methods[operation.method] = describe(operation)
    paths[operation.path] = methods
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Latchkey',
      version: '1',
      description:
        'Passwordless sign-in: the native API. A key belongs to one project; with x-project: proj_… the root key acts for any.',
    },
    servers: [{ url: issuer }],
    security: [{ apiKey: [] }, { bearer: [] }],
    paths: {
      ...paths,
      ...OAUTH_PATHS,
      '/healthz': { get: HEALTH },
    },
    components: {
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API key, or an access token of the client-credentials grant',
        },
        basic: { type: 'http', scheme: 'basic', description: 'client_id and client_secret (RFC 6749 §2.3.1)' },
      },
      schemas: { Problem: PROBLEM, OAuthError: OAUTH_ERROR },
    },
  }
}

function describe({
  id,
  summary,
  scope,
  path,
  query,
  body,
  optionalBody,
  answer,
  idempotent,
  problems = [],
}: Operation) {
  const common: ProblemCode[] = ['unauthorized', 'insufficient_scope', 'unavailable', 'internal']
  const forBody: ProblemCode[] = body
    ? ['invalid_request', 'body_too_large', 'unsupported_media_type']
    : query
      ? ['invalid_request']
      : []
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...(query ? queryParameters(query) : []),
    ...(idempotent
      ? [
          {
            name: 'Idempotency-Key',
            in: 'header',
            schema: { type: 'string', maxLength: 255 },
            description: 'Makes a retry safe',
          },
        ]
      : []),
  ]
  return {
    operationId: id,
    summary,
    ...(scope ? { description: scope === 'root' ? 'The root key alone' : `Scope: ${scope}` } : {}),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body
      ? { requestBody: { required: !optionalBody, content: { 'application/json': { schema: json(body, 'input') } } } }
      : {}),
    responses: {
      [answer.status]: {
        description: answer.status === 204 ? 'Done' : 'The answer',
        ...(answer.schema ? { content: { 'application/json': { schema: json(answer.schema, 'output') } } } : {}),
      },
      ...problemResponses([...forBody, ...problems, ...common]),
    },
  }
}

function problemResponses(codes: ProblemCode[]) {
  const byStatus = Map.groupBy([...new Set(codes)], (code) => PROBLEMS[code][0])
  const entries = [...byStatus].map(([status, of]) => [
    status,
    {
      description: of.join(', '),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  ])
  return Object.fromEntries(entries) as Record<string, unknown>
}

function queryParameters(query: z.ZodType) {
  const { properties = {}, required = [] } = json(query, 'input') as {
    properties?: Record<string, unknown>
    required?: string[]
  }
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    schema,
  }))
}

const json = (schema: z.ZodType, io: 'input' | 'output') => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Record<string, unknown>
  return rest
}

const PROBLEM = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'request_id'],
  properties: {
    type: { type: 'string', format: 'uri' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', enum: Object.keys(PROBLEMS) },
    request_id: { type: 'string' },
    tries_left: { type: 'integer' },
    errors: {
      type: 'array',
      items: { type: 'object', properties: { path: { type: 'string' }, message: { type: 'string' } } },
    },
  },
}
const OAUTH_ERROR = {
  type: 'object',
  required: ['error'],
  properties: { error: { type: 'string' }, error_description: { type: 'string' } },
}

const oauthError = (description: string) => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/OAuthError' } } },
})

/** An OAuth endpoint: a form, and the caller in any of the ways of RFC 6749 §2.3. */
function oauthForm(id: string, summary: string, required: string[], optional: string[], answer: object) {
  const credentials = ['client_id', 'client_secret']
  const properties = Object.fromEntries(
    [...required, ...optional, ...credentials].map((name) => [name, { type: 'string' }]),
  )
  return {
    operationId: id,
    summary,
    description:
      'Authenticate as a client (HTTP Basic, or client_id and client_secret in the form) or with an API key that has passwordless:verify.',
    security: [{ basic: [] }, { apiKey: [] }, { bearer: [] }, {}],
    requestBody: {
      required: true,
      content: { 'application/x-www-form-urlencoded': { schema: { type: 'object', required, properties } } },
    },
    responses: {
      200: answer,
      400: oauthError('RFC 6749 §5.2'),
      401: oauthError('invalid_client'),
      ...problemResponses(['body_too_large', 'unavailable']),
    },
  }
}

const TOKEN = oauthForm(
  'token',
  'Exchange a grant, refresh, or get a token for the client itself (RFC 6749 §4.1.3, §6, §4.4)',
  ['grant_type'],
  ['code', 'redirect_uri', 'code_verifier', 'refresh_token', 'scope', 'resource'],
  { description: 'Tokens', content: { 'application/json': { schema: json(answers.tokenAnswer, 'output') } } },
)
const INTROSPECT = oauthForm('introspect', 'Whether a token works now (RFC 7662)', ['token'], ['token_type_hint'], {
  description: '`active`, and what the token says if it works',
  content: {
    'application/json': {
      schema: { type: 'object', required: ['active'], properties: { active: { type: 'boolean' } } },
    },
  },
})
const REVOKE = oauthForm('revoke', 'End a token (RFC 7009)', ['token'], ['token_type_hint'], {
  description: 'Done, whatever it was',
})

const open = (operationId: string, summary: string, description: string) => ({
  operationId,
  summary,
  security: [],
  responses: { 200: { description } },
})
const userinfo = (operationId: string) => ({
  operationId,
  summary: 'The person of an access token (OpenID Connect Core §5.3)',
  security: [{ bearer: [] }],
  responses: { 200: { description: 'Claims of the granted scopes' }, 401: oauthError('RFC 6750 §3.1') },
})

/** Under /p/<project id> as well, for each project's own issuer. The pages are not here: people use them. */
const OAUTH_PATHS = {
  '/oauth/token': { post: TOKEN },
  '/oauth/introspect': { post: INTROSPECT },
  '/oauth/revoke': { post: REVOKE },
  '/userinfo': { get: userinfo('userinfo'), post: userinfo('userinfoByPost') },
  '/.well-known/jwks.json': { get: open('jwks', 'Public signing keys', 'A JWK set (RFC 7517 §5)') },
  '/.well-known/openid-configuration': { get: open('discovery', 'OpenID Connect Discovery 1.0', 'Provider metadata') },
  '/.well-known/oauth-authorization-server': { get: open('metadata', 'RFC 8414', 'Server metadata') },
  '/.well-known/oauth-authorization-server/p/{project}': {
    get: {
      ...open('metadataOfProject', 'RFC 8414 §3.1, for a project of its own issuer', 'Server metadata'),
      parameters: [{ name: 'project', in: 'path', required: true, schema: { type: 'string' } }],
      responses: { 200: { description: 'Server metadata' }, 404: { description: 'There is no such project' } },
    },
  },
}

const HEALTH = {
  operationId: 'health',
  summary: 'Whether the parts answer',
  security: [],
  responses: { 200: { description: 'All is well' }, 503: { description: 'A part does not answer' } },
}
