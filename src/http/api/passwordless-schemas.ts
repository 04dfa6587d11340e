/** What /v1/passwordless takes. */

import * as z from 'zod'
import type { EMAIL_CONTENT_FIELDS } from '../../domain/messages/message.ts'
import { METHODS } from '../../domain/projects/settings.ts'
import { CLAIM_NAMES } from '../../domain/sessions/tokens.ts'
import { TEMPLATE_VARIABLES } from '../../domain/templates/check.ts'
import { DAY, emailField, locale, metadata, phoneField, templateName, text } from './fields.ts'

const emailContent = z.strictObject({
  subject: z.string().max(200).optional(),
  primaryColor: z
    .string()
    .regex(/^#[0-9a-fA-F]{6}$/, 'must be a colour such as #3355cc')
    .optional(),
  base64logo: z.string().max(20_000).optional().describe('A png, jpeg, gif or webp; shown as an inline picture'),
  headerText: z.string().max(2000).optional(),
  bodyText: z.string().max(2000).optional(),
  linkText: z.string().max(200).optional().describe('On the button'),
  infoText: z.string().max(2000).optional(),
  footerText: z.string().max(2000).optional().describe('Default: that the mail can be ignored'),
  senderName: z.string().max(200).optional(),
} satisfies Record<(typeof EMAIL_CONTENT_FIELDS)[number], z.ZodType>)

const client = z.strictObject({ ip: z.string().max(45).optional(), user_agent: z.string().max(1000).optional() })

export const sendBody = z
  .strictObject({
    email: emailField.optional().describe('The recipient; or user_id'),
    phone: phoneField.optional(),
    user_id: z.string().max(40).optional(),
    channel: z
      .enum(['email', 'sms', 'none'])
      .optional()
      .describe('Default: email, or sms to a phone. none: nothing is sent, the answer holds link and code'),
    method: z.enum(METHODS).optional().describe('What is sent; default from the project'),
    create_user: z.boolean().default(true).describe('false: an unknown address gets the same answer and no mail'),
    redirect_uri: z.string().max(2000).optional().describe('Where the person ends up; registered'),
    link: z.enum(['landing', 'direct']).default('landing').describe('direct: redirect_uri with the secret appended'),
    link_param: z
      .string()
      .regex(/^[A-Za-z][A-Za-z0-9_.-]{0,39}$/, 'must be a plain name')
      .refine((name) => name !== 'state', 'must not be state: that parameter holds the state')
      .default('token'),
    state: z.string().max(2000).optional().describe('Comes back beside the code'),
    locale: locale.optional(),
    template: templateName
      .optional()
      .describe('A template of the project, or one of ours by name, in place of the one that fits'),
    template_variables: z
      .record(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,39}$/, 'must be a plain name of at most 40 characters'),
        z.string().max(1000, 'must have at most 1000 characters'),
      )
      .refine((value) => Object.keys(value).length <= 30, 'must have at most 30 variables')
      .refine(
        (value) => !Object.keys(value).some((name) => Object.hasOwn(TEMPLATE_VARIABLES, name)),
        'must not hold a variable that we set ourselves: GET /docs/templates lists them',
      )
      .optional()
      .describe('For the project’s own templates: escaped, nothing more'),
    email_content: emailContent.optional().describe('What this one mail says otherwise'),
    metadata: metadata.optional(),
    created_by: text(200).optional().describe("Stands in the message's timeline"),
    expires_in: z
      .int()
      .min(1)
      .max(7 * DAY)
      .optional()
      .describe('Seconds the link lives; a code lives at most 3600 of them'),
    client: client.optional().describe("The person's device, shown in the mail"),
    match: z
      .array(z.enum(['ip', 'user_agent']))
      .max(2)
      .optional()
      .describe('Verify must bring the same'),
    code_challenge: z
      .string()
      .regex(/^[A-Za-z0-9_-]{43}$/, 'must be the base64url SHA-256 of the code_verifier, 43 characters (RFC 7636 §4.2)')
      .optional()
      .describe('Binds the link: only the holder of code_verifier signs in'),
    code_challenge_method: z.literal('S256', 'must be S256').optional(),
    reveal: z.boolean().default(false).describe('Also answer with link and code (scope passwordless:reveal)'),
  })
  .check((context) => {
    const body = context.value
    const refuse = (path: string, message: string) =>
      context.issues.push({ code: 'custom', input: body, path: [path], message })
    if ([body.email, body.phone, body.user_id].filter((value) => value !== undefined).length !== 1) {
      refuse('email', 'give one of email, phone and user_id')
    }
    if (body.phone !== undefined && body.channel === 'email') refuse('channel', 'email does not reach a phone')
    if (body.email !== undefined && body.channel === 'sms') refuse('channel', 'sms needs a phone')
    const isMail = body.phone === undefined && (body.channel ?? 'email') === 'email'
    for (const field of ['email_content', 'template', 'template_variables'] as const) {
      if (body[field] !== undefined && !isMail) refuse(field, 'is for mails: it cannot come with another channel')
    }
    if ((body.code_challenge === undefined) !== (body.code_challenge_method === undefined)) {
      refuse('code_challenge_method', 'give code_challenge and code_challenge_method together')
    }
    if (body.match?.includes('ip') && body.client?.ip === undefined) refuse('match', 'ip needs client.ip')
    if (body.match?.includes('user_agent') && body.client?.user_agent === undefined)
      refuse('match', 'user_agent needs client.user_agent')
  })

export const resendBody = z.strictObject({ id: z.string().max(200) })

const claimRequest = z
  .record(z.string().max(60), z.union([z.null(), z.looseObject({})]))
  .refine(
    (value) =>
      Object.keys(value).every(
        (name) => CLAIM_NAMES.some((known) => known === name) || /^metadata\..{1,40}$/.test(name),
      ),
    `knows ${CLAIM_NAMES.join(', ')} and metadata.<key>`,
  )

export const verifyBody = z
  .strictObject({
    token: z.string().max(500).optional().describe('Of a link or a grant'),
    id: z.string().max(200).optional().describe('Challenge id: with a code, or beside a token'),
    code: z.string().max(2000).optional().describe('As the person typed or pasted it'),
    code_verifier: z
      .string()
      .regex(/^[A-Za-z0-9._~-]{43,128}$/, 'must have 43 to 128 characters (RFC 7636 §4.1)')
      .optional(),
    client: client.optional(),
    session: z.boolean().default(true).describe('false: only who it was'),
    session_id: z
      .string()
      .max(40)
      .optional()
      .describe('A live session of the same user, which this is added to: no new one starts, and amr grows'),
    org_id: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('An organization, by id or external_id, that the person must be a member of: it goes into the tokens'),
    resource: z.string().max(200).optional().describe('Audience of the access token; one of the project’s resources'),
    claims: z
      .strictObject({
        id_token: claimRequest.optional(),
        access_token: claimRequest.optional(),
        userinfo: claimRequest.optional(),
      })
      .optional()
      .describe('OpenID Connect Core §5.5'),
  })
  .check((context) => {
    const { token, id, code } = context.value
    const fits =
      (token !== undefined && code === undefined) || (token === undefined && code !== undefined && id !== undefined)
    if (!fits) {
      context.issues.push({
        code: 'custom',
        input: context.value,
        path: ['token'],
        message: 'give token, or id and code',
      })
    }
    if (context.value.session_id !== undefined && !context.value.session) {
      context.issues.push({
        code: 'custom',
        input: context.value,
        path: ['session_id'],
        message: 'cannot come with session: false',
      })
    }
  })
