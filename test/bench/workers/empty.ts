/** What every start costs, whatever is started. */
export default { fetch: () => new Response('ok') }
