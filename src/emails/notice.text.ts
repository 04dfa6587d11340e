export const noticeText = `{{heading}}

{{lead}}

{{effect}}

{{notYou}}
{{#signature}}

{{signature}}
{{/signature}}`
