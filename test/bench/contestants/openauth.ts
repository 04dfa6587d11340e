/** OpenAuth's code provider on Workers with KV: https://openauth.js.org/docs/provider/code, /docs/storage/cloudflare */

import { env } from 'cloudflare:workers'
import { issuer } from '@openauthjs/openauth'
import { CodeProvider } from '@openauthjs/openauth/provider/code'
import { CloudflareStorage } from '@openauthjs/openauth/storage/cloudflare'
import { createSubjects } from '@openauthjs/openauth/subject'

const { CODES, MAIL } = env as unknown as {
  CODES: Parameters<typeof CloudflareStorage>[0]['namespace']
  MAIL: { fetch: typeof fetch }
}

/**
 * It asks KV to keep a code for 60 s less what has passed since it looked at the clock, and KV refuses 59: some sign-ins fail.
 * Not here.
 */
const namespace: typeof CODES = Object.assign(Object.create(CODES), {
  get: CODES.get.bind(CODES),
  delete: CODES.delete.bind(CODES),
  list: CODES.list.bind(CODES),
  put: (key: string, value: string, options?: { expirationTtl?: number }) =>
    CODES.put(key, value, options?.expirationTtl ? { expirationTtl: Math.max(60, options.expirationTtl) } : {}),
})

const anything = { '~standard': { version: 1 as const, vendor: 'bench', validate: (value: unknown) => ({ value }) } }

// It logs every request; a hundred a second to a terminal would be measured too.
console.log = () => {}

export default issuer({
  providers: {
    code: CodeProvider({
      request: async (_request, state) => new Response(state.type),
      async sendCode({ email }, code) {
        const mail = JSON.stringify({ to: email, code })
        const answer = await MAIL.fetch('https://mail.test/', { method: 'POST', body: mail })
        await answer.text()
      },
    }),
  },
  storage: CloudflareStorage({ namespace }),
  subjects: createSubjects({ user: anything as never }),
  allow: async () => true,
  success: async (context, value) => context.subject('user', { email: value.claims.email }),
})
