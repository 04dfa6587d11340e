/** A project's own mails: stored under a name and a language, used in place of ours wherever they fit. */

import { newId } from '../../lib/ids.ts'
import { ok, type Result } from '../../lib/result.ts'
import type { Locale } from '../../locales/index.ts'
import type { Deps } from '../../ports.ts'
import { batch, query, queryAll } from '../database.ts'
import { insertEventIfChanged } from '../events/queries.ts'
import { type Failure, failed } from '../failures.ts'
import {
  type Brand,
  chooseLocale,
  type MailContent,
  type SignInMail,
  TEMPLATE_NAMES,
  type TemplateName,
  type TemplateSource,
  templateNameOf,
} from '../messages/message.ts'
import type { Project } from '../projects/project.ts'
import { checkTemplate } from './check.ts'
import { previewContent } from './preview.ts'
import {
  deleteTemplate,
  putTemplate,
  selectTemplate,
  selectTemplateNames,
  selectTemplates,
  selectTemplatesFor,
  type TemplateRow,
} from './queries.ts'

const MAX_TEMPLATES = 200

/** @param after `name/locale` of the last one of the page before */
export const listTemplates = (deps: Deps, project: Project, limit: number, after: string | null) =>
  queryAll<TemplateRow>(selectTemplates(deps.db, project.id, limit, after))

export async function getTemplate(
  deps: Deps,
  project: Project,
  name: string,
  locale: string,
): Promise<Result<TemplateRow, Failure>> {
  const row = await query<TemplateRow>(selectTemplate(deps.db, project.id, name, locale))
  return row ? ok(row) : failed({ reason: 'not_found', what: 'template' })
}

/** Stores a template, or replaces it. Nothing is stored that could not be rendered. */
export async function storeTemplate(
  deps: Deps,
  by: { id: string; project: Project },
  { name, locale, ...source }: TemplateSource & { name: string; locale: Locale },
): Promise<Result<TemplateRow, Failure>> {
  const why = checkTemplate(source, name)
  if (why) return failed({ reason: 'invalid_template', message: why })
  const now = Math.floor(deps.now() / 1000)
  const { id: projectId } = by.project
  const [put] = await batch(deps.db, [
    putTemplate(deps.db, projectId, { name, locale, ...source }, now, MAX_TEMPLATES),
    insertEventIfChanged(deps.db, {
      projectId,
      id: newId('evt', now, deps.randomBytes(16)),
      type: 'template.updated',
      userId: null,
      data: { name, locale, by: by.id },
      now,
    }),
  ])
  const row = put?.rows[0] as TemplateRow | undefined
  deps.cache.forget(namesKey(projectId))
  if (!row) {
    const message = `a project may have ${MAX_TEMPLATES} templates: delete one first`
    return failed({ reason: 'invalid', issues: [{ path: 'name', message }] })
  }
  return ok(row)
}

export async function removeTemplate(
  deps: Deps,
  by: { id: string; project: Project },
  name: string,
  locale: string,
): Promise<Result<null, Failure>> {
  const now = Math.floor(deps.now() / 1000)
  const { id: projectId } = by.project
  const [removed] = await batch(deps.db, [
    deleteTemplate(deps.db, projectId, name, locale),
    insertEventIfChanged(deps.db, {
      projectId,
      id: newId('evt', now, deps.randomBytes(16)),
      type: 'template.deleted',
      userId: null,
      data: { name, locale, by: by.id },
      now,
    }),
  ])
  deps.cache.forget(namesKey(projectId))
  return removed?.changes ? ok(null) : failed({ reason: 'not_found', what: 'template' })
}

/** A mail as it would look, with made-up values: of a source at hand, of the stored template, or of ours. */
export async function previewTemplate(
  deps: Deps,
  project: Project,
  wish: { name: string; locale: Locale | null; source: TemplateSource | null; variables: Record<string, string> },
  brand: Brand,
): Promise<Result<MailContent, Failure>> {
  const { name, source, variables } = wish
  const why = source && checkTemplate(source, name)
  if (why) return failed({ reason: 'invalid_template', message: why })
  const locale = wish.locale ?? chooseLocale(project)
  const sample = previewContent(name, locale, brand, Math.floor(deps.now() / 1000))
  const custom = { email: null, variables, template: isOurs(name) ? null : name, inline: null, text: null }
  const content: MailContent = sample.kind === 'sign_in' ? { ...sample, custom } : sample
  if (source) return ok({ ...content, template: source })
  const rows = await queryAll<TemplateRow>(
    selectTemplatesFor(deps.db, project.id, [name], [locale, chooseLocale(project)]),
  )
  if (rows.length === 0 && !isOurs(name)) return failed({ reason: 'not_found', what: 'template' })
  return ok(withTemplate(content, rows, chooseLocale(project)))
}

/** Whether a send may name this template: one of ours for sign-ins, or one that the project has in some language. */
export async function isTemplateName(deps: Deps, project: Project, name: string): Promise<boolean> {
  if (isOurs(name)) return !NOTICES.includes(name)
  const key = namesKey(project.id)
  const load = async () =>
    (await queryAll<{ name: string }>(selectTemplateNames(deps.db, project.id))).map((row) => row.name)
  const remembered = await deps.cache.get(key, deps.now(), load)
  if (remembered?.includes(name)) return true
  // It may have been stored since, by way of another isolate.
  deps.cache.forget(key)
  return (await deps.cache.get(key, deps.now(), load))?.includes(name) ?? false
}

/** The project's templates that this mail could be made with, whichever of sign-in and sign-up it turns out to be. */
export function selectTemplatesOf(
  deps: Deps,
  projectId: string,
  content: MailContent,
  projectLocale: string,
  reader: { kind: string; canonical: string } | null = null,
) {
  const chosen = customName(content)
  const either = content.kind === 'sign_in' ? [true, false].map((isSignUp) => ({ ...content, isSignUp })) : [content]
  const names = chosen === null ? [...new Set(either.flatMap(possibleNames))] : [chosen]
  return selectTemplatesFor(deps.db, projectId, names, [content.locale, projectLocale], reader)
}

/** The template that the mail is made with, the project's or ours. */
export const nameOf = (content: MailContent): string => customName(content) ?? templateNameOf(content)

/** The mail with the project's template: in its own language, else in the project's; ours where there is neither. */
export function withTemplate<Content extends MailContent>(
  content: Content,
  rows: TemplateRow[],
  projectLocale: string,
): Content {
  const chosen = customName(content)
  const name = nameOf(content)
  const inLocale = (locale: string) => rows.find((row) => row.name === name && row.locale === locale)
  const row = inLocale(content.locale) ?? inLocale(projectLocale)
  // Without what this mail brings nobody could sign in with it: then ours goes, under our name.
  if (row && content.kind === 'sign_in' && !bringsIn(content, row)) {
    return { ...content, template: null, custom: content.custom ? { ...content.custom, template: null } : null }
  }
  const template = row ? { subject: row.subject, html: row.html, text: row.text } : null
  const forced = content.kind === 'sign_in' && (chosen === 'sign_up' || chosen === 'sign_in')
  return { ...content, template, ...(forced ? { isSignUp: chosen === 'sign_up' } : {}) }
}

function bringsIn({ link, code }: SignInMail, { html, text }: TemplateRow): boolean {
  const names = [...(link === null ? [] : ['link', 'MAGICLINK']), ...(code === null ? [] : ['code', 'otp'])]
  const holds = (source: string) => new RegExp(`\\{\\{\\s*(${names.join('|')})\\s*\\}\\}`).test(source)
  return holds(html) && (text === null || holds(text))
}

/** Sent by us alone, about something that has happened. */
const NOTICES: TemplateName[] = ['address_changed', 'security_notice']
const isOurs = (name: string): name is TemplateName => TEMPLATE_NAMES.some((ours) => ours === name)
const customName = (content: MailContent): string | null =>
  content.kind === 'sign_in' ? (content.custom?.template ?? null) : null
/** Link and code are put in later, so whether there is one is not known yet. */
const possibleNames = (content: MailContent): TemplateName[] =>
  content.kind === 'sign_in' && !content.isSignUp ? ['sign_in', 'code', 'login_link'] : [templateNameOf(content)]
const namesKey = (projectId: string) => `templates:${projectId}`
