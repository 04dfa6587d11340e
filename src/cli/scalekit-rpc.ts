/** Scalekit's gRPC calls as the REST calls that Scalekit documents, and the answers back. */

import { fromJson, type JsonObject, type JsonValue, type Message, toJson } from '@bufbuild/protobuf'
import { Code, ConnectError, type ConnectRouter, createContextKey, type HandlerContext } from '@connectrpc/connect'
import { CALLS, ERROR_INFO, ERROR_INFO_TYPE } from './scalekit-proto.ts'

/** An answer of Latchkey's is a few hundred bytes. */
const MAX_ANSWER_BYTES = 1 << 20
const MAX_MESSAGE_LENGTH = 1_000
/** What the SDK says of itself, and whoever traces a call; anything else stays between the SDK and the front. */
const PASSED_ON = ['authorization', 'user-agent', 'x-sdk-version', 'x-api-version', 'traceparent', 'tracestate']

/** Where a call leaves its gRPC status for the log. */
export const outcomeKey = createContextKey<{ code?: number }>({}, { description: 'the outcome of this call' })

type Upstream = { url: URL; timeoutMs: number }

export function passwordlessRoutes(upstream: Upstream): (router: ConnectRouter) => void {
  return (router) => {
    for (const { method, path } of CALLS) {
      router.rpc(method, async (request, context) => {
        const outcome = context.values.get(outcomeKey)
        try {
          const answer = await post(upstream, path, toRest(toJson(method.input, request, PROTO_NAMES)), context)
          const message = toMessage(answer, (json) => fromJson(method.output, json, LENIENT))
          outcome.code = 0
          return message
        } catch (error) {
          const failure = ConnectError.from(error)
          outcome.code = failure.code
          throw failure
        }
      })
    }
  }
}

const PROTO_NAMES = { useProtoFieldName: true }
/** A newer Latchkey may answer more than these descriptors know. */
const LENIENT = { ignoreUnknownFields: true }

/** To say "unspecified" is to say nothing: REST knows the name of no such template. */
function toRest(json: JsonValue): string {
  return JSON.stringify(json, (name, value) => (name === 'template' && value === 'UNSPECIFIED' ? undefined : value))
}

type Answer = { status: number; body: string }

async function post(
  { url, timeoutMs }: Upstream,
  path: string,
  body: string,
  context: HandlerContext,
): Promise<Answer> {
  const headers = new Headers({ 'content-type': 'application/json', accept: 'application/json' })
  for (const name of PASSED_ON) {
    const value = context.requestHeader.get(name)
    if (value !== null) headers.set(name, value)
  }
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)])
  try {
    // The Authorization header goes to the one configured origin, and never where an answer points.
    const answer = await fetch(url.href.replace(/\/$/, '') + path, {
      method: 'POST',
      headers,
      body,
      signal,
      redirect: 'manual',
    })
    return { status: answer.status, body: await bounded(answer) }
  } catch (error) {
    if (error instanceof ConnectError) throw error
    // The caller's own deadline, or the caller is gone.
    if (context.signal.aborted) throw ConnectError.from(context.signal.reason, Code.Canceled)
    throw failure(Code.Unavailable, 'UNAVAILABLE', 'Latchkey did not answer.')
  }
}

async function bounded(answer: Response): Promise<string> {
  const decoder = new TextDecoder()
  let [text, size] = ['', 0]
  for await (const chunk of answer.body ?? []) {
    size += chunk.byteLength
    if (size > MAX_ANSWER_BYTES) throw failure(Code.Internal, 'INTERNAL', 'The answer of Latchkey is too large.')
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

function toMessage(answer: Answer, parse: (json: JsonValue) => Message): Message {
  const json = parsed(answer.body)
  if (answer.status < 200 || answer.status > 299) throw toStatus(answer.status, json)
  try {
    if (json) return parse(json)
  } catch {
    // Said below: what was wrong with it may quote it.
  }
  throw failure(
    Code.Internal,
    'INTERNAL',
    'Latchkey answered something else than Scalekit documents. Is --upstream right?',
  )
}

function parsed(body: string): JsonObject | undefined {
  try {
    const json: unknown = JSON.parse(body)
    return isObject(json) ? json : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

// --- errors ---------------------------------------------------------------------------------------------------------

/** grpc-gateway's error, or of anything else between here and Latchkey an error by its HTTP status alone. */
function toStatus(status: number, json: JsonObject | undefined): ConnectError {
  const code = toCode(status, json?.code)
  const message = typeof json?.message === 'string' ? json.message : `Latchkey answered ${status}.`
  const info = infoOf(json?.details)
  if (!info) return failure(code, nameOf(code), message.slice(0, MAX_MESSAGE_LENGTH))
  return new ConnectError(message.slice(0, MAX_MESSAGE_LENGTH), code, undefined, [{ desc: ERROR_INFO, value: info }])
}

/**
 * The SDK acts on three codes: at 16 it takes its token for stale, fetches another and repeats the call up to three
 * times; at 14 it waits and repeats; at 8 it gives up. So a 16 is only what came as a 401, since a wrong code that was
 * repeated would spend the attempts; a limit is never 14, and what may pass is always 14.
 */
function toCode(status: number, said: unknown): Code {
  if (status === 429) return Code.ResourceExhausted
  if (status === 502 || status === 503 || status === 504) return Code.Unavailable
  const isCode =
    typeof said === 'number' && Number.isInteger(said) && said >= Code.Canceled && said <= Code.Unauthenticated
  if (isCode && (said !== Code.Unauthenticated || status === 401)) return said
  return BY_STATUS[status] ?? (status >= 500 ? Code.Internal : Code.Unknown)
}

/** A 404 without a code is no unknown request of a person's: nothing at all answers there. */
const BY_STATUS: Record<number, Code> = {
  400: Code.InvalidArgument,
  401: Code.Unauthenticated,
  403: Code.PermissionDenied,
  404: Code.Unimplemented,
  409: Code.Aborted,
  413: Code.InvalidArgument,
  501: Code.Unimplemented,
}

function infoOf(details: unknown): Message | undefined {
  if (!Array.isArray(details)) return undefined
  const detail: unknown = details.find((candidate) => isObject(candidate) && candidate['@type'] === ERROR_INFO_TYPE)
  if (!isObject(detail)) return undefined
  const { '@type': _type, ...info } = detail
  try {
    return fromJson(ERROR_INFO, info, LENIENT)
  } catch {
    return undefined
  }
}

function failure(code: Code, errorCode: string, message: string): ConnectError {
  const value = fromJson(ERROR_INFO, { error_code: errorCode })
  return new ConnectError(message, code, undefined, [{ desc: ERROR_INFO, value }])
}

/** InvalidArgument is INVALID_ARGUMENT. */
function nameOf(code: Code): string {
  return Code[code].replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase()
}
