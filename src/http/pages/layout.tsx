/** The shell of every page: brand on top, one column, the project's support address at the foot. Needs no script. */

import { raw } from 'hono/html'
import type { Child, PropsWithChildren } from 'hono/jsx'

import type { Brand } from '../../domain/messages/message.ts'
import { cleanValue } from '../../lib/clean-value.ts'
import { logoSource } from '../../lib/logo-source.ts'
import { accentOf } from '../../lib/palette.ts'
import { isolate } from '../../locales/format.ts'
import type { Messages } from '../../locales/messages.ts'
import { pageStyle } from './page-style.ts'

export type PageProps = PropsWithChildren<{
  messages: Messages
  /** The page's heading; the browser's tab shows the brand's name behind it. */
  title: string
  brand: Brand
  /** The one of `pageHeaders`. */
  nonce: string
  /** Runs under the same nonce; only what the page works without. */
  script?: string
}>

export function Page({ messages, title, brand, nonce, script, children }: PageProps) {
  const name = cleanValue(brand.name)
  const support = cleanValue(brand.support_email ?? '')
  return (
    <>
      {raw('<!doctype html>')}
      <html lang={messages.lang} dir={messages.dir}>
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width,initial-scale=1" />
          <meta name="robots" content="noindex" />
          <meta name="color-scheme" content="light dark" />
          <title>{name === '' || title.includes(name) ? title : `${title} · ${isolate(messages, name)}`}</title>
          <link rel="icon" href={favicon(brand.primary_color)} />
          <style nonce={nonce} dangerouslySetInnerHTML={{ __html: pageStyle(brand.primary_color) }} />
        </head>
        <body>
          <div class="page">
            <BrandMark name={name} logo={brand.logo} />
            <main>{children}</main>
            {support === '' ? null : (
              <footer>
                <p>
                  {withElement(
                    (address) => messages.help(address),
                    <a href={`mailto:${encodeURI(support)}`}>
                      <bdi dir="ltr">{support}</bdi>
                    </a>,
                  )}
                </p>
              </footer>
            )}
          </div>
          {script === undefined ? null : <script nonce={nonce} dangerouslySetInnerHTML={{ __html: script }} />}
        </body>
      </html>
    </>
  )
}

function BrandMark({ name, logo }: { name: string; logo: string | null }) {
  const source = logoSource(logo)
  if (source === null && name === '') return null
  return (
    <header class="brand">
      {source === null ? (
        <bdi>{name}</bdi>
      ) : (
        // The page's address can hold a secret; the host of the logo learns nothing of where it is shown.
        <img src={source.src} alt={name} height="32" referrerpolicy="no-referrer" />
      )}
    </header>
  )
}

/** A text of `Messages` with an element in the place of its value, so that word order stays the language's business. */
export function withElement(text: (value: string) => string, element: Child): Child {
  const mark = '\ue000'
  const [before, ...after] = text(mark).split(mark)
  return (
    <>
      {before}
      {element}
      {after.join('')}
    </>
  )
}

/** A name as it may stand in a text of `Messages`; null where there is none. */
export function nameIn(messages: Messages, name: string | null): string | null {
  const clean = cleanValue(name ?? '')
  return clean === '' ? null : isolate(messages, clean)
}

function favicon(primaryColor: string | null): string {
  const { accent, accentInk } = accentOf(primaryColor)
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="${accent}"/>` +
    `<path d="M8 3.5a2.5 2.5 0 0 1 1.2 4.7l.8 4.3H6l.8-4.3A2.5 2.5 0 0 1 8 3.5Z" fill="${accentInk}"/></svg>`
  return `data:image/svg+xml,${encodeURIComponent(svg)}`
}
