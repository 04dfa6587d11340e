import type { World } from './deploy-steps.ts'
import type { Deployment } from './deployment.ts'

/**
 * The same steps in an account that nobody has: each command is shown, the build alone really runs, and everything that would
 * be made is taken to be made. What deployment.json knows of is there already.
 */
export function dryWorld(real: World, deployment: Deployment): World {
  const { name, d1_database_id, kv_namespace_id } = deployment
  const databases = d1_database_id === null ? [] : [{ name, uuid: d1_database_id }]
  const namespaces = kv_namespace_id === null ? [] : [{ title: `${name}-codes`, id: kv_namespace_id }]
  const fine = (stdout = '') => ({ code: 0, stdout, stderr: '' })
  const config = 'wrangler.dry-run.json'
  const show = (line: string) => real.say(`  $ ${line}`)
  return {
    ...real,
    config,
    async wrangler(args, options = {}) {
      show(`wrangler ${args.join(' ')}${options.input === undefined ? '' : ' < (secrets, on standard input)'}`)
      const command = args.slice(0, 3).join(' ')
      if (args.includes('--dry-run')) return real.wrangler(args, options)
      if (command.startsWith('whoami')) return fine('{"loggedIn":true,"accounts":[]}')
      if (command.startsWith('d1 list')) return fine(JSON.stringify(databases))
      if (command.startsWith('d1 create')) databases.push({ name, uuid: '00000000-0000-0000-0000-000000000000' })
      if (command === 'kv namespace list') return fine(JSON.stringify(namespaces))
      if (command === 'kv namespace create') namespaces.push({ title: `${name}-codes`, id: '0'.repeat(32) })
      if (command.startsWith('secret list')) return { code: 1, stdout: '', stderr: `Worker "${name}" not found.` }
      if (command.startsWith('d1 execute')) return fine('[{"results":[{"count":0}]}]')
      return fine()
    },
    async node(args) {
      show(`node ${args.join(' ')}`)
      return real.node(args)
    },
    async fetch(url, init) {
      show(`${init?.method ?? 'GET'} ${url}`)
      return init?.method === 'POST'
        ? Response.json({ key: 'lk_… (the first API key)' }, { status: 201 })
        : Response.json({ status: 'ok' })
    },
    askSecret: async (question) => {
      real.say(`${question}(asked for)`)
      return '(asked for)'
    },
    env: { ...real.env, CI: '' },
    saveDeployment: () => {},
    keepSecrets: () => '.latchkey-secrets',
  }
}
