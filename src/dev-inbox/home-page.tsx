import { Command, document, sendCommand } from './document.tsx'

const PLACES = [
  { path: '/dev/inbox', what: 'every mail that was sent, with its link and code' },
  { path: '/sign-in', what: 'the sign-in page that applications are sent to' },
  { path: '/account', what: 'where a person is signed in' },
  { path: '/docs', what: 'how to use it, the API reference, and how to deploy it' },
  { path: '/openapi.json', what: 'the API, machine-readable' },
  { path: '/healthz', what: 'is everything up' },
]

/** What `/` shows in development: where to go. */
export function homePage(issuer: string): Promise<Response> {
  return document(
    { title: 'Latchkey in development' },
    <main class="stack">
      <h1>Latchkey is running</h1>
      <p>This is the development server at {issuer}. Its mail goes to the inbox and nowhere else.</p>
      <dl class="places">
        {PLACES.map(({ path, what }) => (
          <>
            <dt>
              <a href={path}>{path}</a>
            </dt>
            <dd>{what}</dd>
          </>
        ))}
      </dl>
      <p>
        Send a first link. <code>npm run dev</code> printed the line that sets <code>LATCHKEY_KEY</code>; the key is{' '}
        <code>LATCHKEY_ROOT_KEY</code> in <code>.dev.vars</code>.
      </p>
      <Command>{sendCommand(issuer, 'ada@example.com')}</Command>
    </main>,
  )
}
