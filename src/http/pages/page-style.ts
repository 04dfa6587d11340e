import { accentOf, dark, edgeOn, light, type Paper } from '../../lib/palette.ts'

/**
 * One style sheet for every page. Logical properties only: it serves right-to-left languages as it is. Japanese names its
 * fonts without `system-ui`, which on a Chinese system would draw Chinese forms of the same characters.
 */
export function pageStyle(primaryColor: string | null): string {
  const { accent, accentInk, accentShade } = accentOf(primaryColor)
  const tokens = (paper: Paper): string =>
    `--ink:${paper.ink};--quiet:${paper.quiet};--paper:${paper.paper};--ground:${paper.ground};--line:${paper.line};` +
    `--danger:${paper.danger};--ok:${paper.ok};--edge:${edgeOn(paper, accent)}`
  return `:root{color-scheme:light dark;--accent:${accent};--accent-ink:${accentInk};--accent-shade:${accentShade};${tokens(light)}}
@media (prefers-color-scheme:dark){:root{${tokens(dark)}}}
${rules}`
}

const rules = `*{box-sizing:border-box;margin:0}
html{font:100%/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans Arabic",sans-serif;-webkit-text-size-adjust:100%;text-size-adjust:100%}
html:lang(ja){font-family:-apple-system,"Segoe UI",Roboto,"Hiragino Sans","Yu Gothic UI",Meiryo,"Noto Sans JP","Noto Sans CJK JP",sans-serif;text-autospace:normal;word-break:auto-phrase}
body{min-block-size:100dvb;background:var(--paper);color:var(--ink);overflow-wrap:anywhere}
.page{max-inline-size:26rem;margin-inline:auto;padding:1.5rem}
.brand{font-weight:600;margin-block-end:2rem}
.brand img{display:block;block-size:2rem;max-inline-size:100%;object-fit:contain}
h1{font-size:1.5rem;line-height:1.25;font-weight:650;text-wrap:balance;margin-block-end:.75rem}
p{text-wrap:pretty}
p+p{margin-block-start:.75rem}
form,.go{margin-block-start:1.5rem}
p.go+form{margin-block-start:.75rem}
.button{display:block;inline-size:100%;min-block-size:2.75rem;padding:.625rem 1.25rem;border:1px solid var(--edge);border-radius:.5rem;background:var(--accent);color:var(--accent-ink);font:inherit;font-weight:600;line-height:1.375;text-align:center;text-decoration:none;cursor:pointer;transition:background-color 120ms}
.button:hover,.button[aria-busy=true]{background:color-mix(in srgb,var(--accent) 86%,var(--accent-shade))}
.button.second{border-color:color-mix(in srgb,var(--quiet) 55%,var(--paper));background:transparent;color:var(--ink)}
.button.second:hover,.button.second[aria-busy=true]{background:color-mix(in srgb,var(--ink) 8%,transparent)}
:focus-visible{outline:3px solid var(--edge);outline-offset:2px}
.quiet{color:var(--quiet);font-size:.875rem}
.after{margin-block-start:1rem}
.note{border-inline-start:3px solid var(--edge);padding-inline-start:.75rem;margin-block-end:1rem}
.asked{margin-block-start:1.5rem;font-size:.875rem}
.asked h2{font-size:inherit;font-weight:600}
.asked dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin-block-start:.25rem}
.asked dt{color:var(--quiet)}
.asked dd{min-inline-size:0}
label{display:block;margin-block-end:.375rem;font-weight:600}
input:not([type=hidden]){display:block;inline-size:100%;min-block-size:2.75rem;padding:.5rem .75rem;border:1px solid var(--quiet);border-radius:.5rem;background:var(--paper);color:var(--ink);font:inherit}
input[aria-invalid]{border-color:var(--danger)}
input.code{font-size:1.25rem;font-variant-numeric:tabular-nums;letter-spacing:.25em}
.hint,.error{margin-block-start:.625rem;font-size:.875rem}
.hint{color:var(--quiet)}
.error{color:var(--danger)}
.field+.button{margin-block-start:1rem}
.button[aria-disabled=true],.button[aria-disabled=true]:hover{border-color:var(--line);background:transparent;color:var(--quiet);cursor:default;font-variant-numeric:tabular-nums}
form+form{margin-block-start:.75rem}
form+h2{margin-block-start:2rem}
h2+form{margin-block-start:.75rem}
.ways{margin-block-start:.75rem}
.ways+.ways{margin-block-start:0}
.ways a:not(.button){display:inline-block;padding-block:.75rem;color:var(--quiet);font-size:.875rem}
.relay{margin-block:1.25rem 1rem;font-size:2rem;line-height:1.25;font-weight:600;font-variant-numeric:tabular-nums;letter-spacing:.08em;overflow-wrap:normal}
.relay span+span{margin-inline-start:.4em}
h2{font-size:1rem;font-weight:650}
.facts{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem}
.facts dt{color:var(--quiet)}
.facts dd{min-inline-size:0}
.places{margin-block-start:2rem}
.places ul{margin-block-start:.5rem;padding:0;list-style:none}
.places li{padding-block:.75rem;border-block-start:1px solid var(--line)}
.places li:last-child{border-block-end:1px solid var(--line)}
.places p+p{margin-block-start:.125rem}
.places form{margin-block-start:.5rem}
.places .button{inline-size:auto}
.here{color:var(--ok);font-weight:600}
.detail{margin-block-start:.25rem;padding:.75rem;border:1px solid var(--line);border-radius:.5rem;font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
footer{margin-block-start:2rem;padding-block-start:1rem;border-block-start:1px solid var(--line);color:var(--quiet);font-size:.875rem}
a{color:inherit;text-underline-offset:.15em}
bdi{unicode-bidi:isolate}
@media (min-width:40rem){
body{background:var(--ground);padding-block:clamp(1.5rem,10vb,6rem)}
.page{background:var(--paper);border:1px solid var(--line);border-radius:.75rem;max-inline-size:30rem;padding:2.5rem 2rem}
}
@media (max-width:30rem){.facts{grid-template-columns:1fr;gap:0}.facts dd{margin-block-end:.5rem}}
@media (max-width:17rem){.page{padding:1rem}.asked dl{grid-template-columns:1fr;gap:0}.asked dd{margin-block-end:.25rem}}
@media (prefers-color-scheme:dark){.brand img{block-size:2.5rem;padding:.25rem .5rem;border-radius:.375rem;background:#fff}}
@media (prefers-reduced-motion:reduce){*{transition:none!important}}
@media (forced-colors:active){.button{border-color:ButtonText}}
`
