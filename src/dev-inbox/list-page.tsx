import { Command, document, sendCommand } from './document.tsx'
import type { StoredMail } from './inbox-object.ts'
import { codeOf, isSms, type Outage } from './parse.ts'

type List = { issuer: string; to: string | null; mails: Omit<StoredMail, 'html'>[]; outage: Outage }

/** `/dev/inbox`: what was sent, newest first. */
export function listPage(list: List): Promise<Response> {
  const { issuer, to, mails, outage } = list
  return document(
    { title: to === null ? 'Inbox' : `Inbox: ${to}`, script: REFRESH },
    <>
      <header>
        <h1>Inbox</h1>
        <form method="get" action="/dev/inbox">
          <label>
            Sent to
            <input type="search" name="to" value={to ?? ''} autocomplete="off" spellcheck={false} />
          </label>
          <button class="button plain" type="submit">
            Show
          </button>
        </form>
      </header>
      <main class="stack" id="mails">
        {outage === null ? null : <OutageNotice issuer={issuer} outage={outage} />}
        {mails.length === 0 ? <Empty issuer={issuer} to={to} /> : <Mails mails={mails} />}
        {to === null || mails.length === 0 ? null : (
          <p>
            Only what was sent to <bdi dir="ltr">{to}</bdi>. <a href="/dev/inbox">Show all</a>
          </p>
        )}
      </main>
    </>,
  )
}

function Mails(props: { mails: List['mails'] }) {
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">To</th>
          <th scope="col">Subject</th>
          <th scope="col">Code</th>
        </tr>
      </thead>
      <tbody>
        {props.mails.map((mail) => (
          <tr>
            <td>
              <Time ts={mail.ts} />
            </td>
            <td title={mail.to}>
              <bdi dir="ltr">{mail.to}</bdi>
            </td>
            <td title={isSms(mail) ? mail.text : mail.subject}>
              <a href={`/dev/inbox/${mail.id}`}>
                <Heading mail={mail} />
              </a>
            </td>
            <td class="code">{codeOf(mail.text) ?? ''}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** An SMS has no subject, so its text stands there. */
function Heading({ mail }: { mail: List['mails'][number] }) {
  if (!isSms(mail)) return <bdi>{mail.subject || '(no subject)'}</bdi>
  return (
    <>
      <span class="kind">SMS </span>
      <bdi>{mail.text}</bdi>
    </>
  )
}

function Empty(props: { issuer: string; to: string | null }) {
  return (
    <>
      <p>{props.to === null ? 'No mail yet. Send the first one:' : `Nothing to ${props.to} yet. Send one:`}</p>
      <Command>{sendCommand(props.issuer, props.to ?? 'ada@example.com')}</Command>
      <p class="quiet">
        <code>npm run dev</code> printed the line that sets <code>LATCHKEY_KEY</code>. What you send appears here by
        itself.
      </p>
      {props.to === null ? null : <a href="/dev/inbox">Show all</a>}
    </>
  )
}

function OutageNotice(props: { issuer: string; outage: NonNullable<Outage> }) {
  const does = props.outage === 'timeout' ? 'never answers' : `answers every mail with ${props.outage}`
  return (
    <div class="notice" role="status">
      <p>
        <strong>Outage.</strong> The inbox plays a provider that {does}, and takes no mail. End it with:
      </p>
      <Command>{`curl -X PUT ${props.issuer}/dev/inbox/outage -d '{"status":null}'`}</Command>
    </div>
  )
}

/** In UTC until the script puts it into the reader's zone and words. */
export function Time(props: { ts: number }) {
  const iso = new Date(props.ts).toISOString()
  return <time datetime={iso}>{`${iso.slice(0, 19).replace('T', ' ')} UTC`}</time>
}

/** Shared by the pages: times as the reader writes them, today's without the date. */
export const LOCAL_TIMES = `
const localTimes = (root) => {
  for (const time of root.querySelectorAll('time')) {
    const at = new Date(time.dateTime)
    const today = at.toDateString() === new Date().toDateString()
    time.title = time.dateTime
    time.textContent = today ? at.toLocaleTimeString() : at.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })
  }
}
localTimes(document)
`

// Only what changed is replaced, and the row that had the focus keeps it, so that a keyboard is not thrown out.
const REFRESH = `
let shown = document.getElementById('mails').innerHTML
${LOCAL_TIMES}
const refresh = async () => {
  if (document.hidden) return
  const answer = await fetch(location.href, { headers: { accept: 'text/html' } }).catch(() => undefined)
  if (!answer?.ok) return
  const next = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('mails')
  if (!next || next.innerHTML === shown) return
  shown = next.innerHTML
  localTimes(next)
  const href = document.activeElement?.getAttribute('href')
  document.getElementById('mails').replaceWith(next)
  if (href) next.querySelector('a[href="' + CSS.escape(href) + '"]')?.focus({ preventScroll: true })
}
setInterval(refresh, 3000)
document.addEventListener('visibilitychange', refresh)
`
