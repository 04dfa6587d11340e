/** Who calls: a license key that fits the community, in a request that was not seen before. Both come encrypted. */

import { createMiddleware } from 'hono/factory'
import { actFor, authenticate, mayDo, type Scope } from '../../../domain/api-keys/api-key.ts'
import { communityKeyPair, findCommunity } from '../../../domain/communities/community.ts'
import { takeRequestId } from '../../../domain/communities/request-id.ts'
import { decodeBase64 } from '../../../lib/base64.ts'
import { sharedKey, unsealText } from '../../../lib/ecdh.ts'
import type { AppEnv } from '../../context.ts'
import { problem } from '../../problem.ts'
import { refuse, UNKNOWN_COMMUNITY, WRONG_LICENSE } from './wire.ts'

const REQUEST_ID_REFUSED = {
  unreadable: 'requestid must be {"ts": <Unix seconds>, "appid": "…", "uuid": "…"}, encrypted like the license key',
  late: 'the ts of requestid is more than 60 seconds from our time',
  replayed: 'this requestid was used before',
} as const

/**
 * A license of another project is refused like junk. The request id is taken last, so that no stranger can fill the table, and
 * before anything is done.
 */
export const licensed = (...scopes: Scope[]) =>
  createMiddleware<AppEnv>(async (c, next) => {
    const { deps } = c.var
    const project = await findCommunity(deps, c.req.param('community') ?? '')
    if (!project) return refuse(c, 400, UNKNOWN_COMMUNITY)
    // The license alone is in clear then, or, as the request id shows, all of it.
    const licenseInClear = Boolean(c.req.header('noecdsa'))
    const inClear =
      licenseInClear && (!c.req.header('publickey') || c.req.header('requestid')?.startsWith('{') === true)
    let key: Uint8Array | null = null
    if (!inClear) {
      const publicKey = decodeBase64(c.req.header('publickey') ?? '')
      key = publicKey && sharedKey((await communityKeyPair(deps, project)).privateKey, publicKey)
      if (!key) return refuse(c, 401, 'Unauthorized: publickey must be the base64 of a point of secp256k1, x and y')
    }
    const read = async (name: string): Promise<string | null> => {
      const text = c.req.header(name) ?? null
      return text === null || key === null ? text : unsealText(key, text)
    }
    const license = licenseInClear ? c.req.header('licensekey') : await read('licensekey')
    const caller = license ? await authenticate(deps, license) : null
    const acting = caller && (await actFor(deps, caller, project.id))
    if (!acting?.ok) return refuse(c, 401, WRONG_LICENSE)
    const lacking = scopes.filter((scope) => !mayDo(acting.value, scope))
    if (lacking.length > 0) {
      const why = scopes.includes('passwordless:reveal') ? ', since its answer has the code in it' : ''
      return problem(c, 'insufficient_scope', `This call needs a license key with ${scopes.join(' and ')}${why}.`)
    }
    const taken = await takeRequestId(deps, project.id, (await read('requestid')) ?? '')
    if (taken !== 'taken') return refuse(c, 401, `Unauthorized: ${REQUEST_ID_REFUSED[taken]}`)
    c.set('caller', acting.value)
    c.set('sharedKey', key)
    await next()
  })
