/** The API reference, as Markdown made from the OpenAPI document. A test holds that nothing of the document is left out. */

import { ISSUER_PLACEHOLDER } from '../lib/issuer-placeholder.ts'
import { EXAMPLES } from './examples.ts'

type Schema = {
  type?: string | string[]
  format?: string
  description?: string
  default?: unknown
  example?: unknown
  const?: unknown
  enum?: unknown[]
  anyOf?: Schema[]
  items?: Schema
  properties?: Record<string, Schema>
  required?: string[]
  additionalProperties?: Schema | boolean
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  maxItems?: number
}
type Content = { content?: Record<string, { schema: Schema }> }
type Operation = {
  operationId: string
  summary: string
  description?: string
  parameters?: { name: string; in: string; required?: boolean; description?: string; schema: Schema }[]
  requestBody?: { required?: boolean } & Content
  security?: object[]
  responses: Record<string, { description: string } & Content>
}
export type OpenApiDocument = { paths: Record<string, Record<string, unknown>> }

type Call = { path: string; method: string; operation: Operation }

/** First folder below /v1 → its section, in this order. What is not here has a section all the same, at the end. */
const SECTIONS: Record<string, string> = {
  passwordless: 'Passwordless',
  users: 'Users',
  sessions: 'Sessions',
  project: 'Project settings',
  api_keys: 'API keys',
  clients: 'Clients (applications)',
  templates: 'Templates',
  messages: 'Messages',
  suppressions: 'Suppressions',
  events: 'Events',
  webhooks: 'Webhooks',
  organizations: 'Organizations',
  projects: 'Projects',
  '': 'OAuth 2.0 and OpenID Connect',
}

/** Every call can be answered with these; they are told of once, at the top of the page. */
const COMMON = [
  'unauthorized',
  'insufficient_scope',
  'unavailable',
  'internal',
  'body_too_large',
  'unsupported_media_type',
]

export function apiReference(document: OpenApiDocument): string {
  const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation: operation as Operation })),
  )
  const versions = new Set(calls.map(({ path }) => path))
  const isTwin = ({ path }: Call) => versions.has(`/v1${path}`)
  const sections = Map.groupBy(
    calls.filter((call) => !isTwin(call)),
    ({ path }) => sectionOf(path),
  )
  const order = [...new Set([...Object.values(SECTIONS), ...sections.keys()])].filter((title) => sections.has(title))
  const shapes = shapesOf(calls.filter((call) => !isTwin(call)))
  return order
    .map((title) => {
      const described = (sections.get(title) ?? []).map((call) => describe(call, shapes)).join('\n')
      const twins = calls.filter((call) => isTwin(call) && sectionOf(`/v1${call.path}`) === title)
      return `## ${title}\n\n${described}\n${twins.length > 0 ? unversioned(twins) : ''}`
    })
    .join('\n')
}

function sectionOf(path: string): string {
  const folder = /^\/v1\/(\w+)/.exec(path)?.[1] ?? ''
  return SECTIONS[folder] ?? folder.replaceAll('_', ' ').replace(/^./, (first) => first.toUpperCase())
}

/** Answers that more than one call has: JSON of the schema → where it is written out. */
function shapesOf(calls: Call[]): Map<string, Call> {
  const shapes = new Map<string, Call>()
  for (const call of calls) {
    const schema = answerOf(call.operation)?.schema
    const key = JSON.stringify(schema)
    if (schema?.properties && !isList(schema) && !shapes.has(key)) shapes.set(key, call)
  }
  return shapes
}

function describe(call: Call, shapes: Map<string, Call>): string {
  const { path, method, operation } = call
  const [title = '', more = ''] = splitOnce(operation.summary)
  return [
    `### ${text(title)} {#${operation.operationId}}`,
    `\`${method.toUpperCase()} ${path}\`${needs(operation)}`,
    more === '' ? '' : `${text(more)}.`,
    parameters(operation),
    body(operation),
    answer(call, shapes),
    refusals(operation),
    example(call),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n')
}

/** A heading is short; what stands behind the first pause is a sentence of its own. */
function splitOnce(summary: string): string[] {
  const [, title, more] = /^(.*?)(?:[;:.,] | \()(.*)$/.exec(summary) ?? []
  if (title === undefined || more === undefined || summary.length < 48) return [summary]
  return [title, capital(more.replace(/\)$/, summary.includes(` (${more}`) ? '' : ')'))]
}
/** A value that a description begins with (`false: …`) stays as it is written. */
const capital = (sentence: string): string =>
  /^[\w.]+:/.test(sentence) ? sentence : sentence.replace(/^./, (first) => first.toUpperCase())

function needs({ description, security }: Operation): string {
  if (security?.length === 0) return ' · no key'
  const scope = /^Scope: (\S+)$/.exec(description ?? '')?.[1]
  if (scope !== undefined) return ` · scope \`${scope}\``
  return description === undefined ? '' : ` · ${text(description)}`
}

function parameters({ parameters: all = [] }: Operation): string {
  const rows = all
    .filter((parameter) => parameter.in !== 'path')
    .map(({ name, in: where, required, description, schema }) => ({
      name: where === 'header' ? `${name} (header)` : name,
      isRequired: required === true,
      schema: { ...schema, ...(description === undefined ? {} : { description }) },
    }))
  return rows.length === 0 ? '' : table('Parameter', rows)
}

function body({ requestBody }: Operation): string {
  const [type, { schema } = { schema: {} }] = Object.entries(requestBody?.content ?? {})[0] ?? []
  if (type === undefined) return ''
  const form = type === 'application/json' ? '' : 'The body is a form (`application/x-www-form-urlencoded`).\n\n'
  const rows = rowsOf(schema)
  return rows.length === 0 ? form : `${form}${table('Field', rows)}`
}

function answerOf({ responses }: Operation): { status: string; description: string; schema: Schema | null } | null {
  const [status, found] = Object.entries(responses).find(([code]) => code.startsWith('2')) ?? []
  if (status === undefined || found === undefined) return null
  return { status, description: found.description, schema: Object.values(found.content ?? {})[0]?.schema ?? null }
}

function answer(call: Call, shapes: Map<string, Call>): string {
  const found = answerOf(call.operation)
  if (found === null) return ''
  const { status, description, schema } = found
  if (schema === null)
    return `Answer: ${status}${/^(The answer|Done)$/.test(description) ? '' : `, ${text(description)}`}.`
  const item = isList(schema) ? schema.properties?.data?.items : undefined
  const shape = item ?? schema
  const written = shapes.get(JSON.stringify(shape))
  const lead = item === undefined ? '' : 'a [list](#lists) of '
  if (written !== undefined && written !== call) {
    const [title = ''] = splitOnce(written.operation.summary)
    return `Answer: ${status}, ${lead}what [${text(title)}](#${written.operation.operationId}) answers.`
  }
  return `<details><summary>Answer: ${status}${item === undefined ? '' : ', a list; each item has these fields'}</summary>\n\n${table('Field', rowsOf(shape, { isAnswer: true }))}\n</details>`
}

const isList = ({ properties = {} }: Schema): boolean =>
  Object.keys(properties).sort().join() === 'data,next_cursor' && properties.data?.items !== undefined

function refusals({ responses }: Operation): string {
  const codes = Object.entries(responses).flatMap(([status, { description, content }]) =>
    content?.['application/problem+json'] === undefined
      ? []
      : description.split(', ').map((code) => ({ status, code })),
  )
  const own = codes.filter(({ code }) => !COMMON.includes(code) && code !== 'invalid_request')
  if (own.length === 0) return ''
  return `Refusals: ${own.map(({ code, status }) => `[\`${code}\`](/docs/errors#${code}) ${status}`).join(', ')}.`
}

function example({ path, method, operation }: Call): string {
  const { ids = {}, query, body: json, form } = EXAMPLES[operation.operationId] ?? {}
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => ids[name] ?? idFor(path))
  const url = `${ISSUER_PLACEHOLDER}${filled}${query === undefined ? '' : `?${query}`}`
  const isOpen = operation.security?.length === 0
  const parts = [
    `curl ${method === 'get' || json || form ? '' : `-X ${method.toUpperCase()} `}${query === undefined ? url : `'${url}'`}`,
  ]
  if (json && method !== 'post') parts[0] = `curl -X ${method.toUpperCase()} ${url}`
  if (!isOpen) {
    const bearer = path === '/userinfo' ? '-H "authorization: Bearer $ACCESS_TOKEN"' : '-H "x-api-key: $LATCHKEY_KEY"'
    parts.push(bearer + (json ? ` -H 'content-type: application/json'` : ''))
  }
  if (operation.parameters?.some(({ name }) => name === 'Idempotency-Key'))
    parts.push('-H "Idempotency-Key: $(uuidgen)"')
  if (json) parts.push(`-d '${JSON.stringify(json, null, 2).replaceAll("'", `'\\''`)}'`)
  for (const [name, value] of Object.entries(form ?? {})) parts.push(`-d ${name}=${value}`)
  return `\`\`\`sh\n${parts.join(' \\\n  ')}\n\`\`\``
}

/** An id as it looks, by the folder it stands in. */
function idFor(path: string): string {
  const prefixes: Record<string, string> = {
    users: 'user_',
    sessions: 'sess_',
    api_keys: 'key_',
    clients: 'client_',
    projects: 'proj_',
    messages: 'msg_',
    events: 'evt_',
    webhooks: 'wh_',
    organizations: 'org_',
    passwordless: 'chal_',
    p: 'proj_',
  }
  const folder = path.split('/').findLast((part) => part in prefixes) ?? ''
  return `${prefixes[folder] ?? ''}${SAMPLE_KSUID}`
}
const SAMPLE_KSUID = '2xKq0Vb4mT8nW1cR6yZ3aHs7dLf'

function unversioned(twins: Call[]): string {
  const rows = twins.map(
    ({ path, method, operation }) =>
      `| <span id="${operation.operationId}">\`${method.toUpperCase()} ${path}\`</span> | ${text(operation.summary)} |`,
  )
  return `### The same without /v1\n\nFor callers that come from elsewhere; here \`type\` defaults to \`BUSINESS\`.\n\n| Call | What it does |\n|---|---|\n${rows.join('\n')}\n`
}

// --- schemas --------------------------------------------------------------------------------------------------------

type Row = { name: string; isRequired: boolean; schema: Schema }

/** The fields of an object; those of an object inside it under `outer.inner`, two levels deep. */
function rowsOf(schema: Schema, { prefix = '', isAnswer = false } = {}): Row[] {
  const object = objectOf(schema)
  return Object.entries(object?.properties ?? {}).flatMap(([name, inner]) => {
    const row = {
      name: prefix + name,
      isRequired: !isAnswer && (object?.required ?? []).includes(name) && inner.default === undefined,
      schema: inner,
    }
    const nested = prefix === '' ? (objectOf(inner) ?? objectOf(objectsIn(inner))) : null
    const mark = objectOf(inner) === null ? `${name}[].` : `${name}.`
    return [row, ...(nested?.properties ? rowsOf(nested, { prefix: mark, isAnswer }) : [])]
  })
}

function objectOf(schema: Schema): Schema | null {
  if (schema.properties !== undefined) return schema
  return schema.anyOf?.find(({ properties }) => properties !== undefined) ?? null
}
const objectsIn = (schema: Schema): Schema => schema.items ?? schema.anyOf?.find(({ items }) => items)?.items ?? {}

function table(what: string, rows: Row[]): string {
  const lines = rows.map(
    ({ name, isRequired, schema }) =>
      `| \`${name}\`${isRequired ? ' **required**' : ''} | ${typeOf(schema)} | ${meaning(schema)} |`,
  )
  return `| ${what} | Type | Meaning |\n|---|---|---|\n${lines.join('\n')}\n`
}

function typeOf(schema: Schema): string {
  if (schema.const !== undefined) return code(schema.const)
  if (schema.enum !== undefined) return schema.enum.map(code).join(' ')
  if (schema.anyOf !== undefined) return [...new Set(schema.anyOf.map(typeOf))].join(' or ')
  const types = [schema.type ?? []].flat()
  if (types.includes('array')) return `list of ${typeOf(schema.items ?? {})}`
  if (types.length > 1) return types.join(' or ')
  if (types[0] === 'object') return 'object'
  return schema.format === undefined ? (types[0] ?? 'any') : `${types[0]} (${schema.format})`
}

function meaning(schema: Schema): string {
  const inner = schema.anyOf?.find((one) => one.type !== 'null') ?? schema
  const { description = inner.description, default: otherwise } = schema
  const parts = [
    description === undefined ? '' : text(capital(description)),
    range(inner),
    otherwise === undefined || otherwise === null ? '' : `Default ${code(otherwise)}`,
  ]
  return parts.filter((part) => part !== '').join('. ')
}

function range({ minimum, maximum, maxLength, maxItems, enum: values }: Schema): string {
  if (values !== undefined) return ''
  if (maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER)
    return `${minimum === undefined || minimum < 0 ? 'Up' : minimum} to ${maximum}`
  if (maxItems !== undefined) return `At most ${maxItems}`
  return maxLength !== undefined ? `Up to ${maxLength} characters` : ''
}

const code = (value: unknown): string =>
  `\`${(typeof value === 'string' ? value : JSON.stringify(value)).replaceAll('|', '\\|')}\``

/** A text of the document as Markdown that shows it, and nothing else. */
export const text = (value: string): string =>
  value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll(/[\\`*_[\]|~]/g, '\\$&')
