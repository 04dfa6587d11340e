import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { hiddenInputs } from '../support/html.ts'
import { startDevServer } from '../support/server.ts'

/** Presses a link as a browser would, and brings the grant of the redirect. */
async function press(link: string): Promise<string> {
  const page = await fetch(link)
  const cookie = page.headers
    .getSetCookie()
    .map((text) => text.split(';')[0])
    .join('; ')
  const origin = new URL(link).origin
  const pressed = await fetch(`${origin}/auth/magic-link`, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin, cookie, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(hiddenInputs(await page.text())),
  })
  expect(pressed.status).toBe(303)
  return new URL(pressed.headers.get('location') ?? '').searchParams.get('code') ?? ''
}

describe('SIGKILL', () => {
  it('between press and exchange loses nothing, and nothing comes back to life', async () => {
    const persistTo = await mkdtemp(join(tmpdir(), 'latchkey-crash-'))
    try {
      let server = await startDevServer({ persistTo })
      const email = 'crash@example.com'
      const body = { email, redirect_uri: 'http://localhost:3000/callback' }
      await server.api('/v1/passwordless/send', body)
      const [message] = await server.inbox.messages(email)
      const link = message?.links[0] ?? ''
      const grant = await press(link)
      await server.kill('SIGKILL')

      server = await startDevServer({ persistTo, port: server.port })
      const headers = { 'idempotency-key': 'after-the-crash' }
      const verified = await server.api('/v1/passwordless/verify', { token: grant }, headers)
      expect(verified.user).toMatchObject({ email })
      await server.kill('SIGKILL')

      server = await startDevServer({ persistTo, port: server.port })
      // The answer may have been lost in the crash: the same request brings the same session.
      const again = await server.api('/v1/passwordless/verify', { token: grant }, headers)
      expect([again.session_id, again.refresh_token]).toEqual([verified.session_id, verified.refresh_token])
      expect(await server.api('/v1/passwordless/verify', { token: grant })).toMatchObject({ code: 'already_used' })
      const sessions = await server.api(`/v1/users/${verified.user.id}/sessions`)
      // Reusing a grant ends what it issued, the session row itself stays one.
      expect(sessions.data).toHaveLength(1)
      await server.stop()
    } finally {
      await rm(persistTo, { recursive: true, force: true })
    }
  })
})
