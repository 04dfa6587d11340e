/** What an operator decided (deployment.json, to be committed: it holds no secret), and the configuration made of it. */

/** What each provider needs besides MAIL_FROM. A test compares it with what the Worker asks for. */
export const PROVIDERS: Record<string, { kind: 'mail' | 'sms'; secrets: string[]; vars: string[] }> = {
  resend: { kind: 'mail', secrets: ['RESEND_API_KEY'], vars: [] },
  postmark: { kind: 'mail', secrets: ['POSTMARK_TOKEN'], vars: [] },
  sendgrid: { kind: 'mail', secrets: ['SENDGRID_API_KEY'], vars: [] },
  mailgun: { kind: 'mail', secrets: ['MAILGUN_API_KEY'], vars: ['MAILGUN_DOMAIN'] },
  ses: { kind: 'mail', secrets: ['SES_ACCESS_KEY_ID', 'SES_SECRET_ACCESS_KEY'], vars: ['SES_REGION'] },
  /** A binding instead of a key. */
  cloudflare: { kind: 'mail', secrets: [], vars: [] },
  twilio: { kind: 'sms', secrets: ['TWILIO_AUTH_TOKEN'], vars: ['TWILIO_ACCOUNT_SID', 'TWILIO_FROM'] },
  vonage: { kind: 'sms', secrets: ['VONAGE_API_KEY', 'VONAGE_API_SECRET'], vars: ['VONAGE_FROM'] },
  messagebird: { kind: 'sms', secrets: ['MESSAGEBIRD_ACCESS_KEY'], vars: ['MESSAGEBIRD_ORIGINATOR'] },
}
/** Set when they are in the environment, and never asked for. */
export const OPTIONAL_SECRETS = [
  'LATCHKEY_SECRET_PREVIOUS',
  'RESEND_WEBHOOK_SECRET',
  'POSTMARK_WEBHOOK_TOKEN',
  'SENDGRID_WEBHOOK_PUBLIC_KEY',
]

export type Deployment = {
  /** Of the Worker and its database; the KV namespace is `<name>-codes`. */
  name: string
  issuer: string
  account_id: string | null
  mail_providers: string[]
  mail_from: string | null
  sms_providers: string[]
  /** Further variables that are no secrets, such as MAILGUN_DOMAIN. */
  vars: Record<string, string>
  d1_database_id: string | null
  kv_namespace_id: string | null
  /** Laid over wrangler.toml: routes, placement, limits, whatever wrangler knows. */
  wrangler: Record<string, unknown>
  /** A rotation of LATCHKEY_SECRET that is not finished, and when (Unix seconds) the Worker went over to the new one. */
  secret_rotation?: { state: 'switching' | 'done'; at: number }
}

export const NEW_DEPLOYMENT: Deployment = {
  name: 'latchkey',
  issuer: '',
  account_id: null,
  mail_providers: [],
  mail_from: null,
  sms_providers: [],
  vars: {},
  d1_database_id: null,
  kv_namespace_id: null,
  wrangler: {},
}

/** What is wrong with the answers, as one sentence, or null. */
export function whyNotDeployable(deployment: Deployment): string | null {
  const { name, issuer, mail_providers, mail_from, sms_providers, vars } = deployment
  const url = URL.parse(issuer)
  if (url?.protocol !== 'https:' || url.origin !== issuer) {
    return `--issuer must be an https origin without a path or a slash at the end, such as https://sign-in.example.com. It is ${JSON.stringify(issuer)}.`
  }
  if (!/^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$/.test(name)) return '--name may hold a-z, 0-9 and - in the middle.'
  for (const [flag, kind, names] of [
    ['--mail-provider', 'mail', mail_providers],
    ['--sms-provider', 'sms', sms_providers],
  ] as const) {
    const known = Object.keys(PROVIDERS).filter((provider) => PROVIDERS[provider]?.kind === kind)
    const unknown = names.find((provider) => !known.includes(provider))
    if (unknown !== undefined) return `${flag} knows ${known.join(', ')}, and not ${JSON.stringify(unknown)}.`
  }
  if (mail_providers.length === 0)
    return 'Name a mail provider: --mail-provider resend (or several, in the order to try).'
  for (const provider of [...mail_providers, ...sms_providers]) {
    const missing = PROVIDERS[provider]?.vars.find((variable) => !vars[variable])
    if (missing !== undefined) return `${provider} needs ${missing}: --var ${missing}=…`
  }
  if (!mail_from?.includes('@')) return "Name the sender: --mail-from 'Acme <sign-in@mail.example.com>'."
  return null
}

/** The configuration for wrangler: wrangler.toml without development, with this operator's ids, variables and address. */
export function wranglerConfig(toml: Record<string, unknown>, deployment: Deployment): Record<string, unknown> {
  const { env: _, build: __, ...production } = toml
  const { name, issuer, account_id, mail_providers, mail_from, sms_providers, vars, wrangler } = deployment
  const { host } = new URL(issuer)
  const onWorkersDev = host.endsWith('.workers.dev')
  return {
    ...production,
    name,
    ...(account_id === null ? {} : { account_id }),
    workers_dev: onWorkersDev,
    preview_urls: false,
    ...(onWorkersDev ? {} : { routes: [{ pattern: host, custom_domain: true }] }),
    vars: {
      ...vars,
      ISSUER: issuer,
      MAIL_PROVIDERS: mail_providers.join(','),
      MAIL_FROM: mail_from ?? '',
      ...(sms_providers.length === 0 ? {} : { SMS_PROVIDERS: sms_providers.join(',') }),
    },
    d1_databases: one(production.d1_databases, {
      database_name: name,
      database_id: deployment.d1_database_id ?? ID_TO_COME,
    }),
    kv_namespaces: one(production.kv_namespaces, { id: deployment.kv_namespace_id ?? ID_TO_COME.replaceAll('-', '') }),
    ...(mail_providers.includes('cloudflare') ? { send_email: [{ name: 'EMAIL' }] } : {}),
    ...wrangler,
  }
}

/** Before the first run has made the real ones. */
const ID_TO_COME = '00000000-0000-0000-0000-000000000000'

const one = (bindings: unknown, values: Record<string, unknown>): Record<string, unknown>[] =>
  (bindings as Record<string, unknown>[]).map((binding) => ({ ...binding, ...values }))
