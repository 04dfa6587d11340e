/** What a browser sees that asks to be signed in: one pure function of a closed list of states. */

import type { Brand } from '../../domain/messages/message.ts'
import { cleanValue } from '../../lib/clean-value.ts'
import type { Messages } from '../../locales/messages.ts'
import { type AccountPage, accountContent } from './account-views.tsx'
import { CodeField, type Content, EmailField, HiddenFields, LinkOn, Note, Way } from './form-parts.tsx'
import { nameIn, Page, withElement } from './layout.tsx'
import { pageScript } from './page-script.ts'
import { type Asked, AskedBy, type FormTarget, Ltr, Moment, PostForm } from './parts.tsx'

/** What is wrong with the address, or with the moment. */
export type AddressError = 'empty' | 'invalid' | 'blocked' | 'too_many'

type AddressPage = {
  kind: 'address'
  application: string | null
  form: FormTarget
  /** As it was typed. */
  email: string
  error: AddressError | null
  /** Somebody is signed in here already: their own address, in full. */
  signedInAs: string | null
  /** Null where the application wants a new sign-in. */
  goOn: FormTarget | null
}

type WaitingPage = {
  kind: 'waiting'
  application: string | null
  email: string
  hasLink: boolean
  hasCode: boolean
  /** Takes `typed`. */
  form: FormTarget
  /** As it was typed. */
  typed: string
  error:
    | { kind: 'wrong'; triesLeft: number }
    | { kind: 'locked' }
    | { kind: 'expired' }
    | { kind: 'empty' }
    | { kind: 'too_many' }
    | null
  notice: 'resent' | null
  resend: FormTarget
  /** Seconds until a new mail can be asked for; 0: now. */
  resendIn: number
  back: string
  /** `status` is what the script asks, `here` is this page by GET; null where a visit without cookies would lose it. */
  progress: { status: string; here: string } | null
  cookiesBlocked: boolean
}

export type SignInPage =
  | AddressPage
  | WaitingPage
  /** The link was opened in another browser than the one that asked; `address` is masked. */
  | {
      kind: 'elsewhere'
      application: string | null
      address: string
      form: FormTarget
      validUntil: number
      asked: Asked | null
    }
  /** The code to type in the first browser; `sendHere` asks, once, for a link for this one. */
  | { kind: 'relay'; application: string | null; code: string; validUntil: number; sendHere: FormTarget | null }
  /** The browser that asked, in which somebody else is signed in. */
  | {
      kind: 'switch'
      application: string | null
      current: string
      address: string
      form: FormTarget
      stay: string
    }
  /** The browser that asked: the page submits itself, and the button remains for no script. */
  | { kind: 'continue'; application: string | null; address: string; form: FormTarget; validUntil: number }
  /** A waiting tab whose sign-in was finished elsewhere. */
  | { kind: 'done'; application: string | null; goOn: string }
  | AccountPage
  /** A form that was open for more than a day. */
  | { kind: 'late'; startAgain: string }
  /** `/authorize` can neither go on nor redirect; `detail` is for the developer. */
  | { kind: 'request_refused'; detail: string }

export function SignInPageView(props: { messages: Messages; brand: Brand; page: SignInPage; nonce: string }) {
  const { heading, body } = content(props.messages, props.page)
  return (
    <Page messages={props.messages} title={heading} brand={props.brand} nonce={props.nonce} script={pageScript}>
      <h1>{heading}</h1>
      {body}
    </Page>
  )
}

/** Whether the page's script asks how things stand: for `pageHeaders`. */
export const polls = (page: SignInPage): boolean => page.kind === 'waiting' && page.hasLink && page.progress !== null

function content(messages: Messages, page: SignInPage): Content {
  const texts = messages.signIn
  switch (page.kind) {
    case 'address':
      return address(messages, page)
    case 'waiting':
      return page.error?.kind === 'locked' ? locked(messages, page) : waiting(messages, page)
    case 'elsewhere':
      return elsewhere(messages, page)
    case 'relay':
      return relay(messages, page)
    case 'switch':
      return switched(messages, page)
    case 'continue':
      return goesOn(messages, page)
    case 'done': {
      const app = nameIn(messages, page.application)
      const { heading, lead, goOn } = texts.done
      return { heading: heading(app), body: <LinkOn lead={lead} href={page.goOn} label={goOn(app)} /> }
    }
    case 'account':
    case 'sign_out':
    case 'signed_out':
      return accountContent(messages, page)
    case 'late': {
      const { heading, lead, next, button } = texts.late
      const body = (
        <>
          <p>{lead}</p>
          <LinkOn lead={next} href={page.startAgain} label={button} />
        </>
      )
      return { heading, body }
    }
    case 'request_refused':
      return refused(messages, page)
  }
}

function address(messages: Messages, page: AddressPage): Content {
  const texts = messages.signIn.address
  const app = nameIn(messages, page.application)
  const asksOnceMore = page.signedInAs !== null && page.goOn === null
  const errors = { empty: texts.empty, invalid: texts.unreadable, blocked: texts.blocked, too_many: texts.tooMany }
  const body = (
    <>
      {page.signedInAs === null ? null : (
        <p>{withElement(texts.signedInAs, <Ltr text={cleanValue(page.signedInAs)} />)}</p>
      )}
      {asksOnceMore ? <p>{texts.onceMore}</p> : null}
      {page.goOn === null ? (
        <p>{texts.lead}</p>
      ) : (
        <>
          <PostForm target={page.goOn} label={texts.goOn(app)} busy={texts.goOnBusy} />
          <h2>{texts.other}</h2>
        </>
      )}
      <form method="post" action={page.form.action} novalidate>
        <HiddenFields target={page.form} />
        <EmailField
          label={texts.label}
          value={page.email}
          error={page.error === null ? null : errors[page.error]}
          autofocus={page.goOn === null || page.error !== null}
        />
        <button class={page.goOn === null ? 'button' : 'button second'} type="submit" data-busy={texts.busy}>
          {texts.button}
        </button>
      </form>
    </>
  )
  return { heading: texts.heading(app), body }
}

function waiting(messages: Messages, page: WaitingPage): Content {
  const texts = messages.signIn.waiting
  const error = codeError(messages, page)
  const onlyLink = page.hasLink && !page.hasCode
  const isExpired = page.error?.kind === 'expired'
  // The link does it all, unless it is opened elsewhere.
  const opensFirst = onlyLink && !page.cookiesBlocked
  const body = (
    <>
      {page.notice === null ? null : <Note text={texts.resent} />}
      <p>{withElement(leadOf(messages, page), <Ltr text={cleanValue(page.email)} />)}</p>
      {page.cookiesBlocked && page.hasLink ? <p>{onlyLink ? texts.noCookies.link : texts.noCookies.code}</p> : null}
      <form method="post" action={page.form.action} novalidate>
        <HiddenFields target={page.form} />
        <CodeField
          label={texts.label}
          value={page.typed}
          error={error}
          hint={opensFirst ? texts.relayHint : null}
          autofocus={!onlyLink || error !== null}
        />
        <button class={isExpired || opensFirst ? 'button second' : 'button'} type="submit" data-busy={texts.busy}>
          {texts.button(nameIn(messages, page.application))}
        </button>
      </form>
      <SendAnother messages={messages} page={page} second={!isExpired} />
      <p class="quiet after">{texts.help}</p>
      <WaysOut messages={messages} page={page} />
    </>
  )
  return { heading: texts.heading, body }
}

function locked(messages: Messages, page: WaitingPage): Content {
  const texts = messages.signIn.waiting
  const { heading, withLink, withoutLink, next } = texts.locked
  const body = (
    <>
      {/* Without cookies, the link could only show a code. */}
      <p>{page.hasLink && !page.cookiesBlocked ? withLink : withoutLink}</p>
      <p>{next}</p>
      <SendAnother messages={messages} page={page} />
      <WaysOut messages={messages} page={page} />
    </>
  )
  return { heading, body }
}

function leadOf(messages: Messages, page: WaitingPage): (address: string) => string {
  const { lead } = messages.signIn.waiting
  if (!page.hasLink) return lead.code
  if (page.cookiesBlocked) return page.hasCode ? lead.code : lead.relay
  return page.hasCode ? lead.both : lead.link
}

function codeError(messages: Messages, { error }: WaitingPage): string | null {
  const texts = messages.signIn.waiting
  switch (error?.kind) {
    case 'wrong':
      return texts.wrong(error.triesLeft)
    case 'empty':
      return texts.empty
    case 'expired':
      return texts.expired
    case 'too_many':
      return texts.tooMany
    default:
      return null
  }
}

/** A button that counts down where there is a script; without one, it can be pressed too early, and the server says so. */
function SendAnother({ messages, page, second }: { messages: Messages; page: WaitingPage; second?: boolean }) {
  const texts = messages.signIn.waiting
  return (
    <form method="post" action={page.resend.action}>
      <HiddenFields target={page.resend} />
      <button
        class={second === true ? 'button second' : 'button'}
        type="submit"
        data-busy={texts.resendBusy}
        {...(page.resendIn > 0 && { 'data-seconds': page.resendIn, 'data-later': texts.resendLater })}
      >
        {texts.resend}
      </button>
    </form>
  )
}

function WaysOut({ messages, page }: { messages: Messages; page: WaitingPage }) {
  const texts = messages.signIn.waiting
  return (
    <>
      {page.progress === null || !page.hasLink ? null : (
        <p class="ways">
          <a href={page.progress.here} data-status={page.progress.status}>
            {texts.opened}
          </a>
        </p>
      )}
      <Way href={page.back}>{texts.back}</Way>
    </>
  )
}

function elsewhere(messages: Messages, page: Extract<SignInPage, { kind: 'elsewhere' }>): Content {
  const texts = messages.signIn.elsewhere
  const app = nameIn(messages, page.application)
  const body = (
    <>
      <p>{withElement((who) => texts.lead(app, who), <Ltr text={cleanValue(page.address)} />)}</p>
      <p>{texts.next}</p>
      {/* Before the button: the code is worth something to whoever asked, so look who did. */}
      {page.asked === null ? null : <AskedBy messages={messages} asked={page.asked} />}
      <PostForm target={page.form} label={texts.button} busy={texts.busy} />
      <ValidUntil messages={messages} at={page.validUntil} />
      <p class="quiet after">{texts.notYou}</p>
    </>
  )
  return { heading: texts.heading, body }
}

function relay(messages: Messages, page: Extract<SignInPage, { kind: 'relay' }>): Content {
  const texts = messages.signIn.relay
  const half = Math.ceil(page.code.length / 2)
  const body = (
    <>
      <p>{texts.lead(nameIn(messages, page.application))}</p>
      {/* Two halves for the eye, and no space between them for the clipboard. */}
      <p class="relay">
        <bdi dir="ltr">
          <span>{page.code.slice(0, half)}</span>
          <span>{page.code.slice(half)}</span>
        </bdi>
      </p>
      <p>{texts.keep}</p>
      <ValidUntil messages={messages} at={page.validUntil} />
      {page.sendHere === null ? null : (
        <>
          <p class="go">{texts.here}</p>
          <PostForm target={page.sendHere} label={texts.button} busy={texts.busy} second />
        </>
      )}
    </>
  )
  return { heading: texts.heading, body }
}

function switched(messages: Messages, page: Extract<SignInPage, { kind: 'switch' }>): Content {
  const texts = messages.signIn.switched
  const body = (
    <>
      <p>{withElement(texts.current, <Ltr text={cleanValue(page.current)} />)}</p>
      <p>{withElement(texts.lead, <Ltr text={cleanValue(page.address)} />)}</p>
      <PostForm
        target={page.form}
        label={withElement(texts.button, <Ltr text={cleanValue(page.address)} />)}
        busy={texts.busy}
      />
      <Way href={page.stay}>{withElement(texts.stay, <Ltr text={cleanValue(page.current)} />)}</Way>
    </>
  )
  return { heading: texts.heading, body }
}

function goesOn(messages: Messages, page: Extract<SignInPage, { kind: 'continue' }>): Content {
  const texts = messages.page.confirm
  const app = nameIn(messages, page.application)
  const body = (
    <>
      <p>{withElement(texts.lead, <Ltr text={cleanValue(page.address)} />)}</p>
      <div data-auto>
        <PostForm target={page.form} label={texts.button(app)} busy={texts.busy} />
      </div>
      <ValidUntil messages={messages} at={page.validUntil} />
    </>
  )
  return { heading: texts.heading(app), body }
}

function refused(messages: Messages, page: Extract<SignInPage, { kind: 'request_refused' }>): Content {
  const texts = messages.signIn.refused
  const body = (
    <>
      <p>{texts.lead}</p>
      <p>{texts.next}</p>
      <section class="asked">
        <h2>{texts.detail}</h2>
        <p class="detail" lang="en" dir="ltr">
          {cleanValue(page.detail)}
        </p>
      </section>
    </>
  )
  return { heading: texts.heading, body }
}

function ValidUntil({ messages, at }: { messages: Messages; at: number }) {
  return (
    <p class="quiet after">{withElement(messages.page.confirm.validUntil, <Moment messages={messages} at={at} />)}</p>
  )
}
