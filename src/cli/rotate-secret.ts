/** `npm run rotate-secret`: another LATCHKEY_SECRET, while people sign in. */

import { parseArgs } from 'node:util'
import { Stop } from './deploy-steps.ts'
import { NEW_DEPLOYMENT, wranglerConfig } from './deployment.ts'
import { readDeployment, realWorld, SETTINGS } from './real-world.ts'
import { finish, rotate } from './rotate-steps.ts'

const HELP = `Gives the deployed Worker another LATCHKEY_SECRET. Links, refresh tokens and signing keys stay good.

  npm run rotate-secret                begins, or goes on where it stopped: about four minutes
  npm run rotate-secret -- --finish    a week or more later: the old secret is accepted no more

  --force   with --finish: also where somebody would have to sign in again
  --help    this text

Secrets are taken from the environment, or asked for:
  LATCHKEY_SECRET            the one in use (of a rotation that stopped half-way: the old one; for --finish: the new one)
  LATCHKEY_SECRET_NEXT       the new one, where a rotation stopped half-way; made if it is missing
  LATCHKEY_SECRET_PREVIOUS   for --finish: the old one; before: one that is still accepted from a change by hand

Run it where ${SETTINGS} is. /docs/deploy of any running Latchkey, or src/docs/deploy.md, says more.
`

async function main(): Promise<void> {
  const { values: flags } = parseArgs({
    options: {
      finish: { type: 'boolean', default: false },
      force: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (flags.help) return void process.stdout.write(HELP)
  const deployment = { ...NEW_DEPLOYMENT, ...readDeployment() }
  if (deployment.d1_database_id === null)
    throw new Stop(`${SETTINGS} names no database: nothing was deployed from here. npm run deploy does that.`)
  const world = await realWorld()
  world.saveConfig(world.config, wranglerConfig(world.readToml(), deployment))
  if (flags.finish) return finish(world, deployment, Date.now, flags.force)
  return rotate(world, deployment, Date.now)
}

try {
  await main()
} catch (error) {
  const isUsage = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
  if (!(error instanceof Stop) && !isUsage) throw error
  process.stderr.write(`\n${error.message}${isUsage ? '\nnpm run rotate-secret -- --help lists the options.' : ''}\n`)
  process.exitCode = 1
}
