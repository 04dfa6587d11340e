/** /v1/templates: a project's own mails, in place of ours. */

import { Hono } from 'hono'
import { brandOf } from '../../domain/messages/message.ts'
import {
  getTemplate,
  listTemplates,
  previewTemplate,
  removeTemplate,
  storeTemplate,
} from '../../domain/templates/template.ts'
import type { AppEnv } from '../context.ts'
import { jsonBody } from '../middleware/json-body.ts'
import { requireScope } from '../middleware/require-scope.ts'
import { toProblem } from '../problem.ts'
import { answerList } from './list.ts'
import { pageQuery, previewBody, templateBody, templateParams } from './schemas.ts'
import { jsonOf, paramOf, queryOf } from './validate.ts'
import { toTemplateWire } from './wire.ts'

/** A template with its text part, as JSON. */
const TEMPLATE_BYTES = 128 * 1024
const NO_STORE = { 'cache-control': 'no-store' }

export function templatesApi() {
  const app = new Hono<AppEnv>()

  app.get('/', requireScope('settings:read'), queryOf(pageQuery), (c) => {
    const { deps, caller } = c.var
    const load = async (count: number, after: string | null) =>
      (await listTemplates(deps, caller.project, count, after)).map((row) => ({
        ...row,
        id: `${row.name}/${row.locale}`,
      }))
    return answerList(c, `templates:${caller.project.id}`, c.req.valid('query'), load, toTemplateWire)
  })

  app.post('/preview', requireScope('settings:read'), ...jsonBody(TEMPLATE_BYTES), jsonOf(previewBody), async (c) => {
    const { deps, caller } = c.var
    const { name, locale, subject, html, text, template_variables } = c.req.valid('json')
    const source = html === undefined ? null : { subject: subject ?? '', html, text: text ?? null }
    const wish = { name, locale: locale ?? null, source, variables: template_variables }
    const content = await previewTemplate(deps, caller.project, wish, brandOf(caller.project))
    if (!content.ok) return toProblem(c, content.error)
    const mail = deps.renderMail(await deps.messages(content.value.locale), content.value)
    return c.json({ subject: mail.subject, from_name: mail.fromName, html: mail.html, text: mail.text }, 200, NO_STORE)
  })

  app.get('/:name/:locale', requireScope('settings:read'), paramOf(templateParams), async (c) => {
    const { name, locale } = c.req.valid('param')
    const row = await getTemplate(c.var.deps, c.var.caller.project, name, locale)
    return row.ok ? c.json(toTemplateWire(row.value), 200, NO_STORE) : toProblem(c, row.error)
  })

  app.put(
    '/:name/:locale',
    requireScope('settings:write'),
    paramOf(templateParams),
    ...jsonBody(TEMPLATE_BYTES),
    jsonOf(templateBody),
    async (c) => {
      const stored = await storeTemplate(c.var.deps, c.var.caller, { ...c.req.valid('param'), ...c.req.valid('json') })
      return stored.ok ? c.json(toTemplateWire(stored.value), 200, NO_STORE) : toProblem(c, stored.error)
    },
  )

  app.delete('/:name/:locale', requireScope('settings:write'), paramOf(templateParams), async (c) => {
    const { name, locale } = c.req.valid('param')
    const removed = await removeTemplate(c.var.deps, c.var.caller, name, locale)
    return removed.ok ? c.body(null, 204) : toProblem(c, removed.error)
  })

  return app
}
