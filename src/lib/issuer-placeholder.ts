/** What stands in the stored pages of /docs where the Worker puts its own issuer. */
export const ISSUER_PLACEHOLDER = 'https://issuer.example'
