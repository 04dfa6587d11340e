import type { HttpProvider, ProviderText, TextProvider } from '../../../src/providers/provider.ts'

export const TEXT: ProviderText = {
  id: 'msg_000000000000000000000000001',
  projectId: 'prj_1',
  to: '+12025550100',
  senderId: null,
  text: 'Your code for Acme is 482913.\n\n@id.example.com #482913',
}

/** These three are asked over HTTP. */
export function overHttp(provider: TextProvider): HttpProvider<ProviderText> {
  if ('hand' in provider) throw new Error(`${provider.name} is a binding`)
  return provider
}

/** Not .text(), which workerd believes to be wrong for a form. */
export const textOf = async (request: Request): Promise<string> => new TextDecoder().decode(await request.arrayBuffer())

export async function asked(provider: HttpProvider<ProviderText>, message: Partial<ProviderText> = {}) {
  const request = await provider.request({ ...TEXT, ...message })
  const { method, url, headers } = request
  return { method, url, headers: Object.fromEntries(headers), body: await textOf(request) }
}
