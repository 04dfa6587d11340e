import { describe, expect, it } from 'vitest'
import { mailgun } from '../../../src/providers/mail/mailgun.ts'
import type { ProviderMail } from '../../../src/providers/provider.ts'
import { HARMLESS_SUBJECT, HOSTILE_SUBJECT, MAIL, NAMES, PICTURED, quoted } from './mail.ts'

const provider = mailgun({ apiKey: 'key-secret', domain: 'mg.acme.example', region: 'us' })

async function form(mail: Partial<ProviderMail> = {}) {
  const request = await provider.request({ ...MAIL, ...mail })
  return request.formData()
}

describe('Mailgun', () => {
  it('is asked as its documentation of POST /v3/{domain}/messages says, and tracks nothing', async () => {
    const request = await provider.request(MAIL)
    expect(request.method).toBe('POST')
    expect(request.url).toBe('https://api.mailgun.net/v3/mg.acme.example/messages')
    expect(Object.fromEntries(request.headers)).toEqual({
      authorization: `Basic ${btoa('api:key-secret')}`,
      'content-type': expect.stringMatching(/^multipart\/form-data; ?boundary=/),
      'user-agent': 'latchkey',
    })
    expect(Object.fromEntries(await request.formData())).toEqual({
      from: 'Acme <sign-in@acme.example>',
      to: 'ada@example.com',
      subject: MAIL.subject,
      text: MAIL.text,
      html: MAIL.html,
      'h:Auto-Submitted': 'auto-generated',
      'v:message_id': MAIL.id,
      'v:project_id': MAIL.projectId,
      'o:tracking': 'no',
      'o:tracking-clicks': 'no',
      'o:tracking-opens': 'no',
    })
  })

  it('has a host of its own in the EU', async () => {
    const eu = mailgun({ apiKey: 'key-secret', domain: 'mg.acme.example', region: 'eu' })
    expect((await eu.request(MAIL)).url).toBe('https://api.eu.mailgun.net/v3/mg.acme.example/messages')
  })

  it('gets pictures as inline files, whose name is the content id', async () => {
    const file = (await form(PICTURED)).get('inline')
    if (!(file instanceof File)) throw new Error('no file')
    expect([file.name, file.type]).toEqual(['logo', 'image/png'])
    expect([...new Uint8Array(await file.arrayBuffer()).slice(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47])
  })

  it.each(NAMES)('from %j', async (name, shown) => {
    const { from } = Object.fromEntries(await form({ from: { ...MAIL.from, name } }))
    expect(from).toBe(`${quoted(shown)} <sign-in@acme.example>`)
  })

  it('has a subject of one line, and no field that its values do not end', async () => {
    const text = 'Hello\r\n--boundary\r\nContent-Disposition: form-data; name="bcc"\r\n\r\nevil@attacker.example'
    const fields = Object.fromEntries(await form({ subject: HOSTILE_SUBJECT, text }))
    expect(fields.subject).toBe(HARMLESS_SUBJECT)
    expect(fields.text).toBe(text)
    expect(Object.keys(fields)).toHaveLength(11)
  })

  it('has accepted when it has queued', () => {
    const body = '{"id":"<20160306015544.116301.25145@acme.example>","message":"Queued. Thank you."}'
    expect(provider.read(200, body)).toEqual({ is: 'accepted', id: '<20160306015544.116301.25145@acme.example>' })
  })

  it.each([
    [400, '{"message":"to parameter is not a valid address. please check documentation"}', 'never'],
    [400, '{"message":"\'to\' parameter is not a valid address. please check documentation"}', 'never'],
    [400, '{"message":"from parameter is not a valid address. please check documentation"}', 'later'],
    [400, '{"message":"Domain acme.example is not allowed to send"}', 'later'],
    [400, '<html>', 'later'],
    [401, 'Forbidden', 'later'],
    [402, '{"message":"Request Failed"}', 'later'],
    [404, '{"message":"Domain not found: mg.acme.example"}', 'later'],
    [413, '{"message":"Request Entity Too Large"}', 'never'],
    [429, '{"message":"Too many requests"}', 'later'],
    [500, '{"message":"Internal Server Error"}', 'later'],
    // What it says where nothing is, and to be on the safe side.
    [200, 'Mailgun Magnificent API', 'later'],
    [200, '{"message":"to parameter is not a valid address."}', 'later'],
    [200, '{"id":"<1@x>","message":"Not queued"}', 'later'],
    [302, '', 'later'],
  ])('%i %s: %s', (status, body, is) => {
    expect(provider.read(status, body)).toEqual({ is, detail: `${status}` })
  })
})
