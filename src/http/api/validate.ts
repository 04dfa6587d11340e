/** The one place where a request that does not fit its schema becomes a problem that names each field. */

import { zValidator } from '@hono/zod-validator'
import type { Context } from 'hono'
import * as z from 'zod'
import type { AppEnv } from '../context.ts'
import { type Issue, problem } from '../problem.ts'

/** For a vendor's paths: what its clients send besides is left out (api.md, conventions). */
export const ignoringUnknown = <S extends z.ZodObject>(schema: S) =>
  z.preprocess((value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    return Object.fromEntries(Object.entries(value).filter(([name]) => Object.hasOwn(schema.shape, name)))
  }, schema)

export const jsonOf = <S extends z.ZodType>(schema: S) =>
  zValidator('json', schema, (result, c) => (result.success ? undefined : refuse(c, result.error)))

export const queryOf = <S extends z.ZodType>(schema: S) =>
  zValidator('query', schema, (result, c) => (result.success ? undefined : refuse(c, result.error)))

/** Of the path: what does not fit is no address of ours, but the answer says why. */
export const paramOf = <S extends z.ZodObject>(schema: S) =>
  zValidator('param', schema, (result, c) => (result.success ? undefined : refuse(c, result.error)))

function refuse(c: Context, error: z.core.$ZodError): Response {
  const errors = error.issues.flatMap(toIssues)
  const detail = errors.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; ')
  return problem(c as Context<AppEnv>, 'invalid_request', detail.slice(0, 1000), { errors })
}

export function toIssues(issue: z.core.$ZodIssue): Issue[] {
  const path = issue.path.map(String)
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not a field of this request' }))
  }
  return [{ path: path.join('.'), message: issue.message }]
}
