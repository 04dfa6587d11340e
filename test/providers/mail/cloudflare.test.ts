import { describe, expect, it } from 'vitest'
import { cloudflare } from '../../../src/providers/mail/cloudflare.ts'
import type { ProviderMail } from '../../../src/providers/provider.ts'
import { HARMLESS_SUBJECT, HOSTILE_SUBJECT, MAIL, NAMES, PICTURED } from './mail.ts'

/** The binding, which keeps what it is given. */
function binding(send: () => Promise<unknown> = async () => ({ messageId: 'cf-1' })) {
  const given: Record<string, any>[] = []
  const email = {
    send: (mail: Record<string, any>) => {
      given.push(mail)
      return send()
    },
  } as unknown as SendEmail
  return { given, hand: (mail: Partial<ProviderMail> = {}) => cloudflare(email).hand({ ...MAIL, ...mail }) }
}

const error = (code: unknown) => Object.assign(new Error('the mail to ada@example.com was not taken'), { code })

describe('Cloudflare Email Service', () => {
  it('is given what its documentation of send() says', async () => {
    const { given, hand } = binding()
    expect(await hand()).toEqual({ is: 'accepted', id: 'cf-1' })
    expect(given).toEqual([
      {
        from: { email: 'sign-in@acme.example', name: 'Acme' },
        to: 'ada@example.com',
        subject: MAIL.subject,
        html: MAIL.html,
        text: MAIL.text,
        headers: { 'Auto-Submitted': 'auto-generated' },
        attachments: [],
      },
    ])
  })

  it('gets pictures as inline attachments with a content id', async () => {
    const { given, hand } = binding()
    await hand(PICTURED)
    const [picture] = given[0]?.attachments ?? []
    expect(picture).toMatchObject({ disposition: 'inline', contentId: 'logo', filename: 'logo.png', type: 'image/png' })
    expect([...picture.content.slice(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47])
  })

  it.each(NAMES)('from %j', async (name, shown) => {
    const { given, hand } = binding()
    await hand({ from: { ...MAIL.from, name }, subject: HOSTILE_SUBJECT })
    expect(given[0]).toMatchObject({
      from: { email: 'sign-in@acme.example', name: shown },
      subject: HARMLESS_SUBJECT,
    })
  })

  // https://developers.cloudflare.com/email-service/api/send-emails/workers-api/#error-codes
  it.each([
    ['E_VALIDATION_ERROR', 'never'],
    ['E_FIELD_MISSING', 'never'],
    ['E_TOO_MANY_RECIPIENTS', 'later'],
    ['E_SENDER_NOT_VERIFIED', 'later'],
    ['E_RECIPIENT_NOT_ALLOWED', 'later'],
    ['E_RECIPIENT_SUPPRESSED', 'never'],
    ['E_SENDER_DOMAIN_NOT_AVAILABLE', 'later'],
    ['E_CONTENT_TOO_LARGE', 'never'],
    ['E_DELIVERY_FAILED', 'later'],
    ['E_RATE_LIMIT_EXCEEDED', 'later'],
    ['E_DAILY_LIMIT_EXCEEDED', 'later'],
    ['E_INTERNAL_SERVER_ERROR', 'later'],
    ['E_HEADER_NOT_ALLOWED', 'later'],
    ['E_HEADER_USE_API_FIELD', 'later'],
    ['E_HEADER_VALUE_INVALID', 'later'],
    ['E_HEADER_VALUE_TOO_LONG', 'later'],
    ['E_HEADER_NAME_INVALID', 'later'],
    ['E_HEADERS_TOO_LARGE', 'later'],
    ['E_HEADERS_TOO_MANY', 'later'],
  ])('%s: %s', async (code, is) => {
    expect(await binding(() => Promise.reject(error(code))).hand()).toEqual({ is, detail: code })
  })

  it.each([undefined, 5, 'to ada@example.com', 'E_ada@example.com', `E_${'A'.repeat(100)}`])(
    'a code of %j is not kept, nor is the message',
    async (code) => {
      expect(await binding(() => Promise.reject(error(code))).hand()).toEqual({ is: 'later', detail: 'no answer' })
    },
  )

  it('has not accepted without an id', async () => {
    expect(await binding(async () => undefined).hand()).toEqual({ is: 'later', detail: 'no message id' })
  })
})
