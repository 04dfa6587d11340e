import { describe, expect, it } from 'vitest'
import { matchesRegistered, whyNotRegistrable } from '../../src/domain/projects/redirect-uris.ts'

const REGISTERED = [
  'https://app.example.com/callback',
  'https://app.example.com/callback?tenant=a',
  'http://localhost/callback',
  'http://127.0.0.1:8080/callback?x=1',
  'http://[::1]:9000/',
  'com.example.app:/callback',
]

it('every example can be registered', () => {
  expect(REGISTERED.map(whyNotRegistrable)).toEqual(REGISTERED.map(() => null))
})

describe('a client may have', () => {
  it.each(REGISTERED)('%s, as it is registered', (uri) => {
    expect(matchesRegistered(REGISTERED, uri)).toBe(true)
  })

  it.each([
    'http://localhost:1/callback',
    'http://localhost:49152/callback',
    'http://localhost:65535/callback',
    'http://127.0.0.1/callback?x=1',
    'http://127.0.0.1:3000/callback?x=1',
    'http://[::1]/',
    'http://[::1]:1234/',
  ])('%s: a loopback URI with another port (RFC 8252 §7.3)', (uri) => {
    expect(matchesRegistered(REGISTERED, uri)).toBe(true)
  })
})

describe('a client may not have', () => {
  it.each([
    ['nothing', ''],
    ['a user name', 'https://app.example.com@evil.example/callback'],
    ['the host as user name and password', 'https://app.example.com:443@evil.example/callback'],
    ['a user name before the host', 'https://evil@app.example.com/callback'],
    ['a backslash before a host', 'https://evil.example\\@app.example.com/callback'],
    ['a backslash for a slash', 'https://app.example.com\\callback'],
    ['a scheme in upper case', 'HTTPS://app.example.com/callback'],
    ['a host in upper case', 'https://APP.example.com/callback'],
    ['a path in upper case', 'https://app.example.com/Callback'],
    ['a host with a dot at the end', 'https://app.example.com./callback'],
    ['a host that begins alike', 'https://app.example.com.evil.example/callback'],
    ['a host that ends alike', 'https://evilapp.example.com/callback'],
    ['any character for the dot', 'https://appxexample.com/callback'],
    ['a default port', 'https://app.example.com:443/callback'],
    ['a port', 'https://app.example.com:8443/callback'],
    ['another scheme', 'http://app.example.com/callback'],
    ['no scheme', '//app.example.com/callback'],
    ['an encoded letter', 'https://app.example.com/%63allback'],
    ['double encoding', 'https://app.example.com/%2563allback'],
    ['an encoded slash', 'https://app.example.com/%2fcallback'],
    ['dots that lead back', 'https://app.example.com/x/../callback'],
    ['dots that lead on', 'https://app.example.com/callback/../admin'],
    ['encoded dots that lead on', 'https://app.example.com/callback/%2e%2e/admin'],
    ['a longer path', 'https://app.example.com/callback/more'],
    ['a longer last segment', 'https://app.example.com/callback2'],
    ['a slash at the end', 'https://app.example.com/callback/'],
    ['a doubled slash', 'https://app.example.com//callback'],
    ['a path parameter', 'https://app.example.com/callback;x'],
    ['a query', 'https://app.example.com/callback?x=1'],
    ['an empty query', 'https://app.example.com/callback?'],
    ['a longer query', 'https://app.example.com/callback?tenant=a&tenant=b'],
    ['a fragment', 'https://app.example.com/callback#'],
    ['a space in front', ' https://app.example.com/callback'],
    ['a line break at the end', 'https://app.example.com/callback\n'],
    ['a tab inside', 'https://app.example.com/call\tback'],
    ['a full-width letter', 'https://ａpp.example.com/callback'],
    ['a prefix of a registered one', 'https://app.example.com/'],
    ['another private-use path', 'com.example.app:/other'],
    ['slashes after a private-use scheme', 'com.example.app://callback'],
    ['a script', 'javascript:alert(1)'],
  ])('%s: %s', (_name, uri) => {
    expect(matchesRegistered(REGISTERED, uri)).toBe(false)
  })

  it.each([
    ['a port as user name', 'http://localhost:80@evil.example/callback'],
    ['a user name', 'http://evil@localhost:80/callback'],
    ['an empty user name', 'http://@localhost:80/callback'],
    ['a backslash after the port', 'http://localhost:80\\@evil.example/callback'],
    ['a backslash after the host', 'http://localhost\\.evil.example/callback'],
    ['a longer host', 'http://localhost.evil.example/callback'],
    ['a dot at the end', 'http://localhost./callback'],
    ['upper case', 'http://LOCALHOST:80/callback'],
    ['a scheme in upper case', 'HTTP://localhost:80/callback'],
    ['https', 'https://localhost:80/callback'],
    ['another loopback name', 'http://127.0.0.1:80/callback'],
    ['another loopback name the other way round', 'http://localhost:80/callback?x=1'],
    ['another loopback address', 'http://127.0.0.2:80/callback?x=1'],
    ['a short loopback address', 'http://127.1:80/callback?x=1'],
    ['a number for a loopback address', 'http://2130706433:80/callback?x=1'],
    ['a long IPv6 loopback', 'http://[0:0:0:0:0:0:0:1]:80/'],
    ['every address', 'http://0.0.0.0:80/callback?x=1'],
    ['another path', 'http://localhost:80/callback/more'],
    ['dots that lead on', 'http://localhost:80/callback/../admin'],
    ['no path', 'http://localhost:80'],
    ['another query', 'http://127.0.0.1:80/callback?x=2'],
    ['a query that is left out', 'http://127.0.0.1:80/callback'],
    ['a fragment', 'http://localhost:80/callback#x'],
    ['an encoded letter', 'http://localhost:80/%63allback'],
    ['an empty port', 'http://localhost:/callback'],
    ['port 0', 'http://localhost:0/callback'],
    ['a port with a leading zero', 'http://localhost:080/callback'],
    ['a port that does not exist', 'http://localhost:65536/callback'],
    ['a port of six digits', 'http://localhost:123456/callback'],
    ['a port that is no number', 'http://localhost:8o/callback'],
    ['two ports', 'http://localhost:80:80/callback'],
    ['a line break', 'http://localhost:80/callback\n'],
  ])('a loopback URI with %s: %s', (_name, uri) => {
    expect(matchesRegistered(REGISTERED, uri)).toBe(false)
  })

  it('another port where https is registered, nor anything where nothing is', () => {
    expect(matchesRegistered(['https://localhost/callback'], 'https://localhost:8443/callback')).toBe(false)
    expect(matchesRegistered([], 'http://localhost:80/')).toBe(false)
    expect(matchesRegistered([], '')).toBe(false)
  })
})
