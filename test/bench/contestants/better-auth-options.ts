/** better-auth as its documentation sets it up; the same for Workers and Node. */

import type { BetterAuthOptions } from 'better-auth'
import { emailOTP, magicLink } from 'better-auth/plugins'

export type Setup = {
  database: NonNullable<BetterAuthOptions['database']>
  baseURL: string
  secret: string
  send(mail: { to: string; link?: string; code?: string }): Promise<void>
}

/** Its limits are off, as ours are wide: the bench asks for thousands of mails from one address. */
export const optionsOf = ({ database, baseURL, secret, send }: Setup) =>
  ({
    database,
    baseURL,
    secret,
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { level: 'error' },
    plugins: [
      magicLink({ expiresIn: 900, sendMagicLink: ({ email, url }) => send({ to: email, link: url }) }),
      emailOTP({ expiresIn: 900, sendVerificationOTP: ({ email, otp }) => send({ to: email, code: otp }) }),
    ],
  }) satisfies BetterAuthOptions

/** It has no refresh tokens. What comes nearest is a session check that prolongs the session, here each time. */
export const renewingOptionsOf = (setup: Setup) =>
  ({ ...optionsOf(setup), basePath: '/api/renew', session: { updateAge: 0 } }) satisfies BetterAuthOptions
