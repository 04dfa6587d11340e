/** What providers tell afterwards: who may tell, and what is made of it. Samples are the providers' documented ones. */

import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../src/lib/bytes.ts'
import type { CallbackProvider } from '../../../src/ports.ts'
import { readCallback } from '../../../src/providers/mail/callbacks.ts'

const NOW = 1_800_000_000_000
const OURS = { message_id: 'msg_000000000000000000000000001', project_id: 'proj_00000000000000000000000001' }
const FROM_US = { messageId: OURS.message_id, projectId: OURS.project_id }
const FROM_ELSEWHERE = { messageId: null, projectId: null }

const base64 = (bytes: Uint8Array) => btoa(String.fromCharCode(...bytes))

// --- who may tell ---------------------------------------------------------------------------------------------------

const RESEND_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const POSTMARK_SECRET = 'a-token-of-the-operator'

async function byResend(body: string, { secret = RESEND_SECRET, at = NOW, id = 'msg_1' } = {}): Promise<Headers> {
  const raw = Uint8Array.from(atob(secret.slice('whsec_'.length)), (char) => char.charCodeAt(0))
  const key = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  const timestamp = String(Math.floor(at / 1000))
  const mac = await crypto.subtle.sign('HMAC', key, utf8(`${id}.${timestamp}.${body}`))
  return new Headers({
    'svix-id': id,
    'svix-timestamp': timestamp,
    'svix-signature': `v1,${base64(new Uint8Array(mac))}`,
  })
}

async function byPostmark(_: string, { secret = POSTMARK_SECRET } = {}): Promise<Headers> {
  return new Headers({ authorization: `Basic ${btoa(`latchkey:${secret}`)}` })
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const keyPair = async () => (await crypto.subtle.generateKey(ECDSA, true, ['sign', 'verify'])) as CryptoKeyPair
const [sendgridKey, otherKey] = await Promise.all([keyPair(), keyPair()])
const SENDGRID_SECRET = base64(
  new Uint8Array((await crypto.subtle.exportKey('spki', sendgridKey.publicKey)) as ArrayBuffer),
)

/** RFC 3279 §2.2.3, as it is written. */
function der(raw: Uint8Array): Uint8Array {
  const integer = (half: Uint8Array) => {
    const digits = half.slice(
      Math.max(
        0,
        half.findIndex((byte) => byte !== 0),
      ),
    )
    const signed = (digits[0] ?? 0) >= 0x80 ? [0, ...digits] : [...digits]
    return [0x02, signed.length, ...signed]
  }
  const both = [...integer(raw.slice(0, 32)), ...integer(raw.slice(32))]
  return Uint8Array.from([0x30, both.length, ...both])
}

async function bySendgrid(body: string, { key = sendgridKey.privateKey, at = NOW } = {}): Promise<Headers> {
  const timestamp = String(Math.floor(at / 1000))
  const raw = new Uint8Array(await crypto.subtle.sign(ECDSA, key, utf8(timestamp + body)))
  return new Headers({
    'x-twilio-email-event-webhook-signature': base64(der(raw)),
    'x-twilio-email-event-webhook-timestamp': timestamp,
  })
}

const resendDelivered = JSON.stringify({
  type: 'email.delivered',
  created_at: '2026-02-22T23:41:12.126Z',
  data: { email_id: '56761188-7520-42d8-8898-ff6fc54ce618', to: ['ada@example.com'], tags: OURS },
})
const postmarkDelivered = JSON.stringify({
  RecordType: 'Delivery',
  Recipient: 'ada@example.com',
  DeliveredAt: '2026-02-22T23:41:12Z',
  Metadata: OURS,
})
const sendgridDelivered = JSON.stringify([
  { email: 'ada@example.com', timestamp: 1_771_803_672, event: 'delivered', ...OURS },
])

type Provider = {
  secret: string
  body: string
  sign: (body: string) => Promise<Headers>
  signWrongly: (body: string) => Promise<Headers>
}
const PROVIDERS: Record<CallbackProvider, Provider> = {
  resend: {
    secret: RESEND_SECRET,
    body: resendDelivered,
    sign: byResend,
    signWrongly: (body) => byResend(body, { secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }),
  },
  postmark: {
    secret: POSTMARK_SECRET,
    body: postmarkDelivered,
    sign: byPostmark,
    signWrongly: (body) => byPostmark(body, { secret: 'a-token-of-an-attackerX' }),
  },
  sendgrid: {
    secret: SENDGRID_SECRET,
    body: sendgridDelivered,
    sign: bySendgrid,
    signWrongly: (body) => bySendgrid(body, { key: otherKey.privateKey }),
  },
}
const ALL = Object.entries(PROVIDERS) as [CallbackProvider, Provider][]
const SIGNED = ALL.filter(([name]) => name !== 'postmark')

describe.each(ALL)('a callback of %s', (name, { secret, body, sign, signWrongly }) => {
  const read = (headers: Headers, given = body) => readCallback(name, secret, headers, given, NOW)

  it('is read', async () => {
    expect(await read(await sign(body))).toEqual([
      {
        ...FROM_US,
        recipient: 'ada@example.com',
        event: 'delivered',
        permanent: false,
        detail: expect.stringMatching(/^deliver(?:ed|y)$/i),
        at: 1_771_803_672,
      },
    ])
  })

  it('with another key is not', async () => {
    expect(await read(await signWrongly(body))).toBeNull()
  })

  it('without one of its headers is not', async () => {
    const headers = await sign(body)
    for (const missing of headers.keys()) {
      const rest = new Headers(headers)
      rest.delete(missing)
      expect(await read(rest), missing).toBeNull()
      rest.set(missing, '')
      expect(await read(rest), missing).toBeNull()
    }
    expect(await read(new Headers())).toBeNull()
  })

  it.each(['no JSON', '', '"text"', '5', 'null'])('that says %j is not, though it is genuine', async (given) => {
    expect(await read(await sign(given), given)).toBeNull()
  })

  it('of more than a megabyte is not, though it is genuine', async () => {
    const huge = JSON.stringify(['x'.repeat(1_100_000)])
    expect(await read(await sign(huge), huge)).toBeNull()
  })

  it.each([
    '{}',
    '[]',
    '[null,5,"",[],{}]',
    '{"type":"constructor","RecordType":"constructor"}',
    '{"type":"email.opened","data":{"to":["ada@example.com"]}}',
    '{"type":"email.clicked","data":{"to":["ada@example.com"]}}',
    '{"type":"contact.created","data":{}}',
    '{"type":"email.delivered","data":{"to":[]}}',
    '{"type":"email.delivered","data":{"to":"ada@example.com"}}',
    '{"type":"email.delivered"}',
    '{"RecordType":"Open","Recipient":"ada@example.com"}',
    '{"RecordType":"Click","Recipient":"ada@example.com"}',
    '{"RecordType":"Delivery","Recipient":5}',
    '{"RecordType":"Bounce","Email":"ada@example.com","Type":"constructor"}',
    '{"RecordType":"Bounce","Email":"ada@example.com"}',
    '[{"event":"processed","email":"ada@example.com"},{"event":"open","email":"ada@example.com"}]',
    '[{"event":"click","email":"ada@example.com"},{"event":"group_unsubscribe","email":"ada@example.com"}]',
    '[{"event":"toString","email":"ada@example.com"},{"event":"delivered","email":{}}]',
  ])('that tells of none of our business is read, and nothing is in it: %s', async (given) => {
    expect(await read(await sign(given), given)).toEqual([])
  })
})

describe.each(SIGNED)('a signed callback of %s', (name, { secret, body, sign }) => {
  const read = (headers: Headers, given = body, nowMs = NOW) => readCallback(name, secret, headers, given, nowMs)

  it('is not read when a byte was changed', async () => {
    const headers = await sign(body)
    expect(await read(headers, body.replace('ada@', 'bob@'))).toBeNull()
    expect(await read(headers, `${body} `)).toBeNull()
    expect(await read(headers, body.slice(1))).toBeNull()
  })

  it('is not read when its time was changed', async () => {
    const headers = await sign(body)
    const timestamp = [...headers.keys()].find((header) => header.endsWith('timestamp')) ?? ''
    headers.set(timestamp, String(NOW / 1000 + 1))
    expect(await read(headers)).toBeNull()
  })

  it('is read for five minutes, and not when it is sent again later', async () => {
    const headers = await sign(body)
    expect(await read(headers, body, NOW + 300_000)).toHaveLength(1)
    expect(await read(headers, body, NOW + 301_000)).toBeNull()
    // A clock that is ahead, ours or theirs.
    expect(await read(headers, body, NOW - 300_000)).toHaveLength(1)
    expect(await read(headers, body, NOW - 301_000)).toBeNull()
  })

  it.each(['', 'soon', '-1', '1e9', '1800000000.5', '9999999999999'])('is not read with the time %j', async (time) => {
    const headers = await sign(body)
    const timestamp = [...headers.keys()].find((header) => header.endsWith('timestamp')) ?? ''
    headers.set(timestamp, time)
    expect(await read(headers)).toBeNull()
  })
})

describe('Resend’s signature', () => {
  const read = (headers: Headers, secret = RESEND_SECRET) =>
    readCallback('resend', secret, headers, resendDelivered, NOW)

  // https://docs.svix.com/receiving/verifying-payloads/how-manual
  it('is the one of the documentation’s sample', async () => {
    const headers = new Headers({
      'svix-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'svix-timestamp': '1614265330',
      'svix-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    })
    const body = '{"test": 2432232314}'
    const at = 1_614_265_330_000
    expect(await readCallback('resend', RESEND_SECRET, headers, body, at)).toEqual([])
    expect(await readCallback('resend', RESEND_SECRET, headers, body.replace('2', '3'), at)).toBeNull()
  })

  it('may be one of several', async () => {
    const headers = await byResend(resendDelivered)
    const right = headers.get('svix-signature')
    headers.set('svix-signature', `v1,${btoa('x'.repeat(32))} v1a,${btoa('y'.repeat(64))} ${right}`)
    expect(await read(headers)).toHaveLength(1)
    headers.set('svix-signature', `${`v1,${btoa('x'.repeat(32))} `.repeat(10_000)}${right}`)
    expect(await read(headers)).toBeNull()
  })

  it.each(['v1,', 'v1', 'v2,', ','])('does not count as %j', async (version) => {
    const headers = await byResend(resendDelivered)
    const [, mac = ''] = headers.get('svix-signature')?.split(',') ?? []
    headers.set('svix-signature', version === 'v1,' ? version : `${version}${mac}`)
    expect(await read(headers)).toBeNull()
  })

  it.each(['', 'whsec_', 'whsec_!!!', RESEND_SECRET.slice('whsec_'.length)])(
    'is not made with the secret %j',
    async (secret) => {
      expect(await read(await byResend(resendDelivered), secret)).toBeNull()
    },
  )
})

describe('Postmark’s token', () => {
  const read = (headers: Record<string, string>, secret = POSTMARK_SECRET) =>
    readCallback('postmark', secret, new Headers(headers), postmarkDelivered, NOW)

  it('is a password, or stands in a header', async () => {
    expect(await read({ authorization: `Basic ${btoa(`anybody:${POSTMARK_SECRET}`)}` })).toHaveLength(1)
    expect(await read({ 'x-latchkey-token': POSTMARK_SECRET })).toHaveLength(1)
  })

  it.each<Record<string, string>>([
    { authorization: `Basic ${btoa(POSTMARK_SECRET)}` },
    { authorization: `Basic ${btoa(`${POSTMARK_SECRET}:`)}` },
    { authorization: `Basic ${btoa(`anybody:${POSTMARK_SECRET}x`)}` },
    { authorization: `Basic ${btoa(`anybody:${POSTMARK_SECRET.slice(1)}`)}` },
    { authorization: `Bearer ${POSTMARK_SECRET}` },
    { authorization: 'Basic !!!' },
    { 'x-latchkey-token': '' },
    { 'x-latchkey-token': POSTMARK_SECRET.toUpperCase() },
  ])('is not %j', async (headers) => {
    expect(await read(headers)).toBeNull()
  })

  it('lets nobody in where there is none', async () => {
    expect(await read({ authorization: `Basic ${btoa('anybody:')}` }, '')).toBeNull()
    expect(await read({ 'x-latchkey-token': '' }, '')).toBeNull()
  })
})

describe('SendGrid’s signature', () => {
  const read = (headers: Headers) => readCallback('sendgrid', SENDGRID_SECRET, headers, sendgridDelivered, NOW)

  it('has numbers of every length', async () => {
    // Every second one begins with a set bit, one of 256 with a zero byte.
    for (let round = 0; round < 600; round++) expect(await read(await bySendgrid(sendgridDelivered))).toHaveLength(1)
  })

  it('is verified over text that is not ASCII', async () => {
    const body = JSON.stringify([{ email: 'ada@example.com', event: 'delivered', reason: 'Größe 会社 🔑' }])
    expect(await readCallback('sendgrid', SENDGRID_SECRET, await bySendgrid(body), body, NOW)).toHaveLength(1)
  })

  it.each<[string, (der: Uint8Array) => Uint8Array]>([
    ['cut off', (der) => der.slice(0, -1)],
    ['of more than it says', (der) => Uint8Array.from([...der, 0])],
    ['empty', () => new Uint8Array()],
    ['of more than two numbers', (der) => Uint8Array.from([0x30, der.length, ...der.slice(2), 5, 0])],
    ['a sequence of nothing', () => Uint8Array.from([0x30, 0])],
    ['two empty numbers', () => Uint8Array.from([0x30, 4, 2, 0, 2, 0])],
    ['two zeros', () => Uint8Array.from([0x30, 6, 2, 1, 0, 2, 1, 0])],
    ['one number', (der) => Uint8Array.from([0x30, (der[3] ?? 0) + 2, ...der.slice(2, 4 + (der[3] ?? 0))])],
    ['a number that is longer than its signature', () => Uint8Array.from([0x30, 4, 2, 60, 1, 2])],
    ['a number of 40 bytes', () => Uint8Array.from([0x30, 46, 2, 40, ...new Array(40).fill(1), 2, 2, 1, 1])],
    ['in the raw form', () => new Uint8Array(64).fill(1)],
    ['no sequence', (der) => Uint8Array.from([0x31, ...der.slice(1)])],
  ])('is not one that is %s', async (_, change) => {
    const headers = await bySendgrid(sendgridDelivered)
    const right = Uint8Array.from(atob(headers.get('x-twilio-email-event-webhook-signature') ?? ''), (char) =>
      char.charCodeAt(0),
    )
    headers.set('x-twilio-email-event-webhook-signature', base64(change(right)))
    expect(await read(headers)).toBeNull()
  })

  it.each(['!!!', 'a', '====', '=AAA'])('is not %j', async (text) => {
    const headers = await bySendgrid(sendgridDelivered)
    headers.set('x-twilio-email-event-webhook-signature', text)
    expect(await read(headers)).toBeNull()
  })
})

// --- what is made of it ---------------------------------------------------------------------------------------------

type Told = [what: string, given: Record<string, unknown>, event: string, permanent: boolean, detail: string]

const told = async (name: CallbackProvider, given: unknown) => {
  const body = JSON.stringify(given)
  const { secret, sign } = PROVIDERS[name]
  return readCallback(name, secret, await sign(body), body, NOW)
}

describe('Resend tells', () => {
  const payload = (type: string, data: Record<string, unknown> = {}) => ({
    type,
    created_at: '2024-11-22T23:41:12.126Z',
    data: {
      created_at: '2024-11-22T23:41:11.894719+00:00',
      email_id: '56761188-7520-42d8-8898-ff6fc54ce618',
      from: 'Acme <onboarding@resend.dev>',
      to: ['delivered@resend.dev'],
      subject: 'Sending this example',
      tags: OURS,
      ...data,
    },
  })
  const bounce = (type?: string, subType?: string) => ({ bounce: { message: 'to ada@example.com', type, subType } })

  it.each<Told>([
    ['delivered', payload('email.delivered'), 'delivered', false, 'delivered'],
    [
      'suppressed',
      payload('email.bounced', bounce('Permanent', 'Suppressed')),
      'bounced',
      true,
      'Permanent Suppressed',
    ],
    ['bounced hard', payload('email.bounced', bounce('Permanent', 'General')), 'bounced', true, 'Permanent General'],
    [
      'bounced softly',
      payload('email.bounced', bounce('Transient', 'MailboxFull')),
      'bounced',
      false,
      'Transient MailboxFull',
    ],
    ['nobody knows', payload('email.bounced', bounce('Undetermined')), 'bounced', false, 'Undetermined'],
    ['older events name no type', payload('email.bounced', bounce()), 'bounced', false, 'bounced'],
    ['no bounce in it', payload('email.bounced'), 'bounced', false, 'bounced'],
    ['a type that is a text', payload('email.bounced', bounce('to ada@example.com')), 'bounced', false, 'bounced'],
    ['complained', payload('email.complained'), 'complained', true, 'complained'],
    ['delayed', payload('email.delivery_delayed'), 'deferred', false, 'delivery_delayed'],
    ['on its own list', payload('email.suppressed'), 'bounced', true, 'suppressed'],
    ['failed', payload('email.failed', { failed: { reason: 'reached_daily_quota' } }), 'bounced', false, 'failed'],
  ])('%s', async (_, given, event, permanent, detail) => {
    expect(await told('resend', given)).toEqual([
      { ...FROM_US, recipient: 'delivered@resend.dev', event, permanent, detail, at: 1_732_318_872 },
    ])
  })

  it.each([undefined, null, [], 'x', { message_id: 5 }, { message_id: '../../x', project_id: '' }])(
    'of a mail that is not ours: tags %j',
    async (tags) => {
      expect(await told('resend', payload('email.delivered', { tags }))).toMatchObject([FROM_ELSEWHERE])
    },
  )
})

describe('Postmark tells', () => {
  // https://postmarkapp.com/developer/webhooks/bounce-webhook
  const bounce = (Type: string, change: Record<string, unknown> = {}) => ({
    RecordType: 'Bounce',
    MessageStream: 'outbound',
    ID: 42,
    Type,
    TypeCode: 1,
    Name: 'Hard bounce',
    Tag: 'Test',
    MessageID: '883953f4-6105-42a2-a16a-77a8eac79483',
    Metadata: OURS,
    ServerID: 23,
    Description: 'The server was unable to deliver your message (ex: unknown user, mailbox not found).',
    Details: 'to john@example.com',
    Email: 'john@example.com',
    From: 'sender@example.com',
    BouncedAt: '2019-11-05T16:33:54.9070259Z',
    DumpAvailable: true,
    Inactive: true,
    CanActivate: true,
    Subject: 'Test subject',
    ...change,
  })
  const change = (SuppressSending: boolean, SuppressionReason: string | null) => ({
    RecordType: 'SubscriptionChange',
    MessageID: '883953f4-6105-42a2-a16a-77a8eac79483',
    ServerID: 123456,
    MessageStream: 'outbound',
    ChangedAt: '2019-11-05T16:33:54.9070259Z',
    Recipient: 'john@example.com',
    Origin: 'Recipient',
    SuppressSending,
    SuppressionReason,
    Metadata: OURS,
  })

  it.each<Told>([
    ['bounced hard', bounce('HardBounce'), 'bounced', true, 'HardBounce'],
    ['no address', bounce('BadEmailAddress'), 'bounced', true, 'BadEmailAddress'],
    ['tries again', bounce('Transient'), 'deferred', false, 'Transient'],
    ['no name server', bounce('DnsError'), 'deferred', false, 'DnsError'],
    ['bounced softly', bounce('SoftBounce'), 'bounced', false, 'SoftBounce'],
    ['blocked', bounce('Blocked'), 'bounced', false, 'Blocked'],
    ['held for spam', bounce('SpamNotification'), 'bounced', false, 'SpamNotification'],
    ['switched off by the operator', bounce('ManuallyDeactivated'), 'bounced', false, 'ManuallyDeactivated'],
    ['nobody knows', bounce('Unknown'), 'bounced', false, 'Unknown'],
    ['complained', bounce('SpamComplaint', { RecordType: 'SpamComplaint' }), 'complained', true, 'SpamComplaint'],
    ['complained, as a bounce', bounce('SpamComplaint'), 'complained', true, 'SpamComplaint'],
    ['no more mail: hard', change(true, 'HardBounce'), 'bounced', true, 'HardBounce'],
    ['no more mail: complaint', change(true, 'SpamComplaint'), 'complained', true, 'SpamComplaint'],
    ['no more mail: by hand', change(true, 'ManualSuppression'), 'bounced', false, 'ManualSuppression'],
  ])('%s', async (_, given, event, permanent, detail) => {
    expect(await told('postmark', given)).toEqual([
      { ...FROM_US, recipient: 'john@example.com', event, permanent, detail, at: 1_572_971_634 },
    ])
  })

  it.each([
    ...['AutoResponder', 'AddressChange', 'ChallengeVerification', 'Subscribe', 'OpenRelayTest'].map((type) =>
      bounce(type),
    ),
    change(false, null),
    change(false, 'HardBounce'),
  ])('out-of-office and the like is no bounce: $Type $SuppressSending', async (given) => {
    expect(await told('postmark', given)).toEqual([])
  })

  it('of a mail that is not ours, at a time it does not say', async () => {
    const given = bounce('HardBounce', { Metadata: { message_id: 'x y' }, BouncedAt: 'yesterday' })
    expect(await told('postmark', given)).toMatchObject([{ ...FROM_ELSEWHERE, at: NOW / 1000 }])
  })
})

describe('SendGrid tells', () => {
  // https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
  const entry = (event: string, change: Record<string, unknown> = {}) => ({
    email: 'example@test.com',
    timestamp: 1513299569,
    'smtp-id': '<14c5d75ce93.dfd.64b469@ismtpd-555>',
    event,
    category: 'cat facts',
    sg_event_id: 'sg_event_id',
    sg_message_id: 'sg_message_id',
    ...OURS,
    ...change,
  })
  const bounce = { reason: '500 unknown recipient example@test.com', status: '5.0.0' }

  it.each<Told>([
    ['delivered', entry('delivered', { response: '250 OK' }), 'delivered', false, 'delivered'],
    ['deferred', entry('deferred', { response: '400 try again later', attempt: '5' }), 'deferred', false, 'deferred'],
    ['bounced', entry('bounce', { ...bounce, type: 'bounce' }), 'bounced', true, 'bounce 5.0.0'],
    ['blocked', entry('bounce', { ...bounce, type: 'blocked' }), 'bounced', false, 'blocked 5.0.0'],
    ['a bounce of no known type', entry('bounce', bounce), 'bounced', false, 'bounce 5.0.0'],
    [
      'a status that is a text',
      entry('bounce', { type: 'bounce', status: 'to example@test.com' }),
      'bounced',
      true,
      'bounce',
    ],
    ['not tried: bounced', entry('dropped', { reason: 'Bounced Address' }), 'bounced', true, 'dropped bounced-address'],
    ['not tried: invalid', entry('dropped', { reason: 'Invalid' }), 'bounced', true, 'dropped invalid'],
    [
      'not tried: complained',
      entry('dropped', { reason: 'Spam Reporting Address' }),
      'complained',
      true,
      'dropped spam-reporting-address',
    ],
    [
      'not tried: unsubscribed',
      entry('dropped', { reason: 'Unsubscribed Address' }),
      'bounced',
      false,
      'dropped unsubscribed-address',
    ],
    ['not tried: else', entry('dropped', { reason: 'Spam Content of example@test.com' }), 'bounced', false, 'dropped'],
    ['not tried: inherited', entry('dropped', { reason: 'constructor' }), 'bounced', false, 'dropped'],
    ['complained', entry('spamreport'), 'complained', true, 'spamreport'],
  ])('%s', async (_, given, event, permanent, detail) => {
    expect(await told('sendgrid', [given])).toEqual([
      { ...FROM_US, recipient: 'example@test.com', event, permanent, detail, at: 1_513_299_569 },
    ])
  })

  it('of many at once, in their order', async () => {
    const given = ['processed', 'deferred', 'open', 'delivered', 'spamreport'].map((event) => entry(event))
    const events = (await told('sendgrid', given))?.map(({ event }) => event)
    expect(events).toEqual(['deferred', 'delivered', 'complained'])
  })

  it('of a mail that is not ours, at a time it does not say', async () => {
    const given = [entry('delivered', { message_id: { a: 1 }, project_id: 'a'.repeat(65), timestamp: '1513299569' })]
    expect(await told('sendgrid', given)).toMatchObject([{ ...FROM_ELSEWHERE, at: NOW / 1000 }])
  })
})
