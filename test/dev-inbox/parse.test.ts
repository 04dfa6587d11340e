import { describe, expect, it } from 'vitest'
import {
  bareAddress,
  codeOf,
  forFrame,
  isSms,
  linksOf,
  mainLink,
  parseAfter,
  parseOutage,
  parseTo,
  phoneNumber,
  piecesOf,
  senderName,
} from '../../src/dev-inbox/parse.ts'

describe('links', () => {
  const inText = (text: string) => linksOf({ text, html: '<a href="https://html.test">not asked</a>' })
  const inHtml = (html: string) => linksOf({ text: ' \n', html })

  it.each([
    [
      'in order, each once',
      'https://b.test/2 http://a.test/1\nhttps://b.test/2',
      ['https://b.test/2', 'http://a.test/1'],
    ],
    ['without the full stop after it', 'Go to https://a.test/x?y=1.', ['https://a.test/x?y=1']],
    [
      'without the bracket around it',
      '(see https://a.test/x), or <https://b.test>',
      ['https://a.test/x', 'https://b.test'],
    ],
    ['with a bracket of its own', 'https://a.test/x_(y)', ['https://a.test/x_(y)']],
    ['with all of a secret', 'http://localhost:8787/l?code=AQ-_b_-\n', ['http://localhost:8787/l?code=AQ-_b_-']],
    ['with an ampersand as it stands', 'https://a.test/?code=1&state=2', ['https://a.test/?code=1&state=2']],
    ['of http and https alone', 'ftp://a.test mailto:a@b.test javascript:alert(1)', []],
  ])('come from the text %s', (_, text, links) => {
    expect(inText(text)).toEqual(links)
  })

  it.each([
    [
      'unescaped',
      '<a class="b" href="https://a.test/?a=1&amp;b=2&#61;3&#x3d;4">x</a>',
      ['https://a.test/?a=1&b=2=3=4'],
    ],
    ['unescaped once', '<a href="https://a.test/?a=&amp;amp;">x</a>', ['https://a.test/?a=&amp;']],
    [
      'in single quotes or none',
      "<a href='https://a.test/1'></a><A HREF=https://a.test/2>",
      ['https://a.test/1', 'https://a.test/2'],
    ],
    [
      'of http and https alone',
      '<a href="javascript:alert(1)"></a><a href="mailto:a@b.test"></a><img src="https://a.test/i">',
      [],
    ],
  ])('come from the HTML where there is no text: %s', (_, html, links) => {
    expect(inHtml(html)).toEqual(links)
  })
})

describe('the main link', () => {
  const secret = 'AQEAAAAA1234567890abcdefghij'

  it.each([
    ['ours', [`https://a.test/?t=${secret}`, `https://id.test/auth/magic-link?code=${secret}`], 1],
    ['one with a secret', ['https://a.test/', `https://a.test/in?token=${secret}`], 1],
    ['else the first', ['https://a.test/', 'https://b.test/'], 0],
    ['none of none', [], 0],
  ])('is %s', (_, links, index) => {
    expect(mainLink(links)).toBe(links[index])
  })
})

describe('the code', () => {
  it.each([
    ['the last line', 'Your code is 000000.\n\n@id.test #482913\n', '482913'],
    ['a last line with a carriage return', 'Hello\r\n@id.test #482913\r\n', '482913'],
    ['letters', '@id.test #K7WX2Q', 'K7WX2Q'],
    ['a loopback host', '@localhost #482913', '482913'],
  ])('is taken from %s', (_, text, code) => {
    expect(codeOf(text)).toBe(code)
  })

  it.each([
    ['another line than the last', '@id.test #482913\nBye'],
    ['prose', 'Your code is 482913'],
    ['a line that only begins so', '@id.test #482913 and more'],
    ['nothing', ''],
  ])('is not taken from %s', (_, text) => {
    expect(codeOf(text)).toBeNull()
  })
})

describe('an address', () => {
  it.each([
    ['ada@example.com', 'ada@example.com'],
    [' Ada@Example.com ', 'Ada@Example.com'],
    ['Ada Lovelace <ada@example.com>', 'ada@example.com'],
    ['"a@b" <ada+x@example.com>', 'ada+x@example.com'],
    ['Ada', undefined],
    ['Ada <>', undefined],
    ['ada@example.com, bob@example.com', undefined],
    ['', undefined],
  ])('%j is %j', (value, address) => {
    expect(bareAddress(value)).toBe(address)
  })
})

describe('an outage', () => {
  it.each([500, 429, 'timeout', null] as const)('can be %j', (status) => {
    expect(parseOutage({ status })).toEqual({ status })
  })

  it.each([
    { status: 503 },
    { status: '500' },
    { status: undefined },
    {},
    { status: 500, for: 'ada' },
    null,
    500,
    [500],
  ])('cannot be %j', (body) => {
    expect(parseOutage(body)).toBeUndefined()
  })
})

describe('the query', () => {
  it.each([
    [undefined, 0],
    ['', 0],
    ['1795303493897', 1795303493897],
    ['-1', undefined],
    ['1.5', undefined],
    ['now', undefined],
  ])('after=%s is %s', (value, after) => {
    expect(parseAfter(value)).toBe(after)
  })

  it.each([
    [undefined, null],
    [' ', null],
    ['ada@example.com', 'ada@example.com'],
    ['ada tag@example.com', 'ada+tag@example.com'],
    ['+12025550100', '+12025550100'],
    [' 12025550100', '+12025550100'],
    ['12025550100', '+12025550100'],
    ['+1 (202) 555-0100', '+12025550100'],
    ['1234@example.com', '1234@example.com'],
    ['555', '555'],
  ])('to=%s is %s', (value, to) => {
    expect(parseTo(value)).toBe(to)
  })
})

describe('a mail in a frame opens its links in a new tab', () => {
  const base = '<base target="_blank">'

  it.each([
    [
      'in its head',
      '<!doctype html><html><head lang="en"><title>x</title>',
      `<!doctype html><html><head lang="en">${base}<title>x</title>`,
    ],
    ['after its doctype', '<!DOCTYPE html>\n<p>x', `<!DOCTYPE html>${base}\n<p>x`],
    ['before all', '<header>x</header>', `${base}<header>x</header>`],
  ])('%s', (_, html, framed) => {
    expect(forFrame(html)).toBe(framed)
  })
})

describe('a number', () => {
  it.each([
    ['+12025550100', '+12025550100'],
    ['12025550100', '+12025550100'],
    [' +1 202.555-0100 ', '+12025550100'],
    ['+02025550100', undefined],
    ['123456', undefined],
    ['1234567890123456', undefined],
    ['++12025550100', undefined],
    ['ada@example.com', undefined],
    ['', undefined],
  ])('%j is %j', (value, number) => {
    expect(phoneNumber(value)).toBe(number)
  })
})

it.each([
  ['Acme', true],
  ['Acme 2 go', true],
  ['A', true],
  ['ElevenChars', true],
  ['TwelveChars!', false],
  ['TwelveLetter', false],
  ['12345', false],
  ['Acme!', false],
  ['', false],
])('%j may be the sender of an SMS: %j', (value, may) => {
  expect(senderName(value)).toBe(may)
})

it('an SMS is what goes to a number', () => {
  expect(isSms({ to: '+12025550100' })).toBe(true)
  expect(isSms({ to: 'ada@example.com, bob@example.com' })).toBe(false)
})

describe('the pieces of a text', () => {
  it.each([
    ['nothing', '', []],
    ['no link', 'Your code is 482913.', ['Your code is 482913.']],
    ['a link alone', 'https://a.test/x', ['<https://a.test/x>']],
    ['a link within', 'Go to https://a.test/x. Or not', ['Go to ', '<https://a.test/x>', '. Or not']],
    [
      'one link twice, and one that begins with it',
      'https://a.test https://a.test https://a.test/1',
      ['<https://a.test>', ' ', '<https://a.test>', ' ', '<https://a.test/1>'],
    ],
    ['what is no link', 'javascript:alert(1)', ['javascript:alert(1)']],
  ])('with %s', (_, text, pieces) => {
    const found = piecesOf(text)
    expect(found.map((piece) => (piece.isLink ? `<${piece.text}>` : piece.text))).toEqual(pieces)
    expect(found.map((piece) => piece.text).join('')).toBe(text)
  })
})
