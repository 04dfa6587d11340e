export const addressChangedText = `{{heading}}

{{lead}}

{{effect}}

{{notYou}}
{{#signature}}

{{signature}}
{{/signature}}`
