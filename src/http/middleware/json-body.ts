import { bodyLimit } from 'hono/body-limit'
import { createMiddleware } from 'hono/factory'
import type { HonoRequest } from 'hono/request'
import { readJsonText } from '../../lib/strict-json.ts'
import type { AppEnv } from '../context.ts'
import { problem } from '../problem.ts'

/**
 * Lets a JSON body through that is small enough, typed, and plain. An empty body without a content type is `{}`. The schema
 * of the route follows.
 * @param maxSize bytes, counted while reading
 */
export const jsonBody = (maxSize = 16 * 1024) =>
  [
    bodyLimit({
      maxSize,
      onError: (c) => problem(c, 'body_too_large', `The body may have at most ${maxSize} bytes.`),
    }),
    createMiddleware<AppEnv>(async (c, next) => {
      const type = c.req.header('content-type')
      const bytes = new Uint8Array(await c.req.raw.arrayBuffer())
      if (bytes.length === 0 && type === undefined) return next()
      if (!/^application\/(merge-patch\+)?json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(type ?? '')) {
        return problem(c, 'unsupported_media_type', 'Send the body as content-type: application/json.')
      }
      const text = readJsonText(bytes)
      if (!text.ok) return problem(c, 'invalid_request', text.error, { errors: [{ path: '', message: text.error }] })
      keepText(c.req, text.value)
      await next()
    }),
  ] as const

/** For the schema, which would have Hono make a Response of the bytes to read them again. Its cache holds promises. */
const keepText = (request: HonoRequest, text: string) =>
  Object.assign(request.bodyCache, { text: Promise.resolve(text) })
