/** What carries a message: one function that turns it into one HTTP request, and one that reads the answer. */

import type { InlineImage } from '../emails/inline-logo.ts'

export type ProviderMail = {
  /** Our message id: the idempotency key, and what a callback names the message by. */
  id: string
  projectId: string
  from: { name: string; address: string }
  to: string
  subject: string
  html: string
  text: string
  headers: Record<string, string>
  /** Pictures that `html` shows as `cid:<contentId>`. */
  inline: InlineImage[]
}

export type ProviderText = {
  id: string
  projectId: string
  /** E.164. */
  to: string
  /** In place of the configured sender: up to 11 letters and digits; null: the configured one. */
  senderId: string | null
  text: string
}

/** `later`: this may work in a minute, or with the next provider. `never`: this message will not be taken as it is. */
export type ProviderAnswer =
  | { is: 'accepted'; id: string | null }
  | { is: 'later'; detail: string }
  | { is: 'never'; detail: string }

export type HttpProvider<Message> = {
  name: string
  request(message: Message): Request | Promise<Request>
  /** @param body the answer's text, at most 64 KiB @param headers SendGrid's id and SES' error stand there */
  read(status: number, body: string, headers?: Headers): ProviderAnswer
}
/** A binding of the Worker instead of a request. A promise that rejects is read as `later`. */
export type BindingProvider<Message> = { name: string; hand(message: Message): Promise<ProviderAnswer> }

export type Provider<Message> = HttpProvider<Message> | BindingProvider<Message>
export type MailProvider = Provider<ProviderMail>
export type TextProvider = Provider<ProviderText>
