/**
 * Amazon SES, API v2. Request, answers and errors: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html,
 * where an error's name stands: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
 * It has no idempotency key: a mail whose answer is lost may be delivered twice. Opens and clicks are tracked by a
 * configuration set alone; we name none, so the sending identity must have no default one that tracks.
 */

import { AwsClient } from 'aws4fetch'
import * as z from 'zod'
import { parseJson, TOO_LARGE } from '../answer.ts'
import type { HttpProvider, ProviderMail } from '../provider.ts'
import { asciiMailbox, fileName, headerText } from './header.ts'

const accepted = z.object({ MessageId: z.string().max(200) })
const refused = z.object({
  __type: z.string().optional(),
  code: z.string().optional(),
  message: z.string().optional(),
  Message: z.string().optional(),
})

/** Errors of one mail. The other ones of status 400 are of our account: suspended, paused, over its limit, not verified. */
const PERMANENT = ['BadRequestException', 'MessageRejected']
/** What a sandbox and a sender that is not set up are answered, under the same name. */
const NOT_VERIFIED = /not verified/i

export type SesSettings = { accessKeyId: string; secretAccessKey: string; region: string }

export function ses({ accessKeyId, secretAccessKey, region }: SesSettings): HttpProvider<ProviderMail> {
  const client = new AwsClient({ accessKeyId, secretAccessKey, region, service: 'ses' })
  return {
    name: 'ses',
    request: ({ id, projectId, from, to, subject, html, text, headers, inline }) =>
      client.sign(`https://email.${region}.amazonaws.com/v2/email/outbound-emails`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'latchkey' },
        body: JSON.stringify({
          FromEmailAddress: asciiMailbox(from),
          Destination: { ToAddresses: [to] },
          Content: {
            Simple: {
              Subject: { Data: headerText(subject), Charset: 'UTF-8' },
              Body: { Text: { Data: text, Charset: 'UTF-8' }, Html: { Data: html, Charset: 'UTF-8' } },
              Headers: Object.entries(headers).map(([Name, Value]) => ({ Name, Value })),
              ...(inline.length > 0 && {
                Attachments: inline.map((image) => ({
                  FileName: fileName(image),
                  ContentType: image.type,
                  ContentDisposition: 'INLINE',
                  ContentId: image.contentId,
                  ContentTransferEncoding: 'BASE64',
                  RawContent: image.base64,
                })),
              }),
            },
          },
          EmailTags: [
            { Name: 'message_id', Value: id },
            { Name: 'project_id', Value: projectId },
          ],
        }),
      }),
    /** @param headers where an error's name stands; the protocol lets it stand in the body as well */
    read(status, body, headers) {
      const json = parseJson(body)
      const ok = accepted.safeParse(json)
      if (status === 200 && ok.success) return { is: 'accepted', id: ok.data.MessageId }
      const error = refused.safeParse(json).data ?? {}
      const name = errorName(headers?.get('x-amzn-errortype') ?? error.__type ?? error.code ?? '')
      const detail = name === null ? `${status}` : `${status} ${name}`
      const isOurs = NOT_VERIFIED.test(error.message ?? error.Message ?? '')
      const isOfMail = status === 400 && PERMANENT.includes(name ?? '') && !isOurs
      return { is: status === TOO_LARGE || isOfMail ? 'never' : 'later', detail }
    },
  }
}

/** `aws.protocoltests#FooError:http://…` is `FooError`. */
function errorName(value: string): string | null {
  const name = value.split(':')[0]?.split('#').at(-1) ?? ''
  return /^\w{1,60}$/.test(name) ? name : null
}
