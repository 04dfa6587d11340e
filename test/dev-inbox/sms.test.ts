/** What the inbox takes for an SMS: our own requests, and its providers' documented refusals of what is wrong. */

import { describe, expect, it } from 'vitest'
import type { Envelope, MailApi } from '../../src/dev-inbox/mail-api.ts'
import { messagebird as messagebirdApi } from '../../src/dev-inbox/messagebird.ts'
import { twilio as twilioApi } from '../../src/dev-inbox/twilio.ts'
import { vonage as vonageApi } from '../../src/dev-inbox/vonage.ts'
import type { HttpProvider, ProviderText } from '../../src/providers/provider.ts'
import { messagebird } from '../../src/providers/sms/messagebird.ts'
import { twilio } from '../../src/providers/sms/twilio.ts'
import { vonage } from '../../src/providers/sms/vonage.ts'
import { overHttp, TEXT, textOf } from '../providers/sms/message.ts'

const SID = `AC${'0a'.repeat(16)}`
const SERVICE = `MG${'9f'.repeat(16)}`
const ID = '0b0e7d4e-9f3f-4c8e-8f59-3a1f5a0d1c2b'

const fromTwilio = (from: string) => overHttp(twilio({ accountSid: SID, authToken: 'secret', from }))
const fromVonage = (from: string) => overHttp(vonage({ apiKey: 'abcd1234', apiSecret: 'secret', from }))
const fromBird = (from: string) => overHttp(messagebird({ accessKey: 'secret', originator: from }))

/** What the inbox makes of a provider's request. */
async function taken(api: MailApi, provider: HttpProvider<ProviderText>, message: Partial<ProviderText> = {}) {
  const request = await provider.request({ ...TEXT, ...message })
  expect(new URL(request.url).host).toBe(api.host)
  return api.read(request, await textOf(request))
}

describe.each<[string, MailApi, (from: string) => HttpProvider<ProviderText>]>([
  ['Twilio', twilioApi, fromTwilio],
  ['Vonage', vonageApi, fromVonage],
  ['MessageBird', messagebirdApi, fromBird],
])('%s', (name, api, from) => {
  it.each([
    ['a name', 'Acme', {}, 'Acme'],
    ['a number', '+15005550006', {}, name === 'Twilio' ? '+15005550006' : '15005550006'],
    ['the project’s name', '+15005550006', { senderId: 'Wile Coyote' }, 'Wile Coyote'],
  ])('is understood as an SMS from %s', async (_, configured, message, shown) => {
    expect(await taken(api, from(configured), message)).toEqual({
      mail: { from: shown, to: ['+12025550100'], subject: '', text: TEXT.text, html: '' },
      key: null,
    })
  })

  it('may be of any script', async () => {
    const envelope = (await taken(api, from('Acme'), { text: 'Код: 482913 🔑' })) as Envelope
    expect(envelope.mail.text).toBe('Код: 482913 🔑')
  })

  it('is accepted as its provider reads it, with an id of its own', async () => {
    const answer = api.accepted(ID)
    const read = from('Acme').read(answer.status, await answer.text())
    expect(read).toEqual({ is: 'accepted', id: expect.stringMatching(/^(SM)?[0-9a-fA-F]{32}$/) })
  })

  it('plays outages, which its provider reads as such', async () => {
    for (const status of [500, 429] as const) {
      const answer = api.down(status)
      expect(from('Acme').read(answer.status, await answer.text())).toMatchObject({ is: 'later' })
    }
  })

  it('says no to a number that is none, and its provider never asks again', async () => {
    const refusal = await taken(api, from('Acme'), { to: '+1202' })
    if (!(refusal instanceof Response)) throw new Error('taken')
    const read = from('Acme').read(refusal.status, await refusal.text())
    // Vonage has one status for every parameter that is wrong, also for our sender.
    expect(read.is).toBe(name === 'Vonage' ? 'later' : 'never')
  })

  it.each([
    ['a path', '/elsewhere', 'POST', 404],
    ['a method', null, 'PUT', 405],
  ])('refuses %s that it does not have', async (_, path, method, status) => {
    const request = await from('Acme').request(TEXT)
    const url = path === null ? request.url : new URL(path, request.url)
    const refusal = api.read(new Request(url, { method, headers: request.headers }), await textOf(request))
    expect((refusal as Response).status).toBe(status)
  })
})

describe('Twilio', () => {
  const form = (change: Record<string, string | null> = {}) => {
    const fields = { To: '+12025550100', From: 'Acme', Body: 'Hello', ...change }
    return Object.entries(fields).flatMap(([name, value]) => (value === null ? [] : [[name, value]]))
  }
  const ask = (change: Record<string, string | null>, authorization = `Basic ${btoa(`${SID}:secret`)}`) =>
    twilioApi.read(
      new Request(`https://api.twilio.com/2010-04-01/Accounts/${SID}/Messages.json`, {
        method: 'POST',
        headers: { authorization },
      }),
      new URLSearchParams(form(change)).toString(),
    )

  it('may be from a messaging service', () => {
    expect(ask({ From: null, MessagingServiceSid: SERVICE })).toMatchObject({ mail: { from: SERVICE } })
  })

  it('may be of an API key', () => {
    expect(ask({}, `Basic ${btoa(`SK${'1'.repeat(32)}:secret`)}`)).toMatchObject({ key: null })
  })

  it.each<[string, Record<string, string | null>, number]>([
    ['no number', { To: null }, 21604],
    ['a number without a plus', { To: '12025550100' }, 21211],
    ['a number with spaces', { To: '+1 202 555 0100' }, 21211],
    ['no sender', { From: null }, 21603],
    ['too long a sender', { From: 'TwelveLetter' }, 21212],
    ['a messaging service that is none', { MessagingServiceSid: 'MG1' }, 21212],
    ['no text', { Body: '' }, 21602],
    ['too long a text', { Body: 'x'.repeat(1601) }, 21617],
  ])('refuses %s', async (_, change, code) => {
    const refusal = ask(change) as Response
    expect(refusal.status).toBe(400)
    expect(await refusal.json()).toEqual({
      code,
      message: expect.any(String),
      more_info: `https://www.twilio.com/docs/errors/${code}`,
      status: 400,
    })
  })

  it.each([
    ['nobody', ''],
    ['a bearer', 'Bearer secret'],
    ['another account', `Basic ${btoa(`AC${'1'.repeat(32)}:secret`)}`],
    ['no secret', `Basic ${btoa(`${SID}:`)}`],
    ['no base64', 'Basic !'],
  ])('refuses %s', async (_, authorization) => {
    const refusal = ask({}, authorization) as Response
    expect(refusal.status).toBe(401)
    expect(await refusal.json()).toMatchObject({ code: 20003 })
  })
})

describe('Vonage', () => {
  const ask = (change: Record<string, string>) => {
    const fields = { api_key: 'k', api_secret: 's', from: 'Acme', to: '12025550100', text: 'Hello', ...change }
    const request = new Request('https://rest.nexmo.com/sms/json', { method: 'POST' })
    return vonageApi.read(request, new URLSearchParams(fields).toString()) as Response
  }

  it.each<[string, Record<string, string>, string]>([
    ['no key', { api_key: '' }, '2'],
    ['no secret', { api_secret: '' }, '2'],
    ['no sender', { from: '' }, '2'],
    ['no number', { to: '' }, '2'],
    ['no text', { text: '' }, '2'],
    ['a number with a plus', { to: '+12025550100' }, '3'],
    ['a type that is none', { type: 'utf8' }, '3'],
    ['too long a reference', { 'client-ref': 'x'.repeat(41) }, '3'],
    ['too long a sender', { from: 'TwelveLetter' }, '15'],
  ])('refuses %s, with 200', async (_, change, status) => {
    const refusal = ask(change)
    expect(refusal.status).toBe(200)
    expect(await refusal.json()).toEqual({
      'message-count': '1',
      messages: [{ status, 'error-text': expect.any(String) }],
    })
  })

  it('throttles with 200', async () => {
    const answer = vonageApi.down(429)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ messages: [{ status: '1' }] })
  })
})

describe('MessageBird', () => {
  const message = { recipients: ['12025550100'], originator: 'Acme', body: 'Hello' }
  const ask = (body: unknown, authorization = 'AccessKey secret') => {
    const request = new Request('https://rest.messagebird.com/messages', { method: 'POST', headers: { authorization } })
    return messagebirdApi.read(request, typeof body === 'string' ? body : JSON.stringify(body))
  }

  it.each<[string, unknown, string[]]>([
    ['numbers as text', ['12025550100', '447400123456'], ['+12025550100', '+447400123456']],
    ['numbers with commas', '12025550100,447400123456', ['+12025550100', '+447400123456']],
    ['a number as a number', [12025550100], ['+12025550100']],
  ])('may be to %s', (_, recipients, to) => {
    expect(ask({ ...message, recipients })).toMatchObject({ mail: { to } })
  })

  it.each<[string, unknown, number, string]>([
    ['no number', { recipients: [] }, 9, 'recipients'],
    ['a number that is none', { recipients: ['Ada'] }, 9, 'recipients'],
    ['too many', { recipients: Array(51).fill('12025550100') }, 9, 'recipients'],
    ['no sender', { originator: undefined }, 9, 'originator'],
    ['too long a sender', { originator: 'TwelveLetter' }, 10, 'originator'],
    ['no text', { body: '' }, 9, 'body'],
    ['a text that is none', { body: 1 }, 10, 'body'],
    ['an encoding that is none', { datacoding: 'utf8' }, 10, 'datacoding'],
  ])('refuses %s', async (_, change, code, parameter) => {
    const refusal = ask({ ...message, ...(change as object) }) as Response
    expect(refusal.status).toBe(422)
    expect(await refusal.json()).toEqual({ errors: [{ code, description: expect.any(String), parameter }] })
  })

  it.each(['', 'null', '[]', '{'])('refuses %j, which is no message', (body) => {
    expect((ask(body) as Response).status).toBe(422)
  })

  it.each(['', 'Bearer secret', 'AccessKey '])('refuses %j', async (authorization) => {
    const refusal = ask(message, authorization) as Response
    expect(refusal.status).toBe(401)
    expect(await refusal.json()).toEqual({
      errors: [{ code: 2, description: 'Request not allowed (incorrect access_key)', parameter: 'access_key' }],
    })
  })
})
