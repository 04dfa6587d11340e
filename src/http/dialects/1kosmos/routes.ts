/** 1Kosmos' access codes by mail: what its BIDAccessCodes asks, from finding the community to redeeming the code. */

import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type * as z from 'zod'
import { verify } from '../../../domain/challenges/verify.ts'
import { readAccessCode, sendAccessCode } from '../../../domain/communities/access-code.ts'
import { communityKeyPair, FIRST_COMMUNITY, findCommunity, vendorIdOf } from '../../../domain/communities/community.ts'
import { recipientOf } from '../../../domain/sessions/tokens.ts'
import { utf8 } from '../../../lib/bytes.ts'
import { sealText, unsealText } from '../../../lib/ecdh.ts'
import { readJsonText } from '../../../lib/strict-json.ts'
import type { AppEnv } from '../../context.ts'
import { idempotencyKey, idempotencyOf } from '../../idempotency.ts'
import { onlyIfSpoken } from '../../middleware/dialect.ts'
import { problem } from '../../problem.ts'
import { licensed } from './licensed.ts'
import { codeBody, communityInfoBody, sealedBody } from './schemas.ts'
import {
  describe,
  NO_RECIPIENT,
  NO_STORE,
  refuse,
  toAccessCode,
  toCommunityInfo,
  toError,
  toSentWire,
  UNKNOWN_COMMUNITY,
} from './wire.ts'

/** A template is base64 twice over. */
const MAX_BYTES = 256 * 1024

export function kosmosRoutes() {
  const app = new Hono<AppEnv>()

  for (const path of ['/api/r1/*', '/api/r2/*', '/caas/*']) app.use(path, onlyIfSpoken('1kosmos'))

  // Where the rest of the API is: all of it here.
  app.get('/caas/sd', (c) => {
    const { origin } = c.var.deps.config.issuer
    return c.json({ licenses: origin, adminconsole: origin }, 200, NO_STORE)
  })

  app.post('/api/r1/system/community_info/fetch', smallBody, async (c) => {
    const { deps } = c.var
    const body = read(communityInfoBody, await bytesOf(c))
    if (!body.ok) return refuse(c, 400, body.message)
    const name = await nameOf(c, body.value)
    const project = name === null ? null : await findCommunity(deps, name)
    if (!project || name === null || !(await isTenant(body.value.tenantId, project.id)))
      return refuse(c, 400, UNKNOWN_COMMUNITY)
    const { publicKey } = await communityKeyPair(deps, project)
    return c.json(await toCommunityInfo(project, name, publicKey), 200, NO_STORE)
  })

  // The answer has the code in it: whoever gets it needs no mailbox.
  app.put(
    '/api/r2/acr/community/:community/code',
    licensed('passwordless:send', 'passwordless:reveal'),
    smallBody,
    async (c) => {
      const { deps, caller, sharedKey } = c.var
      const body = read(codeBody, await opened(sharedKey, await bytesOf(c)))
      if (!body.ok) return refuse(c, 400, body.message)
      const { emailTo, smsTo, emailSubject, emailTemplateB64, createdBy, ttl } = body.value
      if (emailTo === null) {
        return smsTo === null
          ? refuse(c, 500, NO_RECIPIENT)
          : refuse(c, 400, 'smsTo: codes are sent by email here, to emailTo')
      }
      const sent = await sendAccessCode(deps, caller.project, {
        to: emailTo,
        subject: emailSubject,
        html: emailTemplateB64,
        createdBy,
        ttl,
        idempotency: await idempotencyOf(c, body.value),
      })
      return sent.ok ? c.json(await toSentWire(caller.project, sent.value), 200, NO_STORE) : toError(c, sent.error)
    },
  )

  app.get('/api/r1/acr/community/:community/:code', licensed('passwordless:verify'), async (c) => {
    const { deps, caller, sharedKey } = c.var
    const found = await readAccessCode(deps, caller.project, c.req.param('code'))
    if (!found.ok) return toError(c, found.error)
    const code = await toAccessCode(caller.project, found.value, Math.floor(deps.now() / 1000))
    if (sharedKey === null) return c.json(code, 200, NO_STORE)
    return c.json({ data: await sealText(sharedKey, deps.randomBytes(16), JSON.stringify(code)) }, 200, NO_STORE)
  })

  app.post('/api/r1/acr/community/:community/:code/redeem', licensed('passwordless:verify'), async (c) => {
    const { deps, caller } = c.var
    const verified = await verify(deps, caller.project, {
      secret: { uuid: c.req.param('code'), id: null },
      dialect: '1kosmos',
      accepts: ['link'],
      ...recipientOf(caller),
      oauthClientId: null,
      redemptionKey: idempotencyKey(c),
      codeVerifier: null,
      device: null,
      session: false,
      sessionId: null,
      organization: null,
      wish: { resource: null, accessClaims: [], idClaims: [] },
    })
    return verified.ok ? c.json({ message: 'redeemed' }, 200, NO_STORE) : toError(c, verified.error)
  })

  return app
}

const smallBody = bodyLimit({
  maxSize: MAX_BYTES,
  onError: (c) => problem(c as Context<AppEnv>, 'body_too_large', `The body may have at most ${MAX_BYTES} bytes.`),
})

/** By name; an id is the first community's, or a project's, which is what others go by. */
async function nameOf(
  { var: { deps } }: Context<AppEnv>,
  { communityName, communityId }: z.infer<typeof communityInfoBody>,
): Promise<string | null> {
  if (communityName !== null || communityId === null) return communityName
  const first = await findCommunity(deps, FIRST_COMMUNITY)
  const isFirst = first !== null && communityId === (await vendorIdOf('community', first.id))
  return isFirst ? FIRST_COMMUNITY : communityId
}

const isTenant = async (tenantId: string | null, projectId: string): Promise<boolean> =>
  tenantId === null || tenantId === (await vendorIdOf('tenant', projectId))

const bytesOf = async (c: Context<AppEnv>) => new Uint8Array(await c.req.arrayBuffer())

/** What `data` holds, where the client encrypts; null where it cannot be read. */
async function opened(key: Uint8Array | null, bytes: Uint8Array): Promise<Uint8Array | null> {
  if (key === null) return bytes
  const body = read(sealedBody, bytes)
  const text = body.ok ? await unsealText(key, body.value.data) : null
  return text === null ? null : utf8(text)
}

type Read<T> = { ok: true; value: T } | { ok: false; message: string }

/** JSON whatever its content type says. */
function read<S extends z.ZodType>(schema: S, bytes: Uint8Array | null): Read<z.output<S>> {
  if (bytes === null)
    return { ok: false, message: 'the body must be {"data": "…"}, encrypted with the key that publickey leads to' }
  const text = readJsonText(bytes)
  if (!text.ok) return { ok: false, message: text.error }
  const parsed = schema.safeParse(JSON.parse(text.value))
  if (parsed.success) return { ok: true, value: parsed.data }
  const issues = parsed.error.issues.map(({ path, message }) => ({ path: path.map(String).join('.'), message }))
  return { ok: false, message: describe(issues) }
}
