/** Passes an HTTP request on to one address as it came, and the answer back. */

import {
  Agent as HttpAgent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as requestHttp,
  type ServerResponse,
} from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import { Agent as HttpsAgent, request as requestHttps } from 'node:https'
import { pipeline } from 'node:stream/promises'
import { ERROR_INFO_TYPE } from './scalekit-proto.ts'

export type Incoming = IncomingMessage | Http2ServerRequest
/** Node's HTTP/2 answer has the same methods, with types that do not unite with these. */
export type Outgoing = ServerResponse

export const MAX_BODY_BYTES = 1 << 20

/** Shorter than a server's usual five seconds, so that no request goes out on a connection that is being closed. */
const IDLE_CONNECTION_MS = 4_000

/** RFC 9110 §7.6.1: these are about one connection. `host` and `expect` are answered by each server itself. */
const OF_ONE_CONNECTION = new Set([
  'connection',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

export type PassThrough = { pass(req: Incoming, res: Outgoing): void; close(): void }

export function createPassThrough(upstream: URL, timeoutMs: number): PassThrough {
  const isTls = upstream.protocol === 'https:'
  const agent = new (isTls ? HttpsAgent : HttpAgent)({ keepAlive: true, timeout: IDLE_CONNECTION_MS })
  const base = upstream.pathname.replace(/\/$/, '')
  const request = isTls ? requestHttps : requestHttp

  function pass(req: Incoming, res: Outgoing): void {
    const refusal = whyNot(req)
    if (refusal) refuse(res, refusal)
    else forward(req, res)
  }

  function forward(req: Incoming, res: Outgoing): void {
    const { method = 'GET', url = '' } = req
    const headers = endToEnd(req.headers)
    const isWithBody = hasBody(req)
    const passed = { bytes: 0 }
    // Node frames the body of a GET or DELETE only if told so; unframed it would be read as another request.
    if (isWithBody && headers['content-length'] === undefined) headers['transfer-encoding'] = 'chunked'
    const signal = AbortSignal.timeout(timeoutMs)
    const outgoing = request(upstream, { method, path: base + url, headers, agent, signal })
    // Also of a client that is gone: over HTTP/2 its half of a body would end as if it were the whole.
    res.once('close', () => outgoing.destroy())
    outgoing.once('response', (answer) => {
      // A redirect is the client's to follow; a front that did so would take the request to another origin.
      res.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers))
      pipeline(answer, res).catch(() => res.destroy())
    })
    outgoing.on('error', () => {
      if (res.headersSent) res.destroy()
      else refuse(res, passed.bytes > MAX_BODY_BYTES ? TOO_LARGE : UNAVAILABLE)
    })
    if (isWithBody) {
      // What fails is told by `outgoing`, or by the client, which is gone.
      pipeline(bounded(req, passed), outgoing).catch(() => {})
    } else outgoing.end()
  }

  return { pass, close: () => agent.destroy() }
}

function whyNot({ url = '', headers }: Incoming): Refusal | undefined {
  // An absolute form would name another origin. It is never resolved, and refused so that nobody has to wonder.
  if (!url.startsWith('/')) return BAD_REQUEST
  if (Number(headers['content-length'] ?? 0) > MAX_BODY_BYTES) return TOO_LARGE
  return undefined
}

function hasBody(req: Incoming): boolean {
  if ('stream' in req) return !req.stream.endAfterHeaders
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0
}

async function* bounded(body: Incoming, passed: { bytes: number }): AsyncGenerator<Buffer> {
  for await (const chunk of body.iterator({ destroyOnReturn: false })) {
    passed.bytes += chunk.length
    if (passed.bytes > MAX_BODY_BYTES) throw new Error('too large')
    yield chunk
  }
}

function endToEnd(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase())
  return Object.fromEntries(
    Object.entries(headers).filter(
      ([name]) => !name.startsWith(':') && !OF_ONE_CONNECTION.has(name) && !named.includes(name),
    ),
  )
}

// --- what the front says itself -------------------------------------------------------------------------------------

type Refusal = { status: number; code: number; name: string; message: string }

const BAD_REQUEST: Refusal = { status: 400, code: 3, name: 'INVALID_ARGUMENT', message: 'The request is malformed.' }
const TOO_LARGE: Refusal = { status: 413, code: 3, name: 'INVALID_ARGUMENT', message: 'The body is larger than 1 MiB.' }
const UNAVAILABLE: Refusal = { status: 503, code: 14, name: 'UNAVAILABLE', message: 'Latchkey did not answer.' }

/** In the shape of Scalekit's REST errors, since the SDK reads this as well. */
function refuse(res: Outgoing, { status, code, name, message }: Refusal): void {
  const details = [{ '@type': ERROR_INFO_TYPE, error_code: name }]
  res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  res.end(JSON.stringify({ code, message, details }))
}
