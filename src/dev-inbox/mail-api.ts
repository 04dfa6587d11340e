import type { IncomingMail } from './inbox-object.ts'

/** How one provider's API reads and answers, as far as its documentation says. */
export type MailApi = {
  host: string
  /** The mail and the idempotency key in a request, or the answer that refuses it. */
  read(request: Request, body: string): Envelope | Response
  accepted(id: string): Response
  /** An idempotency key came again with another body. */
  conflict(): Response
  down(status: 500 | 429): Response
}

export type Envelope = { mail: IncomingMail; key: string | null }
