import { describe, expect, it } from 'vitest'
import { twilio } from '../../../src/providers/sms/twilio.ts'
import { asked, overHttp, TEXT } from './message.ts'

const accountSid = `AC${'0a'.repeat(16)}`
const authToken = 'twilio-secret-twilio-secret'
const provider = overHttp(twilio({ accountSid, authToken, from: '+15005550006' }))

const form = async (from: string, senderId: string | null = null) =>
  Object.fromEntries(
    new URLSearchParams((await asked(overHttp(twilio({ accountSid, authToken, from })), { senderId })).body),
  )

describe('the request', () => {
  it('is the documented one', async () => {
    expect(await asked(provider)).toEqual({
      method: 'POST',
      url: `https://api.twilio.com/2010-04-01/Accounts/${accountSid}/Messages.json`,
      headers: {
        authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}`,
        'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
        'user-agent': 'latchkey',
      },
      body:
        'To=%2B12025550100&From=%2B15005550006&' +
        'Body=Your+code+for+Acme+is+482913.%0A%0A%40id.example.com+%23482913',
    })
  })

  it.each([
    ['a number', '+15005550006', null, { From: '+15005550006' }],
    ['a name', 'Acme', null, { From: 'Acme' }],
    ['a messaging service', `MG${'9f'.repeat(16)}`, null, { MessagingServiceSid: `MG${'9f'.repeat(16)}` }],
    ['a name that only begins like one', 'MGMotors', null, { From: 'MGMotors' }],
    ['the project’s name before a number', '+15005550006', 'Wile', { From: 'Wile' }],
    ['the project’s name before a messaging service', `MG${'9f'.repeat(16)}`, 'Wile', { From: 'Wile' }],
  ])('is sent by %s', async (_, from, senderId, sender) => {
    expect(await form(from, senderId)).toEqual({ To: TEXT.to, Body: TEXT.text, ...sender })
  })

  it('carries any script as it is: Twilio chooses the encoding', async () => {
    const { body } = await asked(provider, { text: 'Код: 482913 🔑' })
    expect(new URLSearchParams(body).get('Body')).toBe('Код: 482913 🔑')
  })
})

describe('the answer', () => {
  const sid = `SM${'1b'.repeat(16)}`
  const message = { sid, status: 'queued', error_code: null, error_message: null, to: TEXT.to }
  const error = (code: number, status = 400) => ({
    code,
    message: `The 'To' number ${TEXT.to} … ${authToken}`,
    more_info: `https://www.twilio.com/docs/errors/${code}`,
    status,
  })

  it.each(['queued', 'accepted', 'sending', 'sent'])('accepts it as %s', (status) => {
    expect(provider.read(201, JSON.stringify({ ...message, status }))).toEqual({ is: 'accepted', id: sid })
  })

  it.each([
    ['failed at once', 201, { ...message, status: 'failed', error_code: 30_001 }, '201 30001'],
    ['failed without saying why', 201, { ...message, status: 'failed' }, '201 not sent'],
    ['an error within a success', 200, error(21211), '200 21211'],
    ['no message', 201, { status: 'queued' }, '201'],
    ['a redirect', 302, null, '302'],
    ['credentials that are wrong', 401, error(20003, 401), '401 20003'],
    ['too many requests', 429, error(20429, 429), '429 20429'],
    ['an error of theirs', 500, error(20500, 500), '500 20500'],
    ['a permanent error with a status of theirs', 503, error(21211, 503), '503 21211'],
    ['a sender that is wrong', 400, error(21212), '400 21212'],
    ['a region that the account has not enabled', 400, error(21408), '400 21408'],
    ['a trial account', 400, error(21608), '400 21608'],
    ['no route from this sender', 400, error(21612), '400 21612'],
    ['a queue that is full', 400, error(21611), '400 21611'],
    ['an error that we do not know', 400, error(99999), '400 99999'],
    ['a code that is none', 400, { code: '21211' }, '400'],
  ])('%s: later', (_, status, body, detail) => {
    expect(provider.read(status, JSON.stringify(body))).toEqual({ is: 'later', detail })
  })

  it.each(['', 'captive portal', '[]', 'null', '"21211"', '{"code":'])('%j is no answer: later', (body) => {
    for (const status of [200, 201, 400])
      expect(provider.read(status, body)).toEqual({ is: 'later', detail: `${status}` })
  })

  it.each([
    ['not a number', 21211],
    ['out of reach', 21214],
    ['premium rate', 21268],
    ['unsubscribed', 21610],
    ['not a mobile number', 21614],
    ['longer than 1,600 characters', 21617],
  ])('%s: never', (_, code) => {
    expect(provider.read(400, JSON.stringify(error(code)))).toEqual({ is: 'never', detail: `400 ${code}` })
  })
})
