/** A page as an answer: state in, HTML and headers out. Every person-facing route ends here. */

import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { type Brand, brandOf, chooseLocale } from '../../domain/messages/message.ts'
import type { Project } from '../../domain/projects/project.ts'
import { encodeBase64url } from '../../lib/base64url.ts'
import { chooseLocaleOf, fromAcceptLanguage } from '../../locales/choose.ts'
import type { Locale } from '../../locales/index.ts'
import type { Messages } from '../../locales/messages.ts'
import type { AppEnv } from '../context.ts'
import { pageHeaders } from './page-headers.ts'
import { polls, type SignInPage, SignInPageView } from './sign-in-views.tsx'
import { type LinkPage, LinkPageView } from './views.tsx'

/** How a page looks where nothing is known of the project. */
export const PLAIN_BRAND: Brand = { name: '', primary_color: null, logo: null, sender_name: null, support_email: null }

export type Look = { brand: Brand; locale: Locale }

/** A project's own, in the language that was wished (`ui_locales`, the user's), then the browser's. */
export function lookOf(c: Context<AppEnv>, project: Project, wished: string | null = null): Look {
  return { brand: brandOf(project), locale: chooseLocale(project, wished, ...acceptedBy(c)) }
}

const acceptedBy = (c: Context<AppEnv>): string[] => fromAcceptLanguage(c.req.header('accept-language') ?? '')

type Options = { status?: number } & Partial<Look>

export const answerPage = (c: Context<AppEnv>, page: LinkPage, options: Options = {}): Promise<Response> =>
  answer(c, options, false, (look) => <LinkPageView {...look} page={page} />)

export const answerSignIn = (c: Context<AppEnv>, page: SignInPage, options: Options = {}): Promise<Response> =>
  answer(c, options, polls(page), (look) => <SignInPageView {...look} page={page} />)

async function answer(
  c: Context<AppEnv>,
  { status = 200, brand = PLAIN_BRAND, locale = chooseLocaleOf(acceptedBy(c)) ?? 'en' }: Options,
  connects: boolean,
  view: (look: { messages: Messages; brand: Brand; nonce: string }) => ReturnType<typeof LinkPageView>,
): Promise<Response> {
  const messages = await c.var.deps.messages(locale)
  const nonce = encodeBase64url(c.var.deps.randomBytes(16))
  for (const [name, value] of Object.entries(pageHeaders(nonce, brand.logo, { polls: connects }))) c.header(name, value)
  if (status === 503 && !c.res.headers.has('retry-after')) c.header('retry-after', '5')
  return c.html(view({ messages, brand, nonce }), status as ContentfulStatusCode)
}
