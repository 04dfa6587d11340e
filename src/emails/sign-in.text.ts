/**
 * The code line is last: phones offer the code for the named host alone, and read it from the end
 * (html.spec.whatwg.org, "Origin-bound one-time codes": the last line).
 */
export const signInText = `{{heading}}

{{#link}}
{{linkText}}

{{link}}

{{linkValid}}

{{/link}}
{{#code}}
{{codeLead}}

{{code}}

{{codeValid}} {{codeKeep}}

{{/code}}
{{#asked}}
{{askedHeading}}
{{#rows}}
{{label}}: {{value}}
{{/rows}}

{{/asked}}
{{notYou}}
{{#help}}

{{help}}
{{/help}}
{{#signature}}

{{signature}}
{{/signature}}
{{#code}}

@{{codeHost}} #{{code}}
{{/code}}`
