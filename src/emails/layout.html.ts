/**
 * What every HTML mail is wrapped in. Tables and inline styles, because that is what mail programs agree on; the style
 * block only adds what may be missing: dark colours (`[data-ogsc]` and `[data-ogsb]` are Outlook's own dark mode) and
 * phones. Light colours are inline, so a program that drops the block or inverts on its own starts from a readable pair.
 * `bgcolor` stands beside each background for Outlook on Windows, which also gets a short list of fonts: one that starts
 * with a name it does not know ends in a serif. Language and direction stand once more on a `div`, because web mail drops
 * `html` and `body`.
 */
export const layoutHtml = `<!doctype html>
<html lang="{{lang}}" dir="{{dir}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no">
<title>{{subject}}</title>
<style>
:root{color-scheme:light dark;supported-color-schemes:light dark}
@media (prefers-color-scheme:dark){
.ground{background-color:{{dark.ground}}!important}
.paper{background-color:{{dark.paper}}!important;border-color:{{dark.line}}!important}
.ink{color:{{dark.ink}}!important}
.quiet{color:{{dark.quiet}}!important}
.line{border-color:{{dark.line}}!important}
.field{background-color:{{dark.ground}}!important;border-color:{{dark.line}}!important}
.button{border-color:{{darkEdge}}!important}
.logo{background-color:#ffffff!important;color:{{light.ink}}!important;padding:4px 8px!important}
}
[data-ogsb] .ground{background-color:{{dark.ground}}!important}
[data-ogsb] .paper{background-color:{{dark.paper}}!important}
[data-ogsb] .field{background-color:{{dark.ground}}!important}
[data-ogsc] .ink{color:{{dark.ink}}!important}
[data-ogsc] .quiet{color:{{dark.quiet}}!important}
@media (max-width:599px){
.ground-pad{padding:0!important}
.paper{border-width:0!important;border-radius:0!important}
.pad{padding:24px 20px!important}
}
</style>
<!--[if mso]><style>td,th,p,h1,a{font-family:'Segoe UI',Tahoma,Arial,sans-serif!important}</style><![endif]-->
</head>
<body class="ground" style="margin:0;padding:0;background-color:{{light.ground}};-webkit-text-size-adjust:100%">
<div style="display:none;max-height:0;max-width:0;overflow:hidden;opacity:0;font-size:1px;line-height:1px;mso-hide:all">{{preheader}}{{preheaderEnd}}</div>
<div lang="{{lang}}" dir="{{dir}}">
<table role="presentation" class="ground" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="{{light.ground}}" style="background-color:{{light.ground}}">
<tr><td class="ground-pad" align="center" style="padding:24px 12px">
<!--[if mso]><table role="presentation" width="560" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
<table role="presentation" class="paper" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="{{light.paper}}" style="max-width:560px;background-color:{{light.paper}};border:1px solid {{light.line}};border-radius:12px;border-collapse:separate">
<tr><td class="pad ink" align="{{start}}" style="padding:32px;font-family:{{font}};font-size:16px;line-height:24px;color:{{light.ink}};text-align:{{start}};word-break:break-word;overflow-wrap:anywhere">
{{#masthead}}
<p class="ink" style="margin:0 0 24px;font-size:16px;line-height:24px;font-weight:600;color:{{light.ink}}">{{#logo}}<img class="logo" src="{{logo}}" alt="{{name}}" height="32" style="display:block;height:32px;width:auto;max-width:240px;border:0;border-radius:4px;font-size:16px;line-height:32px;font-weight:600">{{/logo}}{{^logo}}{{name}}{{/logo}}</p>
{{/masthead}}
{{> content}}
{{#help}}
<p class="quiet line" style="margin:24px 0 0;padding:16px 0 0;border-top:1px solid {{light.line}};font-size:14px;line-height:20px;color:{{light.quiet}}">{{help}}</p>
{{/help}}
</td></tr>
</table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr>
</table>
</div>
</body>
</html>
`
