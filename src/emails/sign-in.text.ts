/** The line with host and code follows, see `code-line.ts`. */
export const signInText = `{{heading}}

{{#link}}
{{#linkText}}
{{#lines}}
{{text}}
{{/lines}}
{{/linkText}}

{{link}}

{{linkValid}}

{{/link}}
{{#code}}
{{#codeLead}}
{{#lines}}
{{text}}
{{/lines}}
{{/codeLead}}

{{code}}

{{codeValid}}

{{/code}}
{{#info}}
{{#lines}}
{{text}}
{{/lines}}

{{/info}}
{{#asked}}
{{askedHeading}}
{{#rows}}
{{label}}: {{value}}
{{/rows}}

{{/asked}}
{{#foot}}
{{#lines}}
{{text}}
{{/lines}}
{{/foot}}
{{#help}}

{{help}}
{{/help}}
{{#signature}}

{{signature}}
{{/signature}}`
