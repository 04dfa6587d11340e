import { PROBLEMS } from '../http/problem.ts'

/** What a code means and what to do about it, as Markdown. A test holds that none is missing. */
const HELP: Record<string, { means: string; next: string }> = {
  invalid_request: {
    means: 'A field is missing, unknown, or not of its type. `errors` lists each one with its `path`.',
    next: 'Correct the fields that `errors` names. Unknown fields are refused too: compare the spelling with the [API reference](/docs/api).',
  },
  redirect_uri_not_allowed: {
    means:
      "`redirect_uri` is not one of the project's `redirect_uris`. They are compared character by character; a slash at the end counts.",
    next: 'Register it with [`PATCH /v1/project`](/docs/api#updateProject): `{"redirect_uris": ["https://app.example.com/callback"]}` (the list replaces the old one). Of a client, with [`PATCH /v1/clients/{id}`](/docs/api#updateClient).',
  },
  wrong_code: {
    means: 'The code is not the one that was sent. `tries_left` says how many tries this challenge has left.',
    next: 'Let the person type it again. The link of the same mail still works.',
  },
  unknown_token: {
    means: 'No link, grant or token of this kind and of this project. Nothing was used up.',
    next: 'Check that it was copied whole, that the API key is of the same project, and that it came to the right endpoint: [which secret where](/docs/api#which-secret-where).',
  },
  invalid_template: {
    means: 'A mail template or its content could not be used. `detail` names the line and the reason.',
    next: 'Correct it; [templates](/docs/templates) says what one may hold. Nothing was stored.',
  },
  unauthorized: {
    means: 'There is no API key in the request, or it is unknown, expired or revoked.',
    next: 'Send `x-api-key: <key>` or `Authorization: Bearer <key>`. A new key: [`POST /v1/api_keys`](/docs/api#createApiKey). On <http://localhost> the key is `LATCHKEY_ROOT_KEY` in `.dev.vars`.',
  },
  insufficient_scope: {
    means: 'The key is good and lacks the scope that `detail` names.',
    next: 'Make a key that has it: [scopes](/docs/api#scopes). The scopes of a key cannot be changed.',
  },
  sign_up_disabled: {
    means: 'No user has this address, and `allow_sign_up` of the project is false.',
    next: 'Create the user with [`POST /v1/users`](/docs/api#createUser), or allow sign-up with `PATCH /v1/project`.',
  },
  user_inactive: {
    means: 'The user is `INACTIVE` and gets no links and no codes.',
    next: '[`PUT /v1/users/{id}/status`](/docs/api#setUserStatus) with `{"status": "ACTIVE"}` lets them in again.',
  },
  email_domain_blocked: {
    means:
      'A setting of the project refuses this mail domain; `detail` names it: `email_domains_allowed`, `email_domains_blocked` or `block_disposable`.',
    next: 'Ask the person for another address, or change the setting with `PATCH /v1/project`.',
  },
  client_mismatch: {
    means:
      'The application, the device (`match`) or the challenge id is not the one that this was made for. Nothing was used up.',
    next: 'Verify with the same `client` values that were sent, and redeem a grant as the client that began the sign-in.',
  },
  verifier_mismatch: {
    means: '`code_verifier` must come exactly when `code_challenge` was sent, and match it. Nothing was used up.',
    next: 'Send the verifier that the browser of the beginning kept (RFC 7636). `code_challenge` is the base64url SHA-256 of it.',
  },
  not_a_member: {
    means: 'The user is not a member of the organization that was asked for.',
    next: 'Add the member, or leave `org_id` out.',
  },
  country_not_allowed: {
    means:
      'Text messages do not go to this country: `sms.countries` of the project does not list it. The list is empty to begin with.',
    next: 'Add the country with `PATCH /v1/project`: `{"sms": {"countries": ["US", "DE"]}}`. Read [text messages](/docs/sms) first.',
  },
  not_found: {
    means: 'There is nothing with this id in this project, or nothing at this address.',
    next: 'Check the id, and that the key is of the right project. `GET /openapi.json` lists every address.',
  },
  unknown_challenge: {
    means: 'No challenge with this id in this project, or it ended more than 24 hours ago.',
    next: 'Begin again with [`POST /v1/passwordless/send`](/docs/api#send).',
  },
  method_not_allowed: {
    means: 'The address exists and does not take this method. The `Allow` header lists those that it takes.',
    next: 'Use one of them.',
  },
  already_used: {
    means: 'This link, code or grant has signed somebody in; `detail` says when.',
    next: 'If the answer of your own request was lost, ask again with the same `Idempotency-Key` within 60 seconds: it gives the same session. Else send a new one.',
  },
  identifier_taken: {
    means: 'Another user of the project has this address, phone number or `external_id`.',
    next: 'Find that user with [`GET /v1/users`](/docs/api#listUsers)`?email=…` and use it.',
  },
  idempotency_key_reused: {
    means: 'The same `Idempotency-Key` came with another body before.',
    next: 'Take a new key for a new request, and the old key only to repeat one byte for byte.',
  },
  expired: {
    means: 'The link, code or challenge was not used in time (`link_ttl`, `code_ttl`).',
    next: 'Send a new one. If people often come too late, raise `link_ttl` or pass `expires_in`.',
  },
  superseded: {
    means: 'A newer one was sent, and only the newest works.',
    next: 'Use the newest mail. This happens with `regenerate_on_resend`.',
  },
  cancelled: {
    means: 'It was cancelled, or the user was deactivated, deleted or got another address since.',
    next: 'Send a new one.',
  },
  body_too_large: {
    means: 'The body is larger than 16 KiB (64 KiB on send, 256 KiB on import).',
    next: 'Send less; a large logo belongs behind an https URL.',
  },
  unsupported_media_type: {
    means: 'The body is not JSON, or (on `/oauth/…`) not a form.',
    next: 'Send `content-type: application/json`, or `application/x-www-form-urlencoded` to `/oauth/…`.',
  },
  misdirected_request: {
    means: 'The request came to a host that is not the issuer.',
    next: 'Use the host of `ISSUER`. To serve another host, deploy with `npm run deploy -- --issuer https://…`.',
  },
  locked: {
    means: 'Too many wrong codes: 5 of one challenge, or 50 of one address since its last success. A link still works.',
    next: 'Let the person use the link, or send a new mail later; `Retry-After` says when a code is possible again.',
  },
  too_many_sends: {
    means: 'One recipient got as many messages as a setting allows; `detail` names the setting and when to try again.',
    next: 'Wait as long as `Retry-After` says, or raise `send_limits` (for text messages `sms`) with `PATCH /v1/project`.',
  },
  too_many_requests: {
    means: 'Too many requests from one place to a page that needs no key.',
    next: 'Wait as long as `Retry-After` says. Calls with an API key are never limited by address.',
  },
  internal: {
    means: 'A fault of this service.',
    next: 'Look for the `request_id` in the logs of the Worker (`npx wrangler tail latchkey`), and report it.',
  },
  unavailable: {
    means:
      'A part did not answer in time, or a variable is not set; then `detail` names it. Nothing was lost and nobody was signed in by mistake.',
    next: 'Repeat the request with the same `Idempotency-Key`. `GET /healthz` says which part is failing.',
  },
  delivery_failed: {
    means: 'Every provider refused this message for good.',
    next: 'Read its timeline: [when mail does not arrive](/docs/mail#read-the-timeline).',
  },
}

export function errorList(): string {
  return Object.entries(PROBLEMS)
    .map(([code, [status, title]]) => {
      const { means, next } = HELP[code] ?? { means: `${title}.`, next: '`detail` of the answer says more.' }
      return `## \`${code}\` {#${code}}\n\n**${status}** ${title}\n\n${means}\n\n**What to do:** ${next}\n`
    })
    .join('\n')
}

export const isExplained = (code: string): boolean => code in HELP
