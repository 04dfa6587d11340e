/** Markdown in, HTML out: one self-contained page each, without script, and nothing fetched from anywhere. */

import { Marked, type MarkedExtension, Renderer } from 'marked'
import { escapeHtml } from '../lib/escape-html.ts'
import { accentOf } from '../lib/palette.ts'
import { PAGES, pathOfPage } from './pages.ts'
import { docsStyle } from './style.ts'

type Heading = { depth: number; id: string; html: string }

export function renderPage(name: string, markdown: string): string {
  const headings: Heading[] = []
  const body = new Marked({ gfm: true }, markup(headings)).parse(markdown, { async: false })
  const title = plain(headings.find(({ depth }) => depth === 1)?.html ?? name)
  const sections = headings.filter(({ depth }) => depth === 2)
  // The list of sections stands beside the text where there is room (in the navigation), and else behind one press.
  const [head, ...rest] = body.split('</h1>\n')
  const contents =
    sections.length < 3 ? '' : `<details class="toc"><summary>On this page</summary>${list(sections)}</details>\n`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>${title === 'Latchkey' ? title : `${title} · Latchkey`}</title>
<link rel="icon" href="${FAVICON}">
<style>${docsStyle}</style>
</head>
<body>
<a class="skip" href="#text">To the text</a>
<header class="top"><div><a href="/docs">Latchkey</a><a href="/openapi.json">openapi.json</a></div></header>
<div class="frame">
<nav class="pages" aria-label="Pages"><ul>
${PAGES.map((page) => navigation(page, name, sections)).join('\n')}
</ul></nav>
<main id="text">
${rest.length === 0 ? body : `${head}</h1>\n${intro(rest.join('</h1>\n'), contents)}`}</main>
</div>
<footer><div>This page is a part of your deployment, and describes its version.</div></footer>
</body>
</html>
`
}

/** The first paragraph says what the page is for; the contents come behind it. */
function intro(body: string, contents: string): string {
  const end = body.startsWith('<p>') ? body.indexOf('</p>\n') + '</p>\n'.length : 0
  return body.slice(0, end) + contents + body.slice(end)
}

function navigation({ name, label }: { name: string; label: string }, current: string, sections: Heading[]): string {
  const isHere = name === current
  const inner = isHere && sections.length > 2 ? list(sections) : ''
  return `<li><a href="${pathOfPage(name)}"${isHere ? ' aria-current="page"' : ''}>${label}</a>${inner}</li>`
}

const list = (sections: Heading[]): string =>
  `<ul>${sections.map(({ id, html }) => `<li><a href="#${id}">${html}</a></li>`).join('')}</ul>`

function markup(headings: Heading[]): MarkedExtension {
  const used = new Set<string>()
  return {
    renderer: {
      heading({ tokens, depth }) {
        // `## Title {#id}` names its anchor, where the title's words would not do.
        const [, inner = '', named] = /^([\s\S]*?)(?: \{#([\w-]+)\})?$/.exec(this.parser.parseInline(tokens)) ?? []
        const id = unique(named ?? slug(plain(inner)), used)
        headings.push({ depth, id, html: inner })
        if (depth === 1) return `<h1>${inner}</h1>\n`
        const anchor = `<a class="anchor" href="#${id}" aria-label="Link to this section">#</a>`
        return `<h${depth} id="${id}">${inner}${anchor}</h${depth}>\n`
      },
      code({ text }) {
        return `<pre tabindex="0"><code>${escapeHtml(text)}\n</code></pre>\n`
      },
      table(token) {
        // On a phone a field's meaning stands below its name, what a call does below the call, and so on.
        const [first = '', second = ''] = token.header.map(({ text }) => text)
        const isFields =
          (['Field', 'Parameter'].includes(first) && second === 'Type') ||
          (['Call', 'To', 'Errors of'].includes(first) && token.header.length === 3)
        const kind = first === 'HTTP' ? ' fields refusals' : isFields ? ' fields' : ''
        return `<div class="scroll${kind}" tabindex="0">${Renderer.prototype.table.call(this, token)}</div>\n`
      },
      html({ text }) {
        return text.replaceAll(/<!--[\s\S]*?-->\n?/g, '')
      },
    },
  }
}

function unique(wanted: string, used: Set<string>): string {
  let id = wanted
  for (let n = 2; used.has(id); n++) id = `${wanted}-${n}`
  used.add(id)
  return id
}

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, '')
    .trim()
    .replaceAll(/\s+/g, '-')

/** Without tags, as a title and an anchor are. */
const plain = (html: string): string => html.replaceAll(/<[^>]*>/g, '')

const { accent, accentInk } = accentOf(null)
const FAVICON = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="${accent}"/>` +
    `<path d="M8 3.5a2.5 2.5 0 0 1 1.2 4.7l.8 4.3H6l.8-4.3A2.5 2.5 0 0 1 8 3.5Z" fill="${accentInk}"/></svg>`,
)}`
