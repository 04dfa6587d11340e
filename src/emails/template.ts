/** Fills a project's own template: here and not by Mustache, whose own filling knows lambdas, prototypes and raw output (security M2). */

import type { TemplateSource } from '../domain/messages/message.ts'
import { parsed, type Token } from '../domain/templates/check.ts'
import { withCodeLine } from './code-line.ts'
import { escapeHtml, headerLine, oneLine } from './escape.ts'
import { textOfHtml } from './html-text.ts'

/** One line each; empty counts as absent in a section. */
export type TemplateView = ReadonlyMap<string, string>

/** @param source checked by `checkTemplate` */
export function renderTemplate(
  source: TemplateSource,
  view: TemplateView,
): { subject: string; html: string; text: string } {
  const html = filled(source.html, view, escapeHtml)
  const text = source.text === null ? textOfHtml(html) : filled(source.text.replace(/\r\n?/g, '\n'), view, oneLine)
  return {
    subject: headerLine(filled(source.subject, view, oneLine)),
    html,
    text: withCodeLine(text, view.get('code_host') ?? '', view.get('code') || null),
  }
}

function filled(source: string, view: TemplateView, escaped: (value: string) => string): string {
  const fill = (tokens: Token[]): string =>
    tokens
      .map(([type, name, , , inner = []]) => {
        if (type === 'text') return name
        const value = view.get(name) ?? ''
        if (type === 'name') return escaped(value)
        return (type === '#' && value !== '') || (type === '^' && value === '') ? fill(inner) : ''
      })
      .join('')
  return fill(parsed(source))
}
