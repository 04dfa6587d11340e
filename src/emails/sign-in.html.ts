/** The code is one text node without spaces: a double click selects all of it. `user-select` makes it one click where it is known. */
export const signInHtml = `<h1 class="ink" style="margin:0 0 8px;font-size:24px;line-height:32px;font-weight:650;color:{{light.ink}}">{{heading}}</h1>
{{#link}}
<p class="ink" style="margin:0 0 20px;color:{{light.ink}}">{{#linkLead}}{{> lines}}{{/linkLead}}</p>
<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="border-collapse:separate">
<tr><td class="button" align="center" bgcolor="{{accent}}" style="background-color:{{accent}};border:1px solid {{lightEdge}};border-radius:8px"><a href="{{link}}" target="_blank" style="display:inline-block;padding:11px 24px;font-family:{{font}};font-size:16px;line-height:24px;font-weight:600;color:{{accentInk}};text-decoration:none;border-radius:8px">{{linkButton}}</a></td></tr>
</table>
<p class="quiet" style="margin:12px 0 0;font-size:14px;line-height:20px;color:{{light.quiet}}">{{linkValid}}</p>
{{/link}}
{{#code}}
<p class="ink" style="margin:{{codeMargin}};color:{{light.ink}}">{{#codeLead}}{{> lines}}{{/codeLead}}</p>
<table role="presentation" cellpadding="0" cellspacing="0" border="0" style="border-collapse:separate">
<tr><td class="field ink" dir="ltr" align="center" bgcolor="{{light.ground}}" style="padding:12px 16px 12px 20px;background-color:{{light.ground}};border:1px solid {{light.line}};border-radius:8px;font-family:{{font}};font-size:28px;line-height:32px;font-weight:600;font-variant-numeric:tabular-nums;letter-spacing:4px;color:{{light.ink}};white-space:nowrap;-webkit-user-select:all;user-select:all">{{code}}</td></tr>
</table>
<p class="quiet" style="margin:12px 0 0;font-size:14px;line-height:20px;color:{{light.quiet}}">{{codeValid}}</p>
{{/code}}
{{#info}}
<p class="ink" style="margin:20px 0 0;color:{{light.ink}}">{{> lines}}</p>
{{/info}}
{{#link}}
<p class="quiet" style="margin:28px 0 0;font-size:14px;line-height:20px;color:{{light.quiet}}">{{linkCopy}}</p>
<p style="margin:4px 0 0;font-size:13px;line-height:20px"><a class="quiet" href="{{link}}" target="_blank" dir="ltr" style="color:{{light.quiet}};text-decoration:none;word-break:break-all">{{link}}</a></p>
{{/link}}
{{#asked}}
<p class="ink" style="margin:28px 0 4px;font-size:14px;line-height:20px;font-weight:600;color:{{light.ink}}">{{askedHeading}}</p>
<table cellpadding="0" cellspacing="0" border="0" style="font-size:14px;line-height:20px">
{{#rows}}
<tr><th class="quiet" scope="row" align="{{start}}" valign="top" style="padding:2px 0;padding-inline-end:16px;font-weight:400;text-align:{{start}};white-space:nowrap;color:{{light.quiet}}">{{label}}</th><td class="ink" valign="top" style="padding:2px 0;color:{{light.ink}}">{{value}}</td></tr>
{{/rows}}
</table>
{{/asked}}
<p class="quiet" style="margin:{{footMargin}};font-size:14px;line-height:20px;color:{{light.quiet}}">{{#foot}}{{> lines}}{{/foot}}</p>`
