/** What the pages of signing in and of the account share, above all a field with its label, hint and error. */

import type { Child, PropsWithChildren } from 'hono/jsx'

import type { FormTarget } from './parts.tsx'

export type Content = { heading: string; body: Child }

export function Note({ text }: { text: string }) {
  return (
    <p class="note" role="status">
      {text}
    </p>
  )
}

/** The quiet way out of a page. */
export function Way({ href, children }: PropsWithChildren<{ href: string }>) {
  return (
    <p class="ways">
      <a href={href}>{children}</a>
    </p>
  )
}

/** A sentence, and the one button, which is a link. */
export function LinkOn({ lead, href, label }: { lead: string; href: string; label: string }) {
  return (
    <>
      <p>{lead}</p>
      <p class="go">
        <a class="button" href={href}>
          {label}
        </a>
      </p>
    </>
  )
}

export function HiddenFields({ target }: { target: FormTarget }) {
  return (
    <>
      {Object.entries(target.fields).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
    </>
  )
}

type FieldProps = {
  label: string
  /** As it was typed: nothing is lost. */
  value: string
  error: string | null
  hint?: string | null
  autofocus: boolean
}

export function EmailField(props: FieldProps) {
  return (
    <Field id="email" {...props}>
      <input type="email" name="email" autocomplete="email" inputmode="email" {...inputOf('email', props)} />
    </Field>
  )
}

/** One field without a length or a pattern: it takes whatever is pasted, and the server finds the code in it. */
export function CodeField(props: FieldProps) {
  return (
    <Field id="typed" {...props}>
      <input
        type="text"
        name="typed"
        class="code"
        inputmode="numeric"
        autocomplete="one-time-code"
        {...inputOf('typed', props)}
      />
    </Field>
  )
}

function inputOf(id: string, { value, error, hint, autofocus }: FieldProps) {
  const about = [error === null ? null : `${id}-error`, hint ? `${id}-hint` : null].filter((part) => part !== null)
  return {
    id,
    value,
    dir: 'ltr' as const,
    autocapitalize: 'none' as const,
    ...(about.length > 0 && { 'aria-describedby': about.join(' ') }),
    ...(error !== null && { 'aria-invalid': true }),
    ...(autofocus && { autofocus: true }),
  }
}

function Field({ id, label, error, hint, children }: PropsWithChildren<FieldProps & { id: string }>) {
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      {error === null ? null : (
        <p class="error" id={`${id}-error`} role="alert">
          {error}
        </p>
      )}
      {hint ? (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      ) : null}
    </div>
  )
}
