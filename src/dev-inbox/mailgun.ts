/** Mailgun: https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages/post-v3--domain-name--messages. */

import { basicCredentials, withPictures } from './fields.ts'
import type { Envelope, MailApi } from './mail-api.ts'
import { bareAddress } from './parse.ts'

/** A form with files is no text, so it is read from the request itself. */
export type FormApi = Omit<MailApi, 'read'> & { read(request: Request): Promise<Envelope | Response> }

export const mailgun: FormApi = {
  host: 'api.mailgun.net',
  read,
  accepted: (id) => Response.json({ id: `<${id}@mailgun.invalid>`, message: 'Queued. Thank you.' }),
  // It has no idempotency keys, so that nobody asks.
  conflict: () => refusal(409, 'Conflict'),
  down: (status) => (status === 429 ? refusal(429, 'Too Many Requests') : refusal(500, 'Internal Server Error')),
}

export const mailgunEu: FormApi = { ...mailgun, host: 'api.eu.mailgun.net' }

async function read(request: Request): Promise<Envelope | Response> {
  if (!/^\/v3\/[^/]+\/messages$/.test(new URL(request.url).pathname)) {
    // What it says to every address that it does not know.
    return new Response('Mailgun Magnificent API', { status: 200 })
  }
  if (request.method !== 'POST') return refusal(405, 'Method Not Allowed')
  const credentials = basicCredentials(request)
  if (credentials?.user !== 'api' || credentials.password === '') return new Response('Forbidden', { status: 401 })
  const form = await request.formData().catch(() => null)
  if (!form) return refusal(400, 'could not parse the form')

  const field = (name: string) => {
    const value = form.get(name)
    return typeof value === 'string' ? value : ''
  }
  const missing = ['from', 'to'].find((name) => field(name) === '')
  if (missing) return refusal(400, `${missing} parameter is missing`)
  const invalid = ['from', 'to'].find((name) =>
    field(name)
      .split(/,(?=[^"]*$)/)
      .some((each) => !bareAddress(each)),
  )
  if (invalid) return refusal(400, `${invalid} parameter is not a valid address. please check documentation`)
  if (field('text') === '' && field('html') === '') {
    return refusal(400, "Need at least one of 'text', 'html', 'amp-html' or 'template' parameters specified")
  }
  const pictures = await Promise.all(
    form.getAll('inline').map(async (file) => {
      if (typeof file === 'string') return { contentId: null, type: null, base64: null }
      const bytes = new Uint8Array(await file.arrayBuffer())
      const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))
      return { contentId: file.name, type: file.type, base64 }
    }),
  )
  const to = field('to')
    .split(',')
    .flatMap((each) => bareAddress(each) ?? [])
  const html = withPictures(field('html'), pictures)
  return { mail: { from: field('from'), to, subject: field('subject'), text: field('text'), html }, key: null }
}

function refusal(status: number, message: string): Response {
  return Response.json({ message }, { status })
}
