import { document } from './document.tsx'
import type { StoredMail } from './inbox-object.ts'
import { LOCAL_TIMES, Time } from './list-page.tsx'
import { codeOf, forFrame, isSms, linksOf, mainLink, piecesOf } from './parse.ts'

const VIEWS = { html: 'HTML', narrow: '320 px wide', text: 'Text' }

export type View = keyof typeof VIEWS

export function viewOf(query: string | undefined): View {
  return query === 'narrow' || query === 'text' ? query : 'html'
}

/** `/dev/inbox/{id}`: one mail or SMS, and what a person would do with it. */
export function mailPage({ mail, view }: { mail: StoredMail; view: View }): Promise<Response> {
  const title = isSms(mail) ? `SMS to ${mail.to}` : mail.subject || '(no subject)'
  const links = linksOf(mail)
  return document(
    { title, script: LOCAL_TIMES },
    <main class="stack">
      <a href="/dev/inbox">
        <span aria-hidden="true">← </span>Inbox
      </a>
      <h1>
        <bdi>{title}</bdi>
      </h1>
      <dl>
        <Fact name="From" value={mail.from} />
        <Fact name="To" value={mail.to} />
        <dt>Time</dt>
        <dd>
          <Time ts={mail.ts} />
        </dd>
      </dl>
      <Open link={mainLink(links)} code={codeOf(mail.text)} />
      {isSms(mail) ? <SmsText text={mail.text} /> : <MailParts mail={mail} view={view} links={links} />}
    </main>,
  )
}

/** All that an SMS is. */
function SmsText(props: { text: string }) {
  return (
    <p class="sms" dir="auto">
      {piecesOf(props.text).map((piece) => (piece.isLink ? <Link href={piece.text} /> : piece.text))}
    </p>
  )
}

function MailParts({ mail, view, links }: { mail: StoredMail; view: View; links: string[] }) {
  return (
    <>
      <Links links={links} />
      <nav aria-label="Parts of the mail">
        {Object.entries(VIEWS).map(([name, label]) => (
          <a href={`?view=${name}`} aria-current={name === view ? 'page' : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <Part mail={mail} view={view} />
    </>
  )
}

function Fact(props: { name: string; value: string }) {
  return (
    <>
      <dt>{props.name}</dt>
      <dd>
        <bdi dir="ltr">{props.value}</bdi>
      </dd>
    </>
  )
}

function Open(props: { link: string | undefined; code: string | null }) {
  if (props.link === undefined && props.code === null) return null
  return (
    <div class="open">
      {props.link === undefined ? null : (
        <a class="button" href={props.link} target="_blank" rel="noopener">
          Open the link
        </a>
      )}
      {props.code === null ? null : (
        <span>
          <span class="quiet">Code </span>
          <bdi class="code big" dir="ltr">
            {props.code}
          </bdi>
        </span>
      )}
    </div>
  )
}

function Links(props: { links: string[] }) {
  if (props.links.length === 0) return null
  return (
    <ul aria-label="Links in the mail">
      {props.links.map((link) => (
        <li>
          <Link href={link} />
        </li>
      ))}
    </ul>
  )
}

function Link(props: { href: string }) {
  return (
    <a class="url" href={props.href} target="_blank" rel="noopener" dir="ltr">
      {props.href}
    </a>
  )
}

function Part({ mail, view }: { mail: StoredMail; view: View }) {
  if (view === 'text') return mail.text === '' ? <Missing part="text" /> : <pre class="text">{mail.text}</pre>
  if (mail.html === '') return <Missing part="HTML" />
  return (
    <iframe
      title="The mail as HTML"
      class={view}
      sandbox="allow-popups allow-popups-to-escape-sandbox"
      srcdoc={forFrame(mail.html)}
    />
  )
}

function Missing(props: { part: string }) {
  return <p class="quiet">This mail has no {props.part} part.</p>
}

/** The page of a mail that is not there. */
export function missingPage(): Promise<Response> {
  return document(
    { title: 'No such mail', status: 404 },
    <main class="stack">
      <h1>No such mail</h1>
      <p>The inbox keeps the newest 500 mails for 7 days, and this is none of them.</p>
      <a href="/dev/inbox">Inbox</a>
    </main>,
  )
}
