/** What the requests of several mail providers have in common. Pure: no I/O, no clock. */

export type Fields = Record<string, unknown>

/** A JSON object, or undefined for anything else. */
export function jsonObject(body: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(body)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects of a list, or none where there is no list. */
export function objectsIn(value: unknown): Fields[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** The user and the password of HTTP Basic (RFC 7617). */
export function basicCredentials(request: Request): { user: string; password: string } | undefined {
  const [, encoded = ''] = /^Basic (\S+)$/i.exec(request.headers.get('authorization') ?? '') ?? []
  try {
    const [user = '', ...password] = atob(encoded).split(':')
    return { user, password: password.join(':') }
  } catch {
    return undefined
  }
}

export type Picture = { contentId: unknown; type: unknown; base64: unknown }

/** Attached pictures where the HTML shows them: the inbox keeps no attachments. */
export function withPictures(html: string, pictures: Picture[]): string {
  return pictures.reduce((shown, { contentId, type, base64 }) => {
    const known = typeof contentId === 'string' && /^image\/(?:png|jpeg|gif|webp)$/.test(String(type))
    if (!known || typeof base64 !== 'string' || !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return shown
    return shown.replaceAll(`"cid:${contentId}"`, `"data:${type};base64,${base64}"`)
  }, html)
}
