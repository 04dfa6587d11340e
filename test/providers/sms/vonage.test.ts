import { describe, expect, it } from 'vitest'
import { vonage } from '../../../src/providers/sms/vonage.ts'
import { asked, overHttp, type TEXT } from './message.ts'

const apiSecret = 'vonagesecret0001'
const account = { apiKey: 'abcd1234', apiSecret, from: 'Acme' }
const provider = overHttp(vonage(account))

const form = async (message: Partial<typeof TEXT>, from = account.from) =>
  Object.fromEntries(new URLSearchParams((await asked(overHttp(vonage({ ...account, from })), message)).body))

describe('the request', () => {
  it('is the documented one', async () => {
    expect(await asked(provider)).toEqual({
      method: 'POST',
      url: 'https://rest.nexmo.com/sms/json',
      headers: { 'content-type': 'application/x-www-form-urlencoded;charset=UTF-8', 'user-agent': 'latchkey' },
      body:
        'api_key=abcd1234&api_secret=vonagesecret0001&from=Acme&to=12025550100&' +
        'text=Your+code+for+Acme+is+482913.%0A%0A%40id.example.com+%23482913&' +
        'type=text&client-ref=msg_000000000000000000000000001',
    })
  })

  it('has no plus before a number', async () => {
    expect(await form({}, '+447700900001')).toMatchObject({ from: '447700900001', to: '12025550100' })
  })

  it('is sent by the project’s name', async () => {
    expect(await form({ senderId: 'Wile' }, '+447700900001')).toMatchObject({ from: 'Wile' })
  })

  it.each([
    ['Ihr Code für Straße: 482913 €', 'text'],
    ['Код: 482913', 'unicode'],
    ['It’s 482913', 'unicode'],
    ['482913 🔑', 'unicode'],
  ])('carries %s as %s', async (text, type) => {
    expect(await form({ text })).toMatchObject({ text, type })
  })

  it('has a reference within the 40 characters of the documentation', async () => {
    expect((await form({}))['client-ref']?.length).toBeLessThanOrEqual(40)
  })
})

describe('the answer', () => {
  const part = { to: '12025550100', 'message-id': '0A0000000123ABCD1', status: '0', 'remaining-balance': '3.14' }
  const answer = (...messages: unknown[]) => JSON.stringify({ 'message-count': `${messages.length}`, messages })
  const error = (status: string) => ({ status, 'error-text': `to address is not valid ${apiSecret}` })

  it('accepts it', () => {
    expect(provider.read(200, answer(part))).toEqual({ is: 'accepted', id: '0A0000000123ABCD1' })
  })

  it('accepts it in parts, with the id of the first', () => {
    const parts = answer(part, { ...part, 'message-id': '0A0000000123ABCD2' })
    expect(provider.read(200, parts)).toEqual({ is: 'accepted', id: '0A0000000123ABCD1' })
  })

  it('accepts it without an id', () => {
    expect(provider.read(200, answer({ status: '0' }))).toEqual({ is: 'accepted', id: null })
  })

  it.each([
    ['throttled', '1'],
    ['a missing parameter', '2'],
    ['an invalid parameter', '3'],
    ['invalid credentials', '4'],
    ['an internal error', '5'],
    ['an account that is barred', '8'],
    ['no credit', '9'],
    ['too many binds', '10'],
    ['an account without HTTP', '11'],
    ['an invalid signature', '14'],
    ['an invalid sender', '15'],
    ['an invalid network code', '22'],
    ['an invalid callback', '23'],
    ['an account in demo mode', '29'],
    ['a signature beside a secret', '32'],
    ['a status that we do not know', '99'],
  ])('%s within a 200: later', (_, status) => {
    expect(provider.read(200, answer(error(status)))).toEqual({ is: 'later', detail: `200 ${status}` })
  })

  it.each([
    ['a number that cannot be processed', '6'],
    ['a barred number', '7'],
    ['too long a text', '12'],
    ['a deactivated number', '33'],
  ])('%s within a 200: never', (_, status) => {
    expect(provider.read(200, answer(error(status)))).toEqual({ is: 'never', detail: `200 ${status}` })
  })

  it('does not accept what was taken in part', () => {
    expect(provider.read(200, answer(part, error('1')))).toEqual({ is: 'later', detail: '200 1' })
  })

  it.each([
    ['an error of theirs', 500, '', '500'],
    ['a permanent status with an error of theirs', 503, answer(error('6')), '503 6'],
    ['too many requests', 429, answer(error('1')), '429 1'],
    ['credentials that are wrong', 401, '{"title":"Unauthorized"}', '401'],
    ['a success with another status', 302, answer(part), '302'],
    ['no messages', 200, answer(), '200'],
    ['a message without a status', 200, answer({ 'message-id': '1' }), '200'],
    ['a status that is none', 200, answer({ status: `0 ${apiSecret}` }), '200'],
    ['no JSON', 200, 'captive portal', '200'],
    ['nothing', 200, '', '200'],
  ])('%s: later', (_, status, body, detail) => {
    expect(provider.read(status, body)).toEqual({ is: 'later', detail })
  })
})
