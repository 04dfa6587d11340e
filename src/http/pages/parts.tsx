/** What several pages show: a form of one button, a moment, an address, who asked. */

import type { Child } from 'hono/jsx'

import { personValue } from '../../lib/clean-value.ts'
import { isolate, moment, placeName } from '../../locales/format.ts'
import type { Messages } from '../../locales/messages.ts'

/** A form's target and its hidden inputs. */
export type FormTarget = { action: string; fields: Record<string, string> }
/** Who asked for a link; `at` in Unix seconds. */
export type Asked = { at: number; browser: string | null; place: string | null }

export function PostForm(props: { target: FormTarget; label: Child; busy: string; second?: boolean }) {
  return (
    <form method="post" action={props.target.action}>
      {Object.entries(props.target.fields).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      <button class={props.second === true ? 'button second' : 'button'} type="submit" data-busy={props.busy}>
        {props.label}
      </button>
    </form>
  )
}

export function AskedBy({ messages, asked }: { messages: Messages; asked: Asked }) {
  const texts = messages.asked
  const place = placeName(messages, personValue(asked.place))
  const browser = personValue(asked.browser)
  return (
    <section class="asked">
      <h2>{texts.heading}</h2>
      <dl>
        <dt>{texts.when}</dt>
        <dd>
          <Moment messages={messages} at={asked.at} />
        </dd>
        {place === null ? null : <Row label={texts.where} value={isolate(messages, place)} />}
        {browser === null ? null : <Row label={texts.browser} value={isolate(messages, browser)} />}
      </dl>
    </section>
  )
}

function Row({ label, value }: { label: string; value: string }) {
  return (
    <>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </>
  )
}

/** In UTC, which is right everywhere; the page's script puts it into the person's zone. */
export function Moment({ messages, at }: { messages: Messages; at: number }) {
  return (
    <time datetime={new Date(at * 1000).toISOString()} data-format={messages.timeOnDay('{time}', '{day}')}>
      {moment(messages, at, null)}
    </time>
  )
}

export function Ltr({ text }: { text: string }) {
  return <bdi dir="ltr">{text}</bdi>
}
