import { raw } from 'hono/html'
import type { Child } from 'hono/jsx'
import { isSms } from './parse.ts'

/** One self-contained page: styles and script inside, nothing fetched from anywhere but the inbox itself. */
export async function document(
  page: { title: string; status?: number; script?: string; wide?: boolean },
  children: Child,
): Promise<Response> {
  const html = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{page.title}</title>
        <link rel="icon" href={ICON} />
        <style>{raw(STYLE)}</style>
      </head>
      <body>
        {children}
        {page.script === undefined ? null : <script>{raw(page.script)}</script>}
      </body>
    </html>
  )
  return new Response(`<!doctype html>${await html.toString()}`, {
    status: page.status ?? 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': await policy(page.script),
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  })
}

/** A frame with srcdoc inherits this policy, so it must let a mail's inline styles through, and keeps its images out. */
async function policy(script: string | undefined): Promise<string> {
  const scripts = script === undefined ? "'none'" : `'sha256-${await sha256(script)}'`
  return [
    "default-src 'none'",
    "style-src 'unsafe-inline'",
    `script-src ${scripts}`,
    "connect-src 'self'",
    'img-src data:',
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return btoa(String.fromCharCode(...new Uint8Array(digest)))
}

/** A command to paste, as one block. */
export function Command(props: { children: Child }) {
  return (
    <pre tabindex={0}>
      <code>{props.children}</code>
    </pre>
  )
}

/** How the first mail or SMS comes to be. The key stays out of the page: it opens everything. */
export function sendCommand(issuer: string, to: string): string {
  return [
    `curl ${issuer}/v1/passwordless/send \\`,
    `  -H "x-api-key: $LATCHKEY_KEY" -H 'content-type: application/json' \\`,
    `  -d '${JSON.stringify(isSms({ to }) ? { phone: to } : { email: to }).replaceAll("'", "'\\''")}'`,
  ].join('\n')
}

const ICON =
  'data:image/svg+xml,' +
  encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M1 3h14v10H1z" fill="#2457c5"/>' +
      '<path d="M2 4.5l6 4.5 6-4.5" fill="none" stroke="#fff" stroke-width="1.5"/></svg>',
  )

const STYLE = `
:root {
  color-scheme: light dark;
  --ink: #1b1f24; --quiet: #59616b; --paper: #fff; --line: #dfe2e6; --edge: #8b939d; --shade: #f5f6f8;
  --accent: #2457c5; --accent-ink: #fff; --danger: #a8261c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e8eb; --quiet: #9ba3ad; --paper: #15171a; --line: #2d3137; --edge: #6c757f; --shade: #1d2024;
    --accent: #8db3ff; --accent-ink: #0c1a35; --danger: #ff9f95;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem; max-width: 64rem; color: var(--ink); background: var(--paper);
  font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', 'Noto Sans', sans-serif;
}
h1 { margin: 0; font-size: 1.5rem; font-weight: 650; line-height: 1.25; overflow-wrap: anywhere; }
p { margin: 0; max-width: 42rem; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
code, pre, .code { font-family: ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
pre {
  margin: 0; padding: .75rem 1rem; background: var(--shade); border: 1px solid var(--line); border-radius: .375rem;
  font-size: .875rem; overflow-x: auto;
}
time, .quiet { color: var(--quiet); }
.stack { display: grid; gap: 1rem; justify-items: start; }
.stack > * { min-width: 0; max-width: 100%; }
.stack > table { max-width: none; }
.stack > pre { width: 100%; }
.button {
  display: inline-flex; align-items: center; min-height: 2.75rem; padding: .25rem 1.25rem; border: 0; border-radius: .375rem;
  font: inherit; font-weight: 600; text-decoration: none; cursor: pointer; background: var(--accent); color: var(--accent-ink);
}
.button.plain { background: none; color: var(--ink); border: 1px solid var(--edge); }
.notice { width: 100%; padding: .75rem 1rem; border: 1px solid var(--danger); border-radius: .375rem; display: grid; gap: .5rem; }
.notice strong { color: var(--danger); }
.notice > * { min-width: 0; max-width: none; }

header { display: flex; flex-wrap: wrap; gap: .75rem 1.5rem; align-items: center; justify-content: space-between; margin-bottom: 1.5rem; }
form { display: flex; gap: .5rem; align-items: center; flex: 0 1 26rem; min-width: 0; }
form label { display: flex; gap: .75rem; align-items: center; color: var(--quiet); white-space: nowrap; flex: 1; min-width: 0; }
input {
  font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--edge); border-radius: .375rem;
  min-height: 2.75rem; padding: .25rem .75rem; width: 100%; min-width: 0;
}

table { width: calc(100% + 1rem); margin-inline: -.5rem; border-collapse: collapse; table-layout: fixed; }
th { text-align: start; font-size: .875rem; font-weight: 500; color: var(--quiet); }
th, td { padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
th:first-child { width: 10.5rem; } th:nth-child(2) { width: 18rem; } th:last-child { width: 7rem; }
th:first-child, td:first-child { padding-inline-start: .5rem; }
td time, td .code { font-variant-numeric: tabular-nums; }
tbody tr { position: relative; }
tbody tr:hover { background: var(--shade); }
td a { color: var(--ink); text-decoration: none; font-weight: 500; }
td a::after { content: ''; position: absolute; inset: 0; }
td a:focus-visible { outline: 0; }
td a:focus-visible::after { outline: 3px solid var(--accent); outline-offset: -3px; }
@media (max-width: 44rem) {
  body { padding: 1rem; }
  form { flex: 1 1 100%; }
  thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  table, tbody { display: block; }
  tbody { border-top: 1px solid var(--line); }
  tbody tr { display: grid; grid-template: 'subject code' auto 'to time' auto / minmax(0, 1fr) auto; column-gap: 1rem; padding: .5rem; border-bottom: 1px solid var(--line); }
  td, td:first-child { padding: 0; border: 0; }
  td:nth-child(1) { grid-area: time; font-size: .875rem; } td:nth-child(2) { grid-area: to; font-size: .875rem; color: var(--quiet); }
  td:nth-child(3) { grid-area: subject; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; white-space: normal; overflow-wrap: anywhere; } td:nth-child(4) { grid-area: code; text-align: end; }
}

dl { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 1rem; margin: 0; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
dd time { color: inherit; }
.open { display: flex; flex-wrap: wrap; gap: 1rem 2rem; align-items: center; }
.code.big { font-size: 1.75rem; line-height: 1.5; letter-spacing: .08em; font-variant-numeric: tabular-nums; user-select: all; }
ul { margin: 0; padding: 0; list-style: none; display: grid; gap: .25rem; }
.url { font-size: .875rem; word-break: break-all; }
nav { display: flex; gap: 1.5rem; width: 100%; border-bottom: 1px solid var(--line); }
nav a { padding: .625rem 0; color: var(--quiet); text-decoration: none; margin-bottom: -1px; border-bottom: 2px solid transparent; }
nav a[aria-current] { color: var(--ink); font-weight: 600; border-color: var(--accent); }
iframe { display: block; width: 100%; height: 48rem; min-height: 10rem; resize: vertical; border: 1px solid var(--line); border-radius: .375rem; }
iframe.narrow { width: 322px; height: 56rem; }
pre.text { width: 100%; white-space: pre-wrap; overflow-wrap: anywhere; }
.kind { color: var(--quiet); font-size: .875rem; font-weight: 500; }
p.sms { padding: .75rem 1rem; background: var(--shade); border: 1px solid var(--line); border-radius: .375rem; white-space: pre-wrap; overflow-wrap: anywhere; }
dl.places { gap: .25rem 1.5rem; }
dl.places dt a { font-weight: 600; }
`
