import { accentOf, dark, light, type Paper } from '../lib/palette.ts'

const tokens = (paper: Paper, link: string): string =>
  `--ink:${paper.ink};--quiet:${paper.quiet};--paper:${paper.paper};--ground:${paper.ground};--line:${paper.line};--link:${link}`

/** Logical properties and system fonts; code and tables scroll inside themselves, the page never sideways. */
export const docsStyle = `:root{color-scheme:light dark;${tokens(light, accentOf(null).accent)}}
@media (prefers-color-scheme:dark){:root{${tokens(dark, '#8db3ff')}}}
*{box-sizing:border-box;margin:0}
html{font:100%/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;-webkit-text-size-adjust:100%;text-size-adjust:100%;scroll-padding-block-start:1rem}
body{background:var(--paper);color:var(--ink);overflow-wrap:break-word}
a{color:var(--link);text-underline-offset:.15em;text-decoration-thickness:1px}
:focus-visible{outline:3px solid var(--link);outline-offset:2px;border-radius:2px}
.skip{position:absolute;inset-block-start:-4rem}
.skip:focus{inset-block-start:.5rem;inset-inline-start:.5rem;padding:.5rem 1rem;background:var(--paper);z-index:1}
.top{border-block-end:1px solid var(--line);padding:.5rem 1.5rem}
.top div{max-inline-size:72rem;margin-inline:auto;display:flex;justify-content:space-between;align-items:center;gap:1rem}
.top a{display:inline-flex;align-items:center;min-block-size:2.75rem;color:var(--ink);text-decoration:none}
.top a:first-child{font-weight:650}
.top a+a{color:var(--quiet);font-size:.875rem}
.top a:hover,.pages a:hover{text-decoration:underline}
.frame{max-inline-size:75rem;margin-inline:auto;padding-inline:1.5rem}
.pages{padding-block:.5rem;border-block-end:1px solid var(--line)}
.pages ul{list-style:none;padding:0}
.pages>ul{display:flex;flex-wrap:wrap;column-gap:1.25rem}
.pages a{display:flex;align-items:center;min-block-size:2.75rem;color:var(--quiet);text-decoration:none}
.pages a[aria-current]{color:var(--ink);font-weight:600}
.pages ul ul{display:none}
main{max-inline-size:48rem;padding-block:1.5rem 4rem;min-inline-size:0}
h1,h2,h3,h4{line-height:1.25;font-weight:650;text-wrap:balance;overflow-wrap:anywhere}
h1{font-size:1.75rem}
h2{font-size:1.375rem;margin-block-start:3rem;padding-block-start:1.5rem;border-block-start:1px solid var(--line)}
h3{font-size:1.0625rem;margin-block-start:2.25rem}
h4{font-size:1rem;margin-block-start:1.5rem}
h1+p{font-size:1.125rem;color:var(--quiet)}
main p,main ul,main ol,main .scroll,main pre,main details{margin-block-start:.875rem}
main p,main li{text-wrap:pretty}
main ul,main ol{padding-inline-start:1.375rem}
main li+li{margin-block-start:.375rem}
.anchor{margin-inline-start:.375rem;color:var(--quiet);font-weight:400;text-decoration:none;opacity:0}
:is(h2,h3,h4):hover .anchor,.anchor:focus{opacity:1}
:target{background:color-mix(in srgb,var(--link) 14%,transparent)}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.875em}
code{background:var(--ground);border-radius:.25rem;padding:.125rem .25rem;overflow-wrap:anywhere}
pre{padding:.875rem 1rem;background:var(--ground);border:1px solid var(--line);border-radius:.5rem;overflow-x:auto;font-size:.8125rem;line-height:1.55}
pre code{padding:0;background:none;font-size:inherit;overflow-wrap:normal}
h2 code,h3 code{background:none;padding:0;font-size:.9375em}
.scroll{overflow-x:auto}
table{border-collapse:collapse;min-inline-size:100%;font-size:.875rem;line-height:1.5}
th{text-align:start;font-weight:600;color:var(--quiet)}
th,td{padding:.5rem 1rem .5rem 0;border-block-end:1px solid var(--line);vertical-align:top}
th:last-child,td:last-child{padding-inline-end:0}
td:last-child{min-inline-size:12rem}
td:first-child code,.fields td:nth-child(2) code{overflow-wrap:normal}
summary{min-block-size:2.75rem;padding-block:.625rem;cursor:pointer;color:var(--quiet)}
details[open]>summary{color:var(--ink)}
details>.scroll,details>p,details>ul{margin-block-start:.25rem}
blockquote{margin-block-start:.875rem;padding-inline-start:1rem;border-inline-start:3px solid var(--link)}
blockquote p:first-child{margin-block-start:0}
footer{border-block-start:1px solid var(--line);padding:1rem 1.5rem;color:var(--quiet);font-size:.875rem}
footer div{max-inline-size:72rem;margin-inline:auto}
@media (max-width:40rem){
td:nth-child(n+2){min-inline-size:7rem}
.fields td:nth-child(2) code{overflow-wrap:anywhere}
.fields :is(table,tbody){display:block}
.fields thead{position:absolute;clip-path:inset(50%);inline-size:1px;block-size:1px;overflow:hidden}
.fields tr{display:flex;flex-wrap:wrap;column-gap:.75rem;padding-block:.5rem;border-block-end:1px solid var(--line)}
.fields td{padding:0;border:0;min-inline-size:0}
.fields td:nth-child(2){color:var(--quiet)}
.fields td:nth-child(n+3){flex-basis:100%}
.fields td:last-child{min-inline-size:0}
.refusals td:nth-child(2){color:inherit}
.refusals td:last-child{color:var(--quiet)}
}
@media (min-width:60rem){
.frame{display:grid;grid-template-columns:14rem minmax(0,1fr);column-gap:3.5rem}
.pages{border:0;padding-block:1.5rem;position:sticky;inset-block-start:0;align-self:start;max-block-size:100dvb;overflow-y:auto}
.pages>ul{display:block}
.pages a{min-block-size:0;padding-block:.3125rem}
.pages ul ul{display:block;margin-block:.125rem .5rem;padding-inline-start:.875rem;border-inline-start:1px solid var(--line)}
.pages ul ul a{font-size:.875rem;padding-block:.1875rem}
main{padding-block-start:2rem}
main>.toc{display:none}
h1{font-size:2rem}
}
@media print{.pages,.top,.toc,.anchor{display:none}}
`
