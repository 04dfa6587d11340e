import { WorkerEntrypoint } from 'cloudflare:workers'
import { type InboxEnv, type IncomingMail, inboxOf, type Receipt } from './inbox-object.ts'
import type { MailApi } from './mail-api.ts'
import { type FormApi, mailgun, mailgunEu } from './mailgun.ts'
import { messagebird } from './messagebird.ts'
import { codeOf, linksOf } from './parse.ts'
import { postmark } from './postmark.ts'
import { resend } from './resend.ts'
import { sendgrid } from './sendgrid.ts'
import { ses } from './ses.ts'
import { twilio } from './twilio.ts'
import { vonage } from './vonage.ts'

/** The providers whose requests the inbox understands. A new one is a file beside resend.ts and an entry here. */
const APIS: readonly (MailApi | FormApi)[] = [
  resend,
  postmark,
  sendgrid,
  mailgun,
  mailgunEu,
  ses,
  ...[twilio, vonage, messagebird],
]

/** Longer than any caller may wait for a provider. */
const TIMEOUT_MS = 35_000

/** Bound as MAIL in development: takes a provider's request, keeps the mail, answers as the provider would. */
export class InboxMail extends WorkerEntrypoint<InboxEnv> {
  override async fetch(request: Request): Promise<Response> {
    const { host } = new URL(request.url)
    const api = APIS.find((candidate) => isOf(host, candidate))
    if (!api) return unknownHost(host)
    // Not .text(), which workerd believes to be wrong for a form.
    const body = new TextDecoder().decode(await request.clone().arrayBuffer())
    const envelope = await api.read(request, body)
    if (envelope instanceof Response) return envelope

    const repeat =
      envelope.key === null ? null : { key: `${host} ${envelope.key}`, bodyHash: await sha256(`${host}\n${body}`) }
    const receipt = await inboxOf(this.env).receive(envelope.mail, repeat)
    report(this.env.ISSUER, envelope.mail, receipt)
    switch (receipt.status) {
      case 'accepted':
        return api.accepted(receipt.id)
      case 'conflict':
        return api.conflict()
      case 'outage':
        if (receipt.outage !== 'timeout') return api.down(receipt.outage)
        await scheduler.wait(TIMEOUT_MS)
        return new Response(null, { status: 504 })
    }
  }
}

/** `*` stands for one label: SES has a host in each region. */
function isOf(host: string, api: MailApi | FormApi): boolean {
  const [labels, wanted] = [host.split('.'), api.host.split('.')]
  return labels.length === wanted.length && wanted.every((label, at) => label === '*' || label === labels[at])
}

function unknownHost(host: string): Response {
  const known = APIS.map((api) => api.host).join(', ')
  return new Response(
    `The development inbox does not understand requests to ${host}, only to ${known}. ` +
      'Another provider is an entry in src/dev-inbox/inbox-mail.ts.\n',
    { status: 501 },
  )
}

/** Secrets in a log are this tool's purpose; nothing outside src/dev-inbox does so. */
function report(issuer: string, mail: IncomingMail, receipt: Receipt): void {
  const lines = reportOf(issuer, mail, receipt)
  if (lines.length === 0) return
  // A subject can hold what a caller likes, and a terminal obeys escape sequences.
  const plain = lines.map((line) => line.replace(/\p{Cc}/gu, ' '))
  console.log([`✉ ${mail.to.join(', ')}: ${mail.subject.replace(/\p{Cc}/gu, ' ')}`, ...plain].join('\n  '))
}

function reportOf(issuer: string, mail: IncomingMail, receipt: Receipt): string[] {
  switch (receipt.status) {
    case 'outage':
      return [`not taken: the inbox plays an outage (${receipt.outage})`]
    case 'conflict':
      return ['not taken: its idempotency key was used for another mail']
    case 'accepted': {
      const code = codeOf(mail.text)
      const shown = [...linksOf(mail), ...(code === null ? [] : [`code ${code}`]), `${issuer}/dev/inbox/${receipt.id}`]
      return receipt.repeated ? [] : shown
    }
  }
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
