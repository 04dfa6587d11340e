import type { TemplateVariable } from '../domain/templates/check.ts'

/** What one kind of mail brings; `render.ts` puts the frame around it, or a project's own template. */
export type MailPart = {
  subject: string
  preheader: string
  /** Mustache sources of our own, filled from `view`. */
  html: string
  text: string
  view: Record<string, unknown>
  /** What a template may name; the rest of them is empty or the brand's. */
  variables: Partial<Record<TemplateVariable, string>>
}
