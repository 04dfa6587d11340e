/**
 * Entry of [env.dev]: index.ts and, in front of it, the inbox. Never deployed: were it, an attacker could read everyone's
 * links, so it answers nothing at all unless both the issuer and the host that was asked are this machine.
 */

import type { InboxEnv } from './dev-inbox/inbox-object.ts'
import { inboxRoutes } from './dev-inbox/routes.tsx'
import type { Env } from './env.ts'
import index from './index.ts'

export { InboxMail } from './dev-inbox/inbox-mail.ts'
export { Inbox } from './dev-inbox/inbox-object.ts'
export * from './index.ts'

const latchkey: ExportedHandler<Env> = index

export default {
  async fetch(request, env, ctx) {
    if (!isLoopback(env.ISSUER) || !isLoopback(request.url)) return notHere()
    const { pathname } = new URL(request.url)
    if (/^\/(?:dev\/inbox(?:\/.*)?)?$/.test(pathname)) return inboxRoutes.fetch(request, env, ctx)
    return (await latchkey.fetch?.(request, env, ctx)) ?? notHere()
  },
  async scheduled(controller, env, ctx) {
    if (isLoopback(env.ISSUER)) await latchkey.scheduled?.(controller, env, ctx)
  },
} satisfies ExportedHandler<Env & InboxEnv>

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

function isLoopback(url: string): boolean {
  return URL.canParse(url) && LOOPBACK.includes(new URL(url).hostname)
}

function notHere(): Response {
  return new Response('The development server answers on localhost only.\n', { status: 404 })
}
