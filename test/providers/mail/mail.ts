import type { InlineImage } from '../../../src/emails/inline-logo.ts'
import type { HttpProvider, ProviderMail } from '../../../src/providers/provider.ts'

export const MAIL: ProviderMail = {
  id: 'msg_000000000000000000000000001',
  projectId: 'proj_00000000000000000000000001',
  from: { name: 'Acme', address: 'sign-in@acme.example' },
  to: 'ada@example.com',
  subject: 'Your link to sign in to Acme',
  html: '<p>Hello</p>',
  text: 'Hello',
  headers: { 'Auto-Submitted': 'auto-generated' },
  inline: [],
}

/** One transparent pixel. */
export const PIXEL: InlineImage = {
  contentId: 'logo',
  type: 'image/png',
  base64: 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
}
export const PICTURED: ProviderMail = { ...MAIL, html: '<img src="cid:logo">', inline: [PIXEL] }

/** What a project may be named, and what may stand in the header of it. */
export const NAMES: [name: string, shown: string][] = [
  ['Acme', 'Acme'],
  ['Acme, Inc.', 'Acme, Inc.'],
  ['Ünïcode GmbH', 'Ünïcode GmbH'],
  ['"Evil" <evil@attacker.example>', 'Evil evil@attacker.example'],
  ['back\\slash"', 'backslash'],
  ['Acme\r\nBcc: evil@attacker.example', 'Acme Bcc: evil@attacker.example'],
  ['Acme\u2028Bcc: evil@attacker.example', 'Acme Bcc: evil@attacker.example'],
  ['=?utf-8?q?Bank?=', '= ?utf-8?q?Bank?='],
  ['Acme \u202emoc.knab', 'Acme moc.knab'],
  ['nul\0l', 'null'],
]
export const HOSTILE_SUBJECT = 'Sign in\r\nBcc: evil@attacker.example =?utf-8?q?Bank?= \u202emoc.knab "x"\0'
export const HARMLESS_SUBJECT = 'Sign in Bcc: evil@attacker.example = ?utf-8?q?Bank?= moc.knab "x"'

/** `Acme` and `"Acme, Inc."`. */
export const quoted = (name: string): string => (/^[A-Za-z0-9 ]+$/.test(name) ? name : `"${name}"`)

type Asking = Pick<HttpProvider<ProviderMail>, 'request'>

export async function asked(provider: Asking, mail: Partial<ProviderMail> = {}) {
  const request = await provider.request({ ...MAIL, ...mail })
  const { method, url, headers } = request
  return { method, url, headers: Object.fromEntries(headers), body: await request.json<Record<string, any>>() }
}
