/** POST /callbacks/{provider}: what a mail provider tells later of a message. Signed, or refused. */

import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { recordReport } from '../domain/suppressions/suppression.ts'
import { isId } from '../lib/ids.ts'
import { CALLBACK_PROVIDERS, type CallbackProvider } from '../ports.ts'
import type { AppEnv } from './context.ts'
import { problem } from './problem.ts'

/** SendGrid sends events by the hundred. */
const MAX_BYTES = 1024 * 1024
const SECRETS: Record<CallbackProvider, string> = {
  resend: 'RESEND_WEBHOOK_SECRET',
  postmark: 'POSTMARK_WEBHOOK_TOKEN',
  sendgrid: 'SENDGRID_WEBHOOK_PUBLIC_KEY',
}

export function callbacks() {
  const app = new Hono<AppEnv>()
  for (const provider of CALLBACK_PROVIDERS) {
    app.post(
      `/${provider}`,
      bodyLimit({
        maxSize: MAX_BYTES,
        onError: (c) => problem(c, 'body_too_large', `The body may have at most ${MAX_BYTES} bytes.`),
      }),
      async (c) => {
        const { deps } = c.var
        const secret = deps.config.callbacks[provider]
        if (secret === null) {
          return problem(c, 'not_found', `Callbacks of ${provider} are off: set the secret ${SECRETS[provider]}.`)
        }
        const events = await deps.readCallback(provider, secret, {
          headers: c.req.raw.headers,
          body: await c.req.text(),
        })
        if (events === null) {
          return problem(
            c,
            'unauthorized',
            `The signature does not fit ${SECRETS[provider]}, or is older than 5 minutes.`,
          )
        }
        // One after the other: a callback of a hundred events must not be a hundred questions to D1 at once.
        for (const { projectId, messageId, ...event } of events) {
          if (!projectId || !messageId || !isId('proj', projectId) || !isId('msg', messageId)) continue
          await recordReport(deps, provider, { projectId, messageId, ...event })
        }
        return c.body(null, 204)
      },
    )
  }
  return app
}
