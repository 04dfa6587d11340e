/** Every page of /docs as HTML, from the Markdown beside this file and from what the product says of itself. */

import { SCOPES } from '../domain/api-keys/api-key.ts'
import { DEFAULT_SETTINGS } from '../domain/projects/settings.ts'
import { TEMPLATE_VARIABLES } from '../domain/templates/check.ts'
import { openApiDocument } from '../http/api/openapi.ts'
import { ISSUER_PLACEHOLDER } from '../lib/issuer-placeholder.ts'
import { LOCALES } from '../locales/index.ts'
import { errorList } from './errors.ts'
import { PAGES, pathOfPage } from './pages.ts'
import { apiReference, type OpenApiDocument, text } from './reference.ts'
import { renderPage } from './render.ts'

/** `<!-- insert: name -->` on a line of its own in the Markdown. */
const INSERTS: Record<string, () => string> = {
  api: () => apiReference(openApiDocument(ISSUER_PLACEHOLDER) as OpenApiDocument),
  errors: errorList,
  scopes: () => SCOPES.map((scope) => `\`${scope}\``).join(' '),
  locales: () => LOCALES.map((locale) => `| \`${locale}\` | ${nameOf(locale)} |`).join('\n'),
  template_variables: () =>
    Object.entries(TEMPLATE_VARIABLES)
      .map(([name, value]) => `| \`{{${name}}}\` | ${text(value)} |`)
      .join('\n'),
  settings: () =>
    Object.entries(flat(DEFAULT_SETTINGS))
      .map(([name, value]) => `| \`${name}\` | \`${JSON.stringify(value)}\` | ${SETTINGS[name] ?? ''} |`)
      .join('\n'),
}

/** What a setting means, as Markdown. A test holds that none is missing. */
export const SETTINGS: Record<string, string> = {
  method: 'what a mail brings: `link`, `code` or `link_and_code`',
  link_ttl: 'seconds a link lives, up to 7 days; `expires_in` of a send goes before',
  code_ttl: 'seconds a code lives, up to 3600',
  code_length: '6 to 10',
  code_alphabet: '`digits`, or `unambiguous`: letters and digits that cannot be taken for one another',
  max_tries: 'wrong codes of one challenge before only its link works, 1 to 5',
  regenerate_on_resend: 'true: a resend ends the code and link before it',
  link_requires_id: 'true: verifying a link needs the `id` of its challenge too',
  allow_sign_up: 'false: only users that you created may sign in',
  redirect_uris: 'where people may end up; compared character by character',
  default_login_redirect: 'where people end up if a send names nothing; one of `redirect_uris`',
  default_registration_redirect: 'the same for somebody new',
  email_domains_allowed: 'if not empty, only these domains and those below them',
  email_domains_blocked: 'these domains and those below them never',
  block_disposable: 'true: no throw-away mail addresses',
  'brand.name': "on pages and in mails; null: the project's name",
  'brand.primary_color': 'such as `#0a7d4f`',
  'brand.logo': 'an https address, or a picture as `data:`',
  'brand.sender_name': 'who mails are from',
  'brand.support_email': 'at the foot of pages and mails',
  locale: 'the language where nobody says otherwise: [languages](/docs/locales)',
  access_ttl: 'seconds an access token lives, 300 to 86400',
  session_idle: 'seconds without a refresh after which a session ends',
  session_absolute: 'seconds after which it ends in any case, up to 365 days',
  resources: 'what `resource` may name as the audience of an access token',
  test_identities: 'addresses with a fixed code, for reviewers of app stores: `[{ "address", "code", "until" }]`',
  'send_limits.per_minute': 'messages to one recipient',
  'send_limits.per_15_minutes': 'the same, in 15 minutes',
  'send_limits.per_day': 'the same, in 24 hours',
  'sms.countries': '[text messages](/docs/sms)',
  'sms.per_prefix_per_hour': 'to numbers that begin alike',
  'sms.per_day': 'text messages of the whole project',
}

/** `{ a: { b: 1 } }` as `{ 'a.b': 1 }`. */
export const flat = (settings: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(settings).flatMap(([name, value]) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.entries(value).map(([inner, one]) => [`${name}.${inner}`, one])
        : [[name, value]],
    ),
  )

/** @param markdown of each page, by its name @returns path within the assets → HTML */
export function buildDocs(markdown: (name: string) => string): Map<string, string> {
  const pages = new Map<string, string>(PAGES.map(({ name }) => [name, withInserts(markdown(name))]))
  pages.set('not-found', NOT_FOUND)
  return new Map([...pages].map(([name, source]) => [`/docs/${name}.html`, renderPage(name, source)]))
}

const withInserts = (source: string): string =>
  source.replaceAll(/^<!-- insert: (\w+) -->$/gm, (_, name: string) => {
    const insert = INSERTS[name]
    if (!insert) throw new Error(`src/docs: there is nothing to insert for ${name}`)
    return insert()
  })

const nameOf = (locale: string): string => new Intl.DisplayNames('en', { type: 'language' }).of(locale) ?? locale

const NOT_FOUND = `# There is no such page

These are the pages there are:

${PAGES.map(({ name, label }) => `- [${label}](${pathOfPage(name)})`).join('\n')}
`
