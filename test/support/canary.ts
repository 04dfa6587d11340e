/** Looking for secrets where none may be (promise 7; security.md L9, T14): in all that is stored and logged. */

import { listDurableObjectIds, runInDurableObject } from 'cloudflare:test'
import { env as workerEnv } from 'cloudflare:workers'
import type { Env } from '../../src/env.ts'
import { decodeBase64url, encodeBase64url } from '../../src/lib/base64url.ts'
import { hex, utf8 } from '../../src/lib/bytes.ts'
import { sha256 } from '../../src/lib/digest.ts'

const env = workerEnv as unknown as Env

// --- the search -----------------------------------------------------------------------------------------------------

export const latin1 = (bytes: Uint8Array): string => {
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return text
}
export const base64 = (bytes: Uint8Array): string => btoa(latin1(bytes)).replace(/=+$/, '')

/** What was found where; values stay out of it, so that a failing test logs none either. */
export type Finding = string

export function createSearch() {
  /** By their first characters, so that one walk over a text looks for all of them. */
  const PREFIX = 8
  const needles = new Map<string, { needle: string; what: string }[]>()
  /** Whether a needle may begin with four characters of this hash: at almost every place of a text none does. */
  const begins = new Uint8Array(1 << 16)
  const hash = (text: string, at: number) =>
    (text.charCodeAt(at) ^
      (text.charCodeAt(at + 1) << 3) ^
      (text.charCodeAt(at + 2) << 6) ^
      (text.charCodeAt(at + 3) << 9)) &
    0xffff
  const codes = new Set<string>()
  const add = (what: string, needle: string) => {
    const prefix = needle.slice(0, PREFIX)
    if (prefix.length < PREFIX) throw new Error(`${what} is too short to search for`)
    begins[hash(needle, 0)] = 1
    const list = needles.get(prefix)
    if (list) list.push({ needle, what })
    else needles.set(prefix, [{ needle, what }])
  }
  const addBytes = (what: string, bytes: Uint8Array) => {
    const forms = {
      base64: base64(bytes),
      base64url: encodeBase64url(bytes),
      hex: hex(bytes),
      HEX: hex(bytes).toUpperCase(),
    }
    for (const [form, needle] of Object.entries(forms)) add(`${what} in ${form}`, needle)
  }
  return {
    get size() {
      return [...needles.values()].flat().length + codes.size
    },
    /** A token as text: itself, and encoded once more. */
    text(what: string, value: string) {
      add(what, value)
      addBytes(what, utf8(value))
    },
    /** Random bytes: as they are, and encoded. */
    bytes(what: string, value: Uint8Array) {
      add(`${what} as bytes`, latin1(value))
      addBytes(what, value)
    },
    /** Six digits: as a word of its own, encoded, and under a bare hash, which anybody can turn back. */
    async code(value: string) {
      codes.add(value)
      addBytes('code', utf8(value))
      addBytes('bare hash of a code', await sha256(utf8(value)))
    },
    in(place: string, text: string): Finding[] {
      const found = new Set<Finding>()
      for (let at = 0; at + PREFIX <= text.length; at++) {
        if (!begins[hash(text, at)]) continue
        const candidates = needles.get(text.slice(at, at + PREFIX))
        for (const { needle, what } of candidates ?? [])
          if (text.startsWith(needle, at)) found.add(`${what} in ${place}`)
      }
      for (const [word] of text.matchAll(/(?<![0-9A-Za-z])\d{6}(?![0-9A-Za-z])/g))
        if (codes.has(word)) found.add(`code in ${place}`)
      return [...found]
    },
  }
}

/** The random bytes inside a link or a grant: version 1, key id 1, expiry 4, subject 16, id 12, secret 24, MAC 16. */
export const secretBytes = (token: string): Uint8Array => (decodeBase64url(token) ?? new Uint8Array()).subarray(34, 58)

// --- all that is kept -----------------------------------------------------------------------------------------------

export type Kept = { place: string; text: string }

export async function inD1(): Promise<Kept[]> {
  const tables = await env.DB.prepare(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%cf%'",
  ).all<{ name: string }>()
  const kept: Kept[] = []
  for (const { name } of tables.results) {
    const { results } = await env.DB.prepare(`SELECT * FROM ${name}`).all()
    for (const row of results) {
      for (const [column, value] of Object.entries(row)) {
        const isBlob = value !== null && typeof value === 'object'
        const text = isBlob ? latin1(new Uint8Array(value as ArrayBuffer)) : String(value)
        kept.push({ place: `D1 ${name}.${column}`, text })
      }
    }
  }
  return kept
}

export async function inKv(): Promise<Kept[]> {
  const kept: Kept[] = []
  let cursor: string | undefined
  do {
    const page = await env.CODES.list(cursor === undefined ? {} : { cursor })
    const values = await inTurns(page.keys, async ({ name }) =>
      latin1(new Uint8Array((await env.CODES.get(name, 'arrayBuffer')) ?? new ArrayBuffer(0))),
    )
    for (const [index, { name, metadata }] of page.keys.entries()) {
      kept.push({ place: 'KV key', text: name }, { place: 'KV value', text: values[index] ?? '' })
      kept.push({ place: 'KV metadata', text: JSON.stringify(metadata ?? null) })
    }
    cursor = page.list_complete ? undefined : page.cursor
  } while (cursor !== undefined)
  return kept
}

export async function inLedgers(): Promise<Kept[]> {
  const all = await listDurableObjectIds(env.LEDGER)
  const ids = all.filter((id) => !emptied.has(String(id)) || asked.has(String(id)))
  return inTurns(ids, async (id) => {
    const text = await runInDurableObject(env.LEDGER.get(id), (_ledger, { storage }) => {
      const tables = storage.sql.exec('SELECT name FROM sqlite_master').toArray()
      return JSON.stringify([...storage.kv.list(), ...tables])
    })
    return { place: 'a ledger', text }
  })
}

/** A few at a time. */
export async function inTurns<T, R>(items: readonly T[], run: (item: T, index: number) => Promise<R>): Promise<R[]> {
  const out: R[] = []
  for (let at = 0; at < items.length; at += 25) {
    out.push(...(await Promise.all(items.slice(at, at + 25).map((item, offset) => run(item, at + offset)))))
  }
  return out
}

// --- the whole run ---------------------------------------------------------------------------------------------------

/** What answers hand out that opens something. */
const FIELDS = new Set([
  ...['link', 'login_url', 'token', 'link_token', 'code', 'key', 'client_secret'],
  ...['access_token', 'id_token', 'refresh_token', 'session_token', 'session_jwt'],
])
/** Six digits stand in many places by chance; the busy day of canary.test.ts looks for them. */
const SHORTEST = 20
const PARAMETERS = ['code', 'token', 'link_token']
const COOKIES = /^(?:__Host-)?(?:visit|flow|device|session)/

/** Of one file, since each has storage of its own. */
const minted = new Map<string, string>()
const heard: Kept[] = []

/** Ledgers of the files before: they are listed for ever, and empty unless this file asks one of them again. */
const emptied = new Set<string>()
const asked = new Set<string>()

const Namespace: Pick<DurableObjectNamespace, 'get' | 'getByName'> = Object.getPrototypeOf(env.LEDGER)
const { get, getByName } = Namespace
Namespace.get = function (this: DurableObjectNamespace, id, ...options) {
  asked.add(String(id))
  return get.call(this, id, ...options)
}
Namespace.getByName = function (this: DurableObjectNamespace, name, ...options) {
  asked.add(String(this.idFromName(name)))
  return getByName.call(this, name, ...options)
}

/** What the file before did, whose storage is empty now. */
export async function forget(): Promise<void> {
  minted.clear()
  heard.length = 0
  asked.clear()
  for (const id of await listDurableObjectIds(env.LEDGER)) emptied.add(String(id))
}

/** Every secret that an answer or a mail brings. */
export function registerAnswer({ headers, json }: { headers: Headers; json: unknown }): void {
  registerFields(json)
  registerUrl(headers.get('location'))
  for (const cookie of headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
    if (COOKIES.test(name)) register(`cookie ${name}`, value)
  }
}

export function registerUrl(url: string | null | undefined): void {
  const parsed = url ? URL.parse(url) : null
  for (const name of PARAMETERS) register(`parameter ${name}`, parsed?.searchParams.get(name))
}

function registerFields(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const [name, inner] of Object.entries(value)) {
    if (FIELDS.has(name) && typeof inner === 'string') {
      if (URL.canParse(inner)) registerUrl(inner)
      else register(name, inner)
    } else registerFields(inner)
  }
}

function register(what: string, value: string | null | undefined): void {
  if (value && value.length >= SHORTEST) minted.set(value, what)
}

const asText = (value: unknown): string =>
  value instanceof Error
    ? `${value.stack} ${value.cause}`
    : typeof value === 'string'
      ? value
      : (JSON.stringify(value) ?? '')

const listeners = new WeakSet<object>()

/** From now on what is logged is looked through as well. */
export function listen(): void {
  for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    // The file before may have left its own.
    if (listeners.has(console[level])) continue
    const write = console[level].bind(console)
    console[level] = (...values: unknown[]) => {
      heard.push({ place: `console.${level}`, text: values.map(asText).join(' ') })
      write(...values)
    }
    listeners.add(console[level])
  }
}

/** Where something lies that opens something; and how much was looked for, and through. */
export async function sweep(): Promise<{ findings: Finding[]; secrets: number; places: number }> {
  const search = createSearch()
  for (const [value, what] of minted) {
    search.text(what, value)
    if (value.length === 99) search.bytes(`secret of ${what}`, secretBytes(value))
  }
  const places = minted.size === 0 ? [] : [...(await inD1()), ...(await inKv()), ...(await inLedgers()), ...heard]
  const findings = new Set(places.flatMap(({ place, text }) => search.in(place, text)))
  return { findings: [...findings], secrets: minted.size, places: places.length }
}
