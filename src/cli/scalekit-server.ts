/** One port for all that Scalekit's SDK speaks: gRPC over HTTP/2, and HTTP/1.1 for tokens and keys. */

import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import {
  createServer as createHttp2,
  createSecureServer,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { createContextValues } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { createPassThrough, type Incoming, MAX_BODY_BYTES, type Outgoing, type PassThrough } from './pass-through.ts'
import { outcomeKey, passwordlessRoutes } from './scalekit-rpc.ts'

const UPSTREAM_WITHIN_MS = 10_000
/** Time for a client to send its request, over what Latchkey is given to answer it. */
const SEND_WITHIN_MS = 10_000
const DROP_FOR_MS = 1_000
const IDLE_SESSION_MS = 120_000
const SLOW_SENDERS = { headersTimeout: SEND_WITHIN_MS, requestTimeout: SEND_WITHIN_MS }

export type FrontOptions = {
  upstream: URL
  host: string
  /** 0 takes a free one. */
  port: number
  tls?: { cert: Buffer | string; key: Buffer | string }
  log: (line: string) => void
  upstreamWithinMs?: number
}

export type Front = {
  port: number
  /** Refuses what is new, finishes what is under way. */
  close(): Promise<void>
}

export async function startFront(options: FrontOptions): Promise<Front> {
  const { upstream, host, tls, upstreamWithinMs = UPSTREAM_WITHIN_MS } = options
  const passThrough = createPassThrough(upstream, upstreamWithinMs)
  const answer = createAnswer(options, passThrough, upstreamWithinMs)
  const sessions = new Set<ServerHttp2Session>()
  const undecided = new Set<Socket>()
  const settings = { maxConcurrentStreams: 100 }

  const http2 = tls
    ? createSecureServer({ ...tls, allowHTTP1: true, settings }, answer)
    : createHttp2({ settings }, answer)
  Object.assign(http2, SLOW_SENDERS)
  http2.setTimeout(IDLE_SESSION_MS)
  http2.on('session', (session: ServerHttp2Session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
  })
  const server = tls
    ? http2
    : bothVersions(createServer(answer), (socket) => http2.emit('connection', socket), undecided)
  server.listen(options.port, host)
  await once(server, 'listening')

  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of undecided) socket.destroy()
      for (const session of sessions) session.close()
      if ('keepAliveTimeout' in server) server.keepAliveTimeout = 1
      await closed
      passThrough.close()
    },
  }
}

/**
 * Without TLS nothing is negotiated: a client that wants HTTP/2 simply starts with its preface (RFC 9113 §3.4), whose
 * first word is reserved as a method of HTTP/1.1. The HTTP/1.1 server itself listens, and not a bare socket server in
 * front of both, because Node watches over slow senders only from a server that listens.
 */
function bothVersions(http1: Server, toHttp2: (socket: Socket) => void, undecided: Set<Socket>): Server {
  const [toHttp1] = http1.listeners('connection')
  http1.removeAllListeners('connection')
  Object.assign(http1, SLOW_SENDERS)
  http1.on('connection', (socket: Socket) => {
    undecided.add(socket)
    const silent = setTimeout(() => socket.destroy(), SEND_WITHIN_MS)
    socket.once('close', decided)
    socket.on('error', () => {})
    socket.on('readable', decide)

    function decide(): void {
      const start: Buffer | null = socket.read(3)
      if (start === null) return
      decided()
      socket.unshift(start)
      const isHttp2 = start.toString('latin1') === 'PRI'
      // An HTTP/1.1 server leaves a socket half open; in HTTP/2 whoever ends its half is gone.
      socket.allowHalfOpen = !isHttp2
      if (isHttp2) toHttp2(socket)
      else toHttp1?.call(http1, socket)
    }

    function decided(): void {
      clearTimeout(silent)
      undecided.delete(socket)
      socket.off('readable', decide)
      socket.off('close', decided)
    }
  })
  return http1
}

// --- one request ----------------------------------------------------------------------------------------------------

type Answer = (req: Incoming, res: ServerResponse | Http2ServerResponse) => void

function createAnswer({ upstream, log }: FrontOptions, { pass }: PassThrough, upstreamWithinMs: number): Answer {
  const outcomes = new WeakMap<Incoming, { code?: number }>()
  const dispatch = connectNodeAdapter({
    routes: passwordlessRoutes({ url: upstream, timeoutMs: upstreamWithinMs }),
    grpcWeb: false,
    connect: false,
    readMaxBytes: MAX_BODY_BYTES,
    contextValues: (req) => createContextValues().set(outcomeKey, outcomes.get(req) ?? {}),
    fallback: (req, res) => (isGrpc(req) ? refuseCall(res as Outgoing) : pass(req, res as Outgoing)),
  })
  return (req, either) => {
    const res = either as Outgoing
    const [startedAt, outcome] = [performance.now(), {}]
    outcomes.set(req, outcome)
    // Whatever waits for whom: nothing is held open for longer.
    const late = setTimeout(() => res.destroy(), upstreamWithinMs + SEND_WITHIN_MS)
    req.on('error', () => {})
    res.on('error', () => {})
    dropTheRest(req, res)
    res.once('close', () => {
      clearTimeout(late)
      log(`${nameOf(req)} ${statusOf(req, res, outcome)} ${Math.round(performance.now() - startedAt)} ms`)
    })
    try {
      dispatch(req, res)
    } catch {
      // A :authority that is none, for example.
      res.writeHead(400)
      res.end()
    }
  }
}

/**
 * Once the answer is out, the rest of a refused body is read and dropped: to a client that still sends, a reset would
 * look like a failure on the way. HTTP/2 clients may simply stop, so there it ends soon (RFC 9113 §8.1).
 */
function dropTheRest(req: Incoming, res: Outgoing): void {
  if (!('stream' in req)) return void res.once('finish', () => req.resume())
  const { stream } = req
  stream.once('finish', () => {
    if (stream.readableEnded) return
    stream.removeAllListeners('data').resume()
    setTimeout(() => stream.close(), DROP_FOR_MS)
  })
}

const isGrpc = (req: Incoming): boolean =>
  req.httpVersionMajor === 2 && /^application\/grpc\b/.test(req.headers['content-type'] ?? '')

/** The SDK has many more services. A REST answer would look to it like an outage, which it retries, or a stale token. */
function refuseCall(res: Outgoing): void {
  const message = 'Latchkey has only the PasswordlessService.'
  res.writeHead(200, { 'content-type': 'application/grpc', 'grpc-status': '12', 'grpc-message': message })
  res.end()
}

/** A path may hold a token or an address; only one that is known to hold neither is named. */
const NAMED = new Set(['/oauth/token', '/oauth/authorize', '/keys', '/oidc/logout', '/healthz'])
const CALL = /^\/scalekit\.v1\.auth\.passwordless\.PasswordlessService\/((?:Send|Resend|Verify)PasswordlessEmail)$/
const REST_CALL = /^\/api\/v1\/passwordless\/email\/(?:send|resend|verify)$/

function nameOf({ method = '', url = '' }: Incoming): string {
  const [path = ''] = url.split('?', 1)
  const [, call] = CALL.exec(path) ?? []
  return call ?? `${method} ${NAMED.has(path) || REST_CALL.test(path) ? path : '(another path)'}`
}

function statusOf(req: Incoming, res: Outgoing, { code }: { code?: number }): string {
  if (code !== undefined) return `gRPC ${code}`
  if (!res.headersSent) return 'closed'
  return isGrpc(req) ? 'refused' : String(res.statusCode)
}
