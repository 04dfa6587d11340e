/** An answer's text as JSON, or null: an edge or a captive portal answers in whatever it likes. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** A message that is longer than a provider takes is so in a minute as well. */
export const TOO_LARGE = 413
