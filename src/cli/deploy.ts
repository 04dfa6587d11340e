/** `npm run deploy`: what is missing in the operator's Cloudflare account, the Worker, and the first API key. */

import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { deploy, Stop } from './deploy-steps.ts'
import { type Deployment, NEW_DEPLOYMENT, PROVIDERS, whyNotDeployable } from './deployment.ts'
import { dryWorld } from './dry-run.ts'
import { ask, ROOT, readDeployment, realWorld, SETTINGS } from './real-world.ts'

const HELP = `Deploys Latchkey to your Cloudflare account. Run it again at any time: it makes only what is missing.

  npm run deploy -- --issuer https://sign-in.example.com --mail-provider resend --mail-from 'Acme <sign-in@mail.example.com>'
  npm run deploy            (afterwards: what was said is in ${SETTINGS}, which you commit)

  --issuer URL           the public address, an https origin; its domain must be a zone of your account
  --mail-provider NAMES  ${namesOf('mail')}; several with commas, in the order to try
  --mail-from SENDER     an address, or 'Name <address>', of a domain that the provider has verified
  --sms-provider NAMES   ${namesOf('sms')} (none)
  --var NAME=VALUE       a further variable that is no secret, such as MAILGUN_DOMAIN
  --name NAME            of the Worker and its database (latchkey)
  --account ID           of Cloudflare, if your sign-in reaches several
  --dry-run              prints each step and its commands, builds, and touches no account
  --help                 this text

Secrets that are missing are taken from the environment variable of their name, or asked for. In CI set
CLOUDFLARE_API_TOKEN. /docs/deploy of any running Latchkey, or src/docs/deploy.md, has it step by step.
`

function namesOf(kind: 'mail' | 'sms'): string {
  return Object.keys(PROVIDERS)
    .filter((name) => PROVIDERS[name]?.kind === kind)
    .join(', ')
}

async function main(): Promise<void> {
  const flags = readFlags(process.argv.slice(2))
  if (flags.help) return void process.stdout.write(HELP)
  const deployment = await answers(flags)
  const why = whyNotDeployable(deployment)
  if (why) throw new Stop(`${why}\nnpm run deploy -- --help lists the options.`)
  const world = await realWorld()
  if (!flags['dry-run']) return deploy(world, deployment)
  world.say('A dry run: the steps of a first deployment, each with its commands. Only the build really runs.')
  const dry = dryWorld(world, deployment)
  try {
    await deploy(dry, deployment)
  } finally {
    rmSync(resolve(ROOT, dry.config), { force: true })
  }
  world.say('\nThat was a dry run: no account was touched, and nothing above was made.')
}

type Flags = ReturnType<typeof readFlags>

function readFlags(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        issuer: { type: 'string' },
        'mail-provider': { type: 'string', multiple: true },
        'mail-from': { type: 'string' },
        'sms-provider': { type: 'string', multiple: true },
        var: { type: 'string', multiple: true },
        name: { type: 'string' },
        account: { type: 'string' },
        'dry-run': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values
  } catch (error) {
    throw new Stop(
      `${error instanceof Error ? error.message : String(error)}\nnpm run deploy -- --help lists the options.`,
    )
  }
}

/** Flags over deployment.json; what is still missing is asked for, if somebody is there. */
async function answers(flags: Flags): Promise<Deployment> {
  const known: Deployment = { ...NEW_DEPLOYMENT, ...readDeployment() }
  const isDry = flags['dry-run']
  const list = (values: string[]) => values.flatMap((value) => value.split(',')).map((value) => value.trim())
  const providers = flags['mail-provider'] ? list(flags['mail-provider']) : known.mail_providers
  return {
    ...known,
    name: flags.name ?? known.name,
    account_id: flags.account ?? known.account_id,
    issuer:
      (flags.issuer ?? known.issuer) ||
      (isDry ? 'https://sign-in.example.com' : await ask('The public address, such as https://sign-in.example.com: ')),
    mail_providers:
      providers.length > 0
        ? providers
        : list([isDry ? 'resend' : await ask(`The mail provider (${namesOf('mail')}): `)]).filter(Boolean),
    mail_from:
      flags['mail-from'] ??
      known.mail_from ??
      (isDry ? 'sign-in@example.com' : await ask('The sender, such as Acme <sign-in@mail.example.com>: ')),
    sms_providers: flags['sms-provider'] ? list(flags['sms-provider']).filter(Boolean) : known.sms_providers,
    vars: { ...known.vars, ...Object.fromEntries((flags.var ?? []).map(variable)) },
  }
}

function variable(text: string): [string, string] {
  const [, name, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined)
    throw new Stop(`--var needs NAME=VALUE, and not ${JSON.stringify(text)}.`)
  // It would be stored where everybody who may read the Worker's settings, or the repository, can read it.
  if (/_(SECRET|KEY|TOKEN)$/.test(name))
    throw new Stop(`${name} is a secret: put it into the environment instead of --var.`)
  return [name, value]
}

try {
  await main()
} catch (error) {
  if (!(error instanceof Stop)) throw error
  process.stderr.write(`\n${error.message}\n`)
  process.exitCode = 1
}
