/** The pages of /docs in the order of their navigation. `name` is the file here, and the address below /docs. */
export const PAGES = [
  { name: 'index', label: 'Start' },
  { name: 'api', label: 'API reference' },
  { name: 'errors', label: 'Errors' },
  { name: 'templates', label: 'Mails and templates' },
  { name: 'organizations', label: 'Organizations' },
  { name: 'locales', label: 'Languages' },
  { name: 'deploy', label: 'Deploy' },
  { name: 'mail', label: 'When mail does not arrive' },
  { name: 'sms', label: 'Text messages' },
  { name: 'compare', label: 'Which API' },
  { name: 'forward', label: 'From Forward' },
  { name: 'transmit', label: 'From Transmit Security' },
  { name: 'scalekit', label: 'From Scalekit' },
  { name: 'streambird', label: 'From Streambird' },
  { name: '1kosmos', label: 'From 1Kosmos' },
] as const

export const pathOfPage = (name: string): string => (name === 'index' ? '/docs' : `/docs/${name}`)
