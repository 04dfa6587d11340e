import { expect, it } from 'vitest'
import { whyNotRegistrable, withParameters } from '../../src/domain/projects/redirect-uris.ts'

// Shrunk by properties.test.ts: the question mark at the end belongs to the query, and is taken for its beginning.
it.each(['https://app.example/??', 'https://app.example/cb?x=1?'])(
  '%s gets the grant as a parameter of its own',
  (uri) => {
    expect(whyNotRegistrable(uri)).toBeNull()
    expect(new URL(withParameters(uri, { code: 'grant' })).searchParams.get('code')).toBe('grant')
  },
)
