// Says in one sentence what would otherwise fail in a hundred lines. Plain JavaScript, so that any Node can run it.

// As the custom build of wrangler.toml: a bare `wrangler dev` would start with the operator's configuration, which has
// neither the inbox nor the development secrets. wrangler buries what is printed here under a dump of its own error and
// then repeats the command, which is why the command in wrangler.toml says it too.
if (process.env.WRANGLER_COMMAND === 'dev') {
  console.error('This is the production configuration. For development run: npm run dev')
  process.exit(1)
}
// And a bare `wrangler deploy` would put ids that do not exist, and no issuer, over a deployment that works.
if (process.env.WRANGLER_COMMAND === 'deploy' && !process.env.LATCHKEY_CLI) {
  console.error('This configuration has no ids and no issuer. To deploy run: npm run deploy')
  process.exit(1)
}

// Before the npm scripts that run TypeScript: Node does so from 22.18 on.
if (process.argv.includes('--node')) {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major < 22 || (major === 22 && minor < 18)) {
    console.error(
      `Latchkey's tools need Node 22.18 or newer and this is ${process.versions.node}. npm install brings a newer one, ` +
        'unless install scripts are switched off (npm config get ignore-scripts).',
    )
    process.exit(1)
  }
}
