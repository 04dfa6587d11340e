import { describe, expect, it } from 'vitest'
import { messagebird } from '../../../src/providers/sms/messagebird.ts'
import { asked, overHttp, TEXT } from './message.ts'

const accessKey = 'bird-secret-bird-secret'
const provider = overHttp(messagebird({ accessKey, originator: 'Acme' }))

const json = async (message: Partial<typeof TEXT>, originator = 'Acme') =>
  JSON.parse((await asked(overHttp(messagebird({ accessKey, originator })), message)).body)

describe('the request', () => {
  it('is the documented one', async () => {
    const { body, ...rest } = await asked(provider)
    expect(rest).toEqual({
      method: 'POST',
      url: 'https://rest.messagebird.com/messages',
      headers: {
        authorization: `AccessKey ${accessKey}`,
        accept: 'application/json',
        'content-type': 'application/json',
        'user-agent': 'latchkey',
      },
    })
    expect(JSON.parse(body)).toEqual({
      originator: 'Acme',
      recipients: ['12025550100'],
      body: TEXT.text,
      datacoding: 'auto',
      reference: TEXT.id,
    })
  })

  it('has no plus before a number', async () => {
    expect(await json({}, '+31612345678')).toMatchObject({ originator: '31612345678', recipients: ['12025550100'] })
  })

  it('is sent by the project’s name', async () => {
    expect(await json({ senderId: 'Wile' })).toMatchObject({ originator: 'Wile' })
  })

  it('leaves the encoding of any script to MessageBird', async () => {
    expect(await json({ text: 'Код: 482913 🔑' })).toMatchObject({ body: 'Код: 482913 🔑', datacoding: 'auto' })
  })
})

describe('the answer', () => {
  const message = {
    id: 'e8077d803532c0b5937c639b60216938',
    href: 'https://rest.messagebird.com/messages/e8077d803532c0b5937c639b60216938',
    direction: 'mt',
    recipients: { totalCount: 1, totalSentCount: 1, items: [{ recipient: 12025550100, status: 'sent' }] },
  }
  const error = (code: number, parameter: string | null, description = `x ${accessKey}`) => ({
    code,
    description,
    parameter,
  })
  const errors = (...list: unknown[]) => ({ errors: list })
  const noSuchNumber = error(9, 'recipients', 'no (correct) recipients found')

  it.each([200, 201])('accepts it with %d', (status) => {
    expect(provider.read(status, JSON.stringify(message))).toEqual({ is: 'accepted', id: message.id })
  })

  it.each([
    ['credentials that are wrong', 401, errors(error(2, 'access_key')), '401 2 access_key'],
    ['a sender that is wrong', 422, errors(error(10, 'originator')), '422 10 originator'],
    [
      'a sender that is missing beside a number that is wrong',
      422,
      errors(noSuchNumber, error(9, 'originator')),
      '422 9 recipients 9 originator',
    ],
    [
      'a number that an account on trial may not send to',
      422,
      errors(error(9, 'recipients', 'no (correct) recipients found. Note: during your test period …')),
      '422 9 recipients',
    ],
    ['no balance', 422, errors(error(25, null)), '422 25'],
    ['a parameter that we do not know', 422, errors(error(10, accessKey)), '422 10'],
    ['an endpoint that is gone', 404, errors(error(98, null)), '404 98'],
    ['too many requests', 429, '', '429'],
    ['an error of theirs', 500, errors(error(99, null)), '500 99'],
    ['a wrong number with an error of theirs', 503, errors(noSuchNumber), '503 9 recipients'],
    ['an error within a success', 200, errors(noSuchNumber), '200 9 recipients'],
    ['an error beside a success', 201, { ...message, ...errors(error(99, null)) }, '201 99'],
    ['no message', 201, {}, '201'],
    ['no errors', 422, errors(), '422'],
    [
      'what failed at once',
      201,
      { ...message, recipients: { items: [{ status: 'delivery_failed' }] } },
      '201 delivery_failed',
    ],
    ['a redirect', 302, message, '302'],
  ])('%s: later', (_, status, body, detail) => {
    expect(provider.read(status, JSON.stringify(body))).toEqual({ is: 'later', detail })
  })

  it.each(['', 'captive portal', '[]', 'null', '{"errors":'])('%j is no answer: later', (body) => {
    for (const status of [200, 201, 422])
      expect(provider.read(status, body)).toEqual({ is: 'later', detail: `${status}` })
  })

  it.each([
    ['a number that is none', errors(noSuchNumber), '422 9 recipients'],
    ['a number that is none, as of old', errors({ ...noSuchNumber, parameter: 'recipient' }), '422 9 recipient'],
    ['a text that is none', errors(error(10, 'body')), '422 10 body'],
  ])('%s: never', (_, body, detail) => {
    expect(provider.read(422, JSON.stringify(body))).toEqual({ is: 'never', detail })
  })
})
