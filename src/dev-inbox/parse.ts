/** What the inbox reads out of a mail and out of a request. Pure: no I/O, no clock. */

/** How the inbox fails like a provider; null: it does not. */
export type Outage = 500 | 429 | 'timeout' | null

const OUTAGES: readonly unknown[] = [500, 429, 'timeout', null] satisfies Outage[]

/** The body of PUT /dev/inbox/outage, or undefined when it is anything else than `{ "status": … }` with a known value. */
export function parseOutage(body: unknown): { status: Outage } | undefined {
  if (typeof body !== 'object' || body === null || Object.keys(body).join() !== 'status') return undefined
  const { status } = body as { status: unknown }
  return OUTAGES.includes(status) ? { status: status as Outage } : undefined
}

/** `?after=` in milliseconds: 0 when it is left out, undefined when it is no time. */
export function parseAfter(value: string | undefined): number | undefined {
  if (value === undefined || value === '') return 0
  return /^\d{1,15}$/.test(value) ? Number(value) : undefined
}

/** `?to=`: an address or a number. Neither holds a space, so one is a `+` that the caller forgot to encode, or typed. */
export function parseTo(value: string | undefined): string | null {
  const to = (value ?? '').trim()
  return to === '' ? null : (phoneNumber(to) ?? to.replaceAll(' ', '+'))
}

/** `+12025550100` out of `12025550100` or `+1 (202) 555-0100`, undefined when it is no number. */
export function phoneNumber(value: string): string | undefined {
  const digits = value
    .trim()
    .replace(/^\+/, '')
    .replace(/[ .()-]/g, '')
  return /^[1-9]\d{6,14}$/.test(digits) ? `+${digits}` : undefined
}

/** What an SMS may say that it is from, when it is no number: up to 11 letters, digits and spaces, not all digits. */
export function senderName(value: string): boolean {
  return /^(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}$/.test(value)
}

/** A mail address holds an `@`, and nothing that an SMS is sent to does. */
export function isSms(mail: { to: string }): boolean {
  return !mail.to.includes('@')
}

/** `ada@example.com` out of `Ada Lovelace <ada@example.com>`, undefined when there is no address in it. */
export function bareAddress(value: string): string | undefined {
  const address = (/<([^<>]*)>\s*$/.exec(value)?.[1] ?? value).trim()
  return /^[^\s@<>]+@[^\s@<>]+$/.test(address) ? address : undefined
}

/** Every http(s) URL in order, each once: of the text, or of the HTML's links where there is no text. */
export function linksOf(mail: { text: string; html: string }): string[] {
  const found = mail.text.trim() === '' ? hrefs(mail.html) : urls(mail.text)
  return [...new Set(found)]
}

/** The text in pieces, with every link that is in it as one of its own. */
export function piecesOf(text: string): { text: string; isLink: boolean }[] {
  const pieces: { text: string; isLink: boolean }[] = []
  let rest = text
  for (const link of urls(text)) {
    const at = rest.indexOf(link)
    if (at > 0) pieces.push({ text: rest.slice(0, at), isLink: false })
    pieces.push({ text: link, isLink: true })
    rest = rest.slice(at + link.length)
  }
  return rest === '' ? pieces : [...pieces, { text: rest, isLink: false }]
}

/** The code of a last line `@host #code`, the form that browsers take a code from. */
export function codeOf(text: string): string | null {
  const last = text.trimEnd().split(/\r?\n/).at(-1) ?? ''
  return /^@[^\s#]+ #(\S+)$/.exec(last.trim())?.[1] ?? null
}

/** The link that the mail is about: ours, else one that carries a secret, else the first. */
export function mainLink(links: string[]): string | undefined {
  const carries = (link: string) => /[?&][^=&#]+=[\w.~%-]{20,}/.test(link)
  return links.find((link) => link.includes('/auth/magic-link?')) ?? links.find(carries) ?? links[0]
}

/** The mail's HTML for a sandboxed frame, where a link must open in a new tab: the frame itself may not go anywhere. */
export function forFrame(html: string): string {
  const base = '<base target="_blank">'
  const head = /<head(\s[^>]*)?>/i.exec(html)
  if (head) return html.slice(0, head.index + head[0].length) + base + html.slice(head.index + head[0].length)
  // After the doctype: anything before it would put the frame into quirks mode.
  const doctype = /^\s*<!doctype[^>]*>/i.exec(html)?.[0] ?? ''
  return doctype + base + html.slice(doctype.length)
}

function urls(text: string): string[] {
  return (text.match(/https?:\/\/[^\s<>"]+/gi) ?? []).map(withoutTail)
}

/** A sentence's full stop or bracket after a URL is not part of it, unless the bracket was opened inside. */
function withoutTail(url: string): string {
  const last = url.at(-1) ?? ''
  const opens = { ')': '(', ']': '[' }[last]
  const dangling = opens === undefined ? ".,;:!?'*".includes(last) : count(url, opens) < count(url, last)
  return dangling ? withoutTail(url.slice(0, -1)) : url
}

function count(text: string, character: string): number {
  return text.split(character).length - 1
}

function hrefs(html: string): string[] {
  const found = html.matchAll(/<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/gi)
  return [...found].map((match) => decoded(match[1] ?? match[2] ?? match[3] ?? '').trim()).filter(isHttp)
}

function isHttp(url: string): boolean {
  return /^https?:\/\/\S+$/i.test(url)
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** One pass, so that `&amp;#61;` becomes `&#61;` and not `=`. */
function decoded(attribute: string): string {
  return attribute.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return ENTITIES[String(name).toLowerCase()] ?? whole
    const point = hex === undefined ? Number(decimal) : Number.parseInt(String(hex), 16)
    return point <= 0x10ffff ? String.fromCodePoint(point) : whole
  })
}
