/** What an operator sets for messages: read, checked, and told by name what is wrong with it. */

import { describe, expect, it } from 'vitest'
import { type Env, readEnv } from '../../../src/env.ts'
import { ConfigurationError } from '../../../src/lib/configuration-error.ts'

const BASE = {
  ISSUER: 'https://id.acme.example',
  LATCHKEY_SECRET: 'test-secret-test-secret-test-secret-0001',
  LATCHKEY_ROOT_KEY: 'lk_root_test_test_test_test_test_test_test',
}
const EVERYTHING = {
  MAIL_PROVIDERS: ' ses, cloudflare ,resend,postmark,sendgrid,mailgun',
  MAIL_FROM: 'Acme <sign-in@acme.example>',
  RESEND_API_KEY: 're_1',
  POSTMARK_TOKEN: 'pm-1',
  POSTMARK_MESSAGE_STREAM: 'sign-in',
  SENDGRID_API_KEY: 'SG.1',
  MAILGUN_API_KEY: 'key-1',
  MAILGUN_DOMAIN: 'mg.acme.example',
  MAILGUN_REGION: 'eu',
  SES_ACCESS_KEY_ID: 'AKID',
  SES_SECRET_ACCESS_KEY: 'wJalr/XUtn+FEMI',
  SES_REGION: 'us-gov-west-1',
  EMAIL: { send: () => {} },
  RESEND_WEBHOOK_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  POSTMARK_WEBHOOK_TOKEN: 'sixteen-letters!',
  SENDGRID_WEBHOOK_PUBLIC_KEY: `MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE${'A'.repeat(86)}==`,
  SMS_PROVIDERS: 'messagebird,twilio,vonage',
  TWILIO_ACCOUNT_SID: `AC${'0a'.repeat(16)}`,
  TWILIO_AUTH_TOKEN: 'twilio-1',
  TWILIO_FROM: '+15005550006',
  VONAGE_API_KEY: 'abcd1234',
  VONAGE_API_SECRET: 'vonage-1',
  VONAGE_FROM: 'Acme',
  MESSAGEBIRD_ACCESS_KEY: 'bird-1',
  MESSAGEBIRD_ORIGINATOR: 'Acme',
}

const read = (variables: Record<string, unknown> = {}) => readEnv({ ...BASE, ...variables } as unknown as Env)

/** What is said of these variables. */
function complaint(variables: Record<string, unknown>): string {
  try {
    read(variables)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
  throw new Error('nothing is wrong with that')
}

describe('the settings of mail and SMS', () => {
  it('may be left out', () => {
    expect(read()).toMatchObject({
      mail: { providers: [], from: null },
      sms: { providers: [] },
      callbacks: { resend: null, postmark: null, sendgrid: null },
    })
    const empty = Object.fromEntries(Object.keys(EVERYTHING).map((name) => [name, '']))
    expect(read(empty)).toEqual(read())
  })

  it('may all be there, the providers in their order', () => {
    expect(read(EVERYTHING)).toMatchObject({
      mail: {
        providers: ['ses', 'cloudflare', 'resend', 'postmark', 'sendgrid', 'mailgun'],
        from: 'sign-in@acme.example',
        resend: { apiKey: 're_1' },
        postmark: { token: 'pm-1', stream: 'sign-in' },
        sendgrid: { apiKey: 'SG.1' },
        mailgun: { apiKey: 'key-1', domain: 'mg.acme.example', region: 'eu' },
        ses: { accessKeyId: 'AKID', secretAccessKey: 'wJalr/XUtn+FEMI', region: 'us-gov-west-1' },
      },
      sms: {
        providers: ['messagebird', 'twilio', 'vonage'],
        twilio: { accountSid: EVERYTHING.TWILIO_ACCOUNT_SID, authToken: 'twilio-1', from: '+15005550006' },
        vonage: { apiKey: 'abcd1234', apiSecret: 'vonage-1', from: 'Acme' },
        messagebird: { accessKey: 'bird-1', originator: 'Acme' },
      },
      callbacks: {
        resend: EVERYTHING.RESEND_WEBHOOK_SECRET,
        postmark: EVERYTHING.POSTMARK_WEBHOOK_TOKEN,
        sendgrid: EVERYTHING.SENDGRID_WEBHOOK_PUBLIC_KEY,
      },
    })
  })

  it('have documented defaults', () => {
    expect(read().mail).toMatchObject({ postmark: { stream: 'outbound' }, mailgun: { region: 'us' } })
  })

  it.each([
    ['sign-in@acme.example', 'sign-in@acme.example'],
    ['  Acme, Inc. <sign-in@acme.example> ', 'sign-in@acme.example'],
    ['"Acme <x@y.example>" <sign-in@acme.example>', 'sign-in@acme.example'],
  ])('MAIL_FROM %j', (from, address) => {
    expect(read({ MAIL_FROM: from }).mail.from).toBe(address)
  })

  it.each([
    [{ MAIL_PROVIDERS: 'resend' }, ['RESEND_API_KEY', 'MAIL_FROM']],
    [{ MAIL_PROVIDERS: 'postmark' }, ['POSTMARK_TOKEN', 'MAIL_FROM']],
    [{ MAIL_PROVIDERS: 'sendgrid' }, ['SENDGRID_API_KEY', 'MAIL_FROM']],
    [{ MAIL_PROVIDERS: 'mailgun' }, ['MAILGUN_API_KEY', 'MAILGUN_DOMAIN', 'MAIL_FROM']],
    [{ MAIL_PROVIDERS: 'ses' }, ['SES_ACCESS_KEY_ID', 'SES_SECRET_ACCESS_KEY', 'SES_REGION', 'MAIL_FROM']],
    [{ MAIL_PROVIDERS: 'cloudflare' }, ['EMAIL', '[[send_email]]', 'MAIL_FROM']],
    [{ SMS_PROVIDERS: 'twilio' }, ['TWILIO_ACCOUNT_SID', 'TWILIO_AUTH_TOKEN', 'TWILIO_FROM']],
    [{ SMS_PROVIDERS: 'vonage' }, ['VONAGE_API_KEY', 'VONAGE_API_SECRET', 'VONAGE_FROM']],
    [{ SMS_PROVIDERS: 'messagebird' }, ['MESSAGEBIRD_ACCESS_KEY', 'MESSAGEBIRD_ORIGINATOR']],
  ])('%j alone: every variable that is missing is named at once', (variables, names) => {
    const message = complaint(variables)
    for (const name of names) expect(message).toContain(name)
    expect(message).toContain('npx wrangler secret put NAME')
  })

  it('the second of two is looked at before the first is down', () => {
    const variables = { MAIL_PROVIDERS: 'resend,postmark', MAIL_FROM: 'a@acme.example', RESEND_API_KEY: 're_1' }
    expect(complaint(variables)).toContain('POSTMARK_TOKEN is not set; the provider postmark needs it')
  })

  it.each([
    [
      { MAIL_PROVIDERS: 'resend,sparkpost' },
      'MAIL_PROVIDERS does not know the provider "sparkpost"; known: resend, postmark',
    ],
    [{ MAIL_PROVIDERS: 'twilio' }, 'MAIL_PROVIDERS does not know the provider "twilio"'],
    [{ MAIL_PROVIDERS: 'resend,ses,resend' }, 'MAIL_PROVIDERS names a provider twice'],
    [
      { SMS_PROVIDERS: 'resend' },
      'SMS_PROVIDERS does not know the provider "resend"; known: twilio, vonage, messagebird',
    ],
    [{ SMS_PROVIDERS: 'twilio, twilio' }, 'SMS_PROVIDERS names a provider twice'],
    [{ MAIL_FROM: 'Acme' }, 'MAIL_FROM must be an address'],
    [{ MAIL_FROM: 'Acme <>' }, 'MAIL_FROM must be an address'],
    [{ MAIL_FROM: 'a@b@acme.example' }, 'MAIL_FROM must be an address'],
    [{ MAIL_FROM: 'a@acme.example\r\nBcc: x@y.example' }, 'MAIL_FROM must be an address'],
    [{ MAIL_FROM: 'a@acme.example, b@acme.example' }, 'MAIL_FROM must be an address'],
    [{ POSTMARK_MESSAGE_STREAM: 'Sign in' }, 'POSTMARK_MESSAGE_STREAM must be'],
    [{ MAILGUN_DOMAIN: 'https://mg.acme.example' }, 'MAILGUN_DOMAIN must be a domain'],
    [{ MAILGUN_DOMAIN: 'mg.acme.example/../../v4' }, 'MAILGUN_DOMAIN must be a domain'],
    [{ MAILGUN_REGION: 'asia' }, 'MAILGUN_REGION must be us or eu'],
    [{ SES_REGION: 'Frankfurt' }, 'SES_REGION must be a region'],
    [{ SES_REGION: 'eu-central-1.attacker.example' }, 'SES_REGION must be a region'],
    [{ RESEND_WEBHOOK_SECRET: 're_secret-of-another-kind' }, 'RESEND_WEBHOOK_SECRET must be the signing secret'],
    [{ RESEND_WEBHOOK_SECRET: 'whsec_c2hvcnQ=' }, 'RESEND_WEBHOOK_SECRET must be the signing secret'],
    [{ POSTMARK_WEBHOOK_TOKEN: 'fifteen-letters' }, 'POSTMARK_WEBHOOK_TOKEN must have at least 16'],
    [
      { SENDGRID_WEBHOOK_PUBLIC_KEY: '-----BEGIN PUBLIC KEY-----' },
      'SENDGRID_WEBHOOK_PUBLIC_KEY must be the verification key',
    ],
    [{ TWILIO_ACCOUNT_SID: 'SK0000' }, 'TWILIO_ACCOUNT_SID must be AC and 32'],
    [{ TWILIO_FROM: 'A name that is too long' }, 'TWILIO_FROM must be a number'],
    [{ MESSAGEBIRD_ORIGINATOR: '<script>' }, 'MESSAGEBIRD_ORIGINATOR must be a number'],
  ])('%j', (variables, message) => {
    expect(complaint(variables)).toContain(message)
  })

  it.each(
    Object.entries(EVERYTHING)
      .filter(([name]) => /KEY|TOKEN|SECRET|SID/.test(name))
      .map(([name]) => name),
  )('%s with a line’s end, as a pasted one has: told without its value', (name) => {
    for (const value of ['se\u200bcret-value', 'secret-value\n', 'secret value', 'secret-value\0']) {
      const message = complaint({ [name]: value })
      expect(message).toContain(name)
      expect(message).not.toContain('cret-value')
      expect(message).not.toContain('secret value')
    }
  })

  it('several at once are told at once', () => {
    const message = complaint({ ISSUER: '', MAIL_PROVIDERS: 'resend', MAILGUN_REGION: 'asia' })
    for (const name of ['ISSUER', 'RESEND_API_KEY', 'MAIL_FROM', 'MAILGUN_REGION']) expect(message).toContain(name)
  })
})
