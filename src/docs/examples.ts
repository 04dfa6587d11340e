/** What the example of a call sends, by operation. A test validates each body with the schema that requests meet. */

type Example = {
  ids?: Record<string, string>
  query?: string
  body?: Record<string, unknown>
  form?: Record<string, string>
}

export const EXAMPLES: Record<string, Example> = {
  listUsers: { query: 'email=ada@example.com' },
  createUser: {
    body: { email: 'ada@example.com', first_name: 'Ada', last_name: 'Lovelace', external_id: 'customer-42' },
  },
  updateUser: { body: { last_name: 'King', metadata: { plan: 'team' } } },
  setUserStatus: { body: { status: 'INACTIVE' } },
  createLoginUrl: { body: { redirect_uri: 'https://app.example.com/callback', expires_in: 3600 } },
  send: {
    body: {
      email: 'ada@example.com',
      method: 'link_and_code',
      redirect_uri: 'https://app.example.com/callback',
      state: 'cart-17',
    },
  },
  resend: { body: { id: 'chal_…' } },
  verify: { body: { id: 'chal_…', code: '482913' } },
  updateProject: {
    body: { brand: { name: 'Acme', primary_color: '#3355cc' }, redirect_uris: ['https://app.example.com/callback'] },
  },
  createApiKey: { body: { name: 'shop back end', scopes: ['passwordless:send', 'passwordless:verify', 'users:read'] } },
  createClient: { body: { name: 'Acme shop', redirect_uris: ['https://app.example.com/callback'] } },
  updateClient: { body: { rotate_secret: true } },
  createProject: { body: { name: 'Acme staging' } },
  updateProjectById: { body: { name: 'Acme test' } },
  token: { form: { grant_type: 'refresh_token', refresh_token: '$REFRESH_TOKEN' } },
  introspect: { form: { token: '$ACCESS_TOKEN' } },
  revoke: { form: { token: '$REFRESH_TOKEN' } },
  listMessages: { query: 'status=failed' },
  listEvents: { query: 'user_id=user_2xKq0Vb4mT8nW1cR6yZ3aHs7dLf' },
  listOrganizations: { query: 'external_id=acme' },
  createOrganization: { body: { name: 'Acme', external_id: 'acme' } },
  updateOrganization: { body: { metadata: { plan: 'team' } } },
  addMember: { body: { user_id: 'user_2xKq0Vb4mT8nW1cR6yZ3aHs7dLf', roles: ['admin'] } },
  setMemberRoles: { ids: { user_id: 'user_2xKq0Vb4mT8nW1cR6yZ3aHs7dLf' }, body: { roles: ['member'] } },
  removeMember: { ids: { user_id: 'user_2xKq0Vb4mT8nW1cR6yZ3aHs7dLf' } },
  createSuppression: { body: { email: 'ada@example.com' } },
  getSuppression: { ids: { email: 'ada@example.com' } },
  deleteSuppression: { ids: { email: 'ada@example.com' } },
  previewTemplate: { body: { name: 'sign_in', locale: 'en' } },
  getTemplate: { ids: { name: 'sign_in', locale: 'en' } },
  deleteTemplate: { ids: { name: 'sign_in', locale: 'en' } },
  putTemplate: {
    ids: { name: 'sign_in', locale: 'en' },
    body: { subject: 'Sign in to {{application_name}}', html: '<p><a href="{{link}}">{{button}}</a></p>' },
  },
}
