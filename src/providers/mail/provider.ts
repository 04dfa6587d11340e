/** A mail provider: one function that turns a mail into one HTTP request, and one that reads the answer. */

export type ProviderMail = {
  /** Our message id. */
  id: string
  from: { name: string; address: string }
  to: string
  subject: string
  html: string
  text: string
  headers: Record<string, string>
}

/** `later`: this may work in a minute, or with the next provider. `never`: this mail will not be taken as it is. */
export type ProviderAnswer =
  | { is: 'accepted'; id: string | null }
  | { is: 'later'; detail: string }
  | { is: 'never'; detail: string }

export type MailProvider = {
  name: string
  request(mail: ProviderMail): Request
  /** @param body the answer's text, at most 64 KiB */
  read(status: number, body: string): ProviderAnswer
}
