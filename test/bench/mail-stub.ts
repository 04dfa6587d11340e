/** Takes the mail of all: keeps the last one for each address, and gives them out. A program for a process of its own. */

import { createServer } from 'node:http'

/** Resend's request, or what the others' senders post. */
type Posted = { to?: string | string[]; text?: string; link?: string; code?: string }
export type Mail = Pick<Posted, 'text' | 'link' | 'code'>

const mails = new Map<string, Mail>()

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = Buffer.concat(chunks).toString()
    response.setHeader('content-type', 'application/json')
    if (request.url === '/take') {
      const addresses = JSON.parse(body) as string[]
      response.end(JSON.stringify(addresses.map((address) => mails.get(address) ?? null)))
      for (const address of addresses) mails.delete(address)
      return
    }
    // The bare Worker's are not JSON.
    if (body.startsWith('{')) {
      const { to, text, link, code } = JSON.parse(body) as Posted
      for (const address of [to ?? []].flat())
        mails.set(address, { ...(text && { text }), ...(link && { link }), ...(code && { code }) })
    }
    response.end('{"id":"bench"}')
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`)
})
