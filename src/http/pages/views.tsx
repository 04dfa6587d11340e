/** What a person sees who opens or presses a link: one pure function of a closed list of states. */

import type { Child } from 'hono/jsx'

import type { Brand } from '../../domain/messages/message.ts'
import type { Messages } from '../../locales/messages.ts'
import { nameIn, Page, withElement } from './layout.tsx'
import { pageScript } from './page-script.ts'
import { type Asked, AskedBy, type FormTarget, Ltr, Moment, PostForm } from './parts.tsx'

export type LinkPage =
  /** `address` is masked (`a•••@example.com`) or empty; `again`: the first press could not be taken. */
  | ({
      kind: 'confirm'
      application: string
      address: string
      validUntil: number
      again?: boolean
      asked: Asked | null
    } & FormTarget)
  | {
      kind: 'used'
      application: string | null
      at: number | null
      resend: FormTarget | null
      continueTo: string | null
    }
  /** `continueTo`: somebody is signed in here already, and may simply go on. */
  | {
      kind: 'expired' | 'superseded'
      application: string | null
      resend: FormTarget | null
      continueTo: string | null
    }
  | { kind: 'cancelled'; application: string | null }
  /** Not a link of ours, or cut off by a mail program. */
  | { kind: 'junk' }
  | { kind: 'resent'; application: string; address: string; channel: 'email' | 'sms' | 'none' }
  | { kind: 'signed_in'; application: string; address: string | null }
  | { kind: 'unavailable' }
  /** The form was not sent from our page. */
  | { kind: 'foreign_form' }
  | { kind: 'inactive'; application: string | null }
  | { kind: 'too_many'; application: string | null }
  /** The host is not the issuer's. */
  | { kind: 'misdirected'; issuer: string }
  | { kind: 'not_found' }

export function LinkPageView(props: { messages: Messages; brand: Brand; page: LinkPage; nonce: string }) {
  const { heading, body } = content(props.messages, props.page)
  return (
    <Page messages={props.messages} title={heading} brand={props.brand} nonce={props.nonce} script={pageScript}>
      <h1>{heading}</h1>
      {body}
    </Page>
  )
}

type Content = { heading: string; body: Child }

function content(messages: Messages, page: LinkPage): Content {
  const texts = messages.page
  switch (page.kind) {
    case 'confirm':
      return confirm(messages, page)
    case 'used':
      return used(messages, page)
    case 'expired':
    case 'superseded': {
      const { heading, lead, next } = texts[page.kind]
      return { heading, body: <DeadLink messages={messages} lead={lead} next={next} page={page} /> }
    }
    case 'cancelled': {
      const app = nameIn(messages, page.application)
      return sentences(texts.cancelled.heading, texts.cancelled.lead(app), texts.cancelled.next(app))
    }
    case 'inactive': {
      const app = nameIn(messages, page.application)
      return sentences(texts.inactive.heading, texts.inactive.lead(app), texts.inactive.next(app))
    }
    case 'junk':
      return sentences(texts.junk.heading, texts.junk.lead, texts.junk.next)
    case 'unavailable':
      return sentences(texts.unavailable.heading, texts.unavailable.lead, texts.unavailable.next)
    case 'foreign_form':
      return sentences(texts.foreignForm.heading, texts.foreignForm.lead, texts.foreignForm.next)
    case 'too_many':
      return sentences(texts.tooMany.heading, texts.tooMany.lead, texts.tooMany.next)
    case 'not_found':
      return sentences(texts.notFound.heading, texts.notFound.lead, texts.notFound.next)
    case 'resent': {
      const { heading, lead, next } = page.channel === 'sms' ? texts.resent.text : texts.resent
      return sentences(heading, withElement(lead, <Ltr text={page.address} />), next)
    }
    case 'signed_in':
      return signedIn(messages, page)
    case 'misdirected':
      return misdirected(messages, page)
  }
}

function confirm(messages: Messages, page: Extract<LinkPage, { kind: 'confirm' }>): Content {
  const texts = messages.page.confirm
  const app = nameIn(messages, page.application)
  const body = (
    <>
      {page.again === true ? (
        <p class="note" role="status">
          {texts.again}
        </p>
      ) : null}
      <p>{page.address === '' ? texts.leadWithoutAddress : withElement(texts.lead, <Ltr text={page.address} />)}</p>
      <PostForm target={page} label={texts.button(app)} busy={texts.busy} />
      <p class="quiet after">{withElement(texts.validUntil, <Moment messages={messages} at={page.validUntil} />)}</p>
      {page.asked === null ? null : <AskedBy messages={messages} asked={page.asked} />}
      <p class="quiet after">{texts.notYou}</p>
    </>
  )
  return { heading: texts.heading(app), body }
}

function used(messages: Messages, page: Extract<LinkPage, { kind: 'used' }>): Content {
  const texts = messages.page.used
  const app = nameIn(messages, page.application)
  const lead =
    page.at === null ? texts.leadWithoutTime : withElement(texts.lead, <Moment messages={messages} at={page.at} />)
  const body = (
    <>
      <p>{lead}</p>
      {page.continueTo === null ? null : (
        <p class="go">
          <a class="button" href={page.continueTo}>
            {texts.goOn(app)}
          </a>
        </p>
      )}
      {page.resend === null ? null : (
        <>
          <p class={page.continueTo === null ? undefined : 'quiet go'}>{texts.resend}</p>
          <Resend messages={messages} target={page.resend} second={page.continueTo !== null} />
        </>
      )}
      {page.resend === null && page.continueTo === null ? <p>{texts.next(app)}</p> : null}
    </>
  )
  return { heading: texts.heading, body }
}

function signedIn(messages: Messages, page: Extract<LinkPage, { kind: 'signed_in' }>): Content {
  const texts = messages.page.signedIn
  const { address } = page
  const lead =
    address === null || address === '' ? texts.leadWithoutAddress : withElement(texts.lead, <Ltr text={address} />)
  return { heading: texts.heading(nameIn(messages, page.application)), body: <p>{lead}</p> }
}

function misdirected(messages: Messages, page: Extract<LinkPage, { kind: 'misdirected' }>): Content {
  const texts = messages.page.misdirected
  const host = URL.parse(page.issuer)?.host ?? page.issuer
  const body = (
    <>
      <p>{texts.lead}</p>
      <p class="go">
        <a class="button" href={page.issuer}>
          {withElement(texts.button, <Ltr text={host} />)}
        </a>
      </p>
    </>
  )
  return { heading: texts.heading, body }
}

function sentences(heading: string, lead: Child, next: string): Content {
  const body = (
    <>
      <p>{lead}</p>
      <p>{next}</p>
    </>
  )
  return { heading, body }
}

function DeadLink(props: {
  messages: Messages
  lead: string
  next: string
  page: { application: string | null; resend: FormTarget | null; continueTo: string | null }
}) {
  const { messages, page } = props
  const texts = messages.page.newLink
  if (page.continueTo !== null) {
    return (
      <>
        <p>{props.lead}</p>
        <p>{messages.page.signedInHere}</p>
        <p class="go">
          <a class="button" href={page.continueTo}>
            {messages.page.used.goOn(nameIn(messages, page.application))}
          </a>
        </p>
        {page.resend === null ? null : <Resend messages={messages} target={page.resend} second />}
      </>
    )
  }
  return (
    <>
      <p>{props.lead}</p>
      <p>{page.resend === null ? texts.elsewhere(nameIn(messages, page.application)) : props.next}</p>
      {page.resend === null ? null : <Resend messages={messages} target={page.resend} />}
    </>
  )
}

function Resend(props: { messages: Messages; target: FormTarget; second?: boolean }) {
  const { button, busy } = props.messages.page.newLink
  return <PostForm target={props.target} label={button} busy={busy} second={props.second ?? false} />
}
