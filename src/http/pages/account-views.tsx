/** What a signed-in person sees of their own account, and of signing out. */

import { cleanValue, personValue } from '../../lib/clean-value.ts'
import { isolate } from '../../locales/format.ts'
import type { Messages } from '../../locales/messages.ts'
import { type Content, HiddenFields, LinkOn, Note, Way } from './form-parts.tsx'
import { nameIn, withElement } from './layout.tsx'
import { type FormTarget, Ltr, Moment, PostForm } from './parts.tsx'

/** A browser in which the person is signed in; times in Unix seconds. */
export type Place = {
  id: string
  current: boolean
  browser: string | null
  createdAt: number
  lastActiveAt: number
  form: FormTarget
}

export type AccountPage =
  | {
      kind: 'account'
      application: string | null
      email: string | null
      phone: string | null
      name: string | null
      sessions: Place[]
      signOut: FormTarget
      signOutEverywhere: FormTarget
      notice: 'ended' | null
    }
  | { kind: 'sign_out'; application: string | null; form: FormTarget; stay: string }
  | { kind: 'signed_out'; application: string | null; signIn: string }

export function accountContent(messages: Messages, page: AccountPage): Content {
  const texts = messages.account
  const app = nameIn(messages, page.application)
  switch (page.kind) {
    case 'account':
      return { heading: texts.heading(app), body: <Account messages={messages} page={page} /> }
    case 'sign_out': {
      const body = (
        <>
          <p>{texts.confirm.lead}</p>
          <PostForm target={page.form} label={texts.signOut} busy={texts.signOutBusy} />
          <Way href={page.stay}>{texts.confirm.stay}</Way>
        </>
      )
      return { heading: texts.confirm.heading(app), body }
    }
    case 'signed_out': {
      const { heading, lead, signIn } = texts.signedOut
      return { heading: heading(app), body: <LinkOn lead={lead} href={page.signIn} label={signIn} /> }
    }
  }
}

function Account({ messages, page }: { messages: Messages; page: Extract<AccountPage, { kind: 'account' }> }) {
  const texts = messages.account
  const name = nameIn(messages, page.name)
  return (
    <>
      {page.notice === null ? null : <Note text={texts.ended} />}
      <dl class="facts">
        {page.email === null ? null : (
          <>
            <dt>{texts.address}</dt>
            <dd>
              <Ltr text={cleanValue(page.email)} />
            </dd>
          </>
        )}
        {page.phone === null ? null : (
          <>
            <dt>{texts.phone}</dt>
            <dd>
              <Ltr text={cleanValue(page.phone)} />
            </dd>
          </>
        )}
        {name === null ? null : (
          <>
            <dt>{texts.name}</dt>
            <dd>{name}</dd>
          </>
        )}
      </dl>
      {page.sessions.length === 0 ? null : (
        <section class="places">
          <h2>{texts.places}</h2>
          <ul>
            {page.sessions.map((place, index) => (
              <PlaceRow messages={messages} place={place} id={`place-${index}`} />
            ))}
          </ul>
        </section>
      )}
      <PostForm target={page.signOut} label={texts.signOut} busy={texts.signOutBusy} second />
      <PostForm target={page.signOutEverywhere} label={texts.signOutEverywhere} busy={texts.signOutBusy} second />
    </>
  )
}

function PlaceRow({ messages, place, id }: { messages: Messages; place: Place; id: string }) {
  const texts = messages.account
  const browser = personValue(place.browser)
  return (
    <li>
      <p id={id}>{browser === null ? texts.unknownBrowser : isolate(messages, browser)}</p>
      {place.current ? <p class="here">{texts.thisBrowser}</p> : null}
      <p class="quiet">{withElement(texts.since, <Moment messages={messages} at={place.createdAt} />)}</p>
      {place.current ? null : (
        <>
          <p class="quiet">{withElement(texts.lastActive, <Moment messages={messages} at={place.lastActiveAt} />)}</p>
          <form method="post" action={place.form.action}>
            <HiddenFields target={place.form} />
            <button
              class="button second"
              type="submit"
              id={`${id}-end`}
              aria-labelledby={`${id}-end ${id}`}
              data-busy={texts.endBusy}
            >
              {texts.end}
            </button>
          </form>
        </>
      )}
    </li>
  )
}
