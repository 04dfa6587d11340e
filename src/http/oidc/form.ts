/** Parameters of an OAuth request: each once (RFC 6749 §3.2), an empty one as if it were left out (§3.1). */

export type Parameters = Map<string, string>

/** A sentence if one is given twice. `resource` may be (RFC 8707 §2), and we take one. */
export function readParameters(given: Iterable<[string, string]>): Parameters | string {
  const parameters: Parameters = new Map()
  for (const [name, value] of given) {
    if (parameters.has(name)) return `${name.slice(0, 50)} is given twice`
    parameters.set(name, value)
  }
  for (const [name, value] of parameters) if (value === '') parameters.delete(name)
  return parameters
}

/** The same of a form's body. */
export function readForm(contentType: string | undefined, body: URLSearchParams): Parameters | string {
  if (!/^application\/x-www-form-urlencoded\b/i.test(contentType ?? '')) {
    return 'send the parameters as content-type: application/x-www-form-urlencoded'
  }
  return readParameters(body)
}
