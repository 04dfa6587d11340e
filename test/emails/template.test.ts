import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { type Brand, TEMPLATE_NAMES, type TemplateSource } from '../../src/domain/messages/message.ts'
import { checkTemplate, TEMPLATE_VARIABLES } from '../../src/domain/templates/check.ts'
import { previewContent } from '../../src/domain/templates/preview.ts'
import { renderTemplate } from '../../src/emails/template.ts'
import { LOCALES } from '../../src/locales/index.ts'
import { renderMail } from '../support/render.ts'
import { injections } from './injection-corpus.ts'

const fine: TemplateSource = { subject: '{{code}}', html: '<p><a href="{{link}}">In</a></p>', text: null }
const html = (source: string): TemplateSource => ({ ...fine, html: source })
const view = (values: Record<string, string>) => new Map(Object.entries(values))
const text = (source: string, values: Record<string, string> = {}) => renderTemplate(html(source), view(values)).text

describe('takes', () => {
  it.each([
    ['a link', '{{link}}'],
    ['a code', '{{ code }}'],
    ['the other names of both', '{{MAGICLINK}} {{otp}}'],
    ['an unknown name', '{{link}} {{team_name}}'],
    ['sections', '{{#code}}{{code}}{{/code}}{{^code}}{{link}}{{/code}}'],
    ['a comment', '{{! ours }}{{link}}'],
    ['a section across attributes', '<p {{#code}}title="x"{{/code}}>{{link}}</p>'],
    ['a link without quotes', '<a href={{link}}>In</a>'],
    ['any value in quotes', `<img alt='{{application_name}}' title="{{team}}">{{code}}`],
    ['style without values', '<style>p > a { color: red }</style>{{link}}'],
    ['eight sections in each other', `${'{{#a}}'.repeat(8)}${'{{/a}}'.repeat(8)}{{link}}`],
    ['500 tags', '{{link}}'.repeat(500)],
    ['64 KiB', `{{link}}${'x'.repeat(64 * 1024 - 8)}`],
    ['an apostrophe in a value without quotes', "<p title=don't>{{link}} {{team}}</p>"],
    ['a text with brackets', 'a < b > c {{link}} {{team}}'],
  ])('%s', (_, source) => {
    expect(checkTemplate(html(source), 'sign_in')).toBeNull()
  })

  it('notices without a way in, and an empty subject for ours', () => {
    for (const name of ['address_changed', 'security_notice']) {
      expect(checkTemplate({ subject: '', html: '<p>{{happened_at}}</p>', text: '{{happened_at}}' }, name)).toBeNull()
    }
  })
})

describe('refuses', () => {
  it.each(
    [
      ['{{{link}}}', 'html, line 1, column 1: values are always escaped'],
      ['a\n {{ {link} }}', 'html, line 2, column 2: values are always escaped'],
      ['{{&link}}', 'values are always escaped'],
      ['{{ & link}}', 'values are always escaped'],
      ['{{>header}}', 'partials'],
      ['{{=<% %>=}}<% link %>', 'the delimiters'],
      ['{{#code}}{{link}}', 'unclosed section "code"'],
      ['{{link}}{{/code}}', 'html, line 1, column 9: unopened section "code"'],
      ['{{#code}}{{#link}}{{/code}}{{/link}}', 'unclosed section "link"'],
      ['{{link', 'does not close'],
      ['{{link}', 'does not close'],
      ['{{}}', 'a name consists of'],
      ['{{.}}', 'a name consists of'],
      ['{{a.b}}', 'a name consists of'],
      ['{{1a}}', 'a name consists of'],
      [`{{${'a'.repeat(41)}}}`, 'a name consists of'],
      ['{{#}}{{/}}', 'a name consists of'],
      [`{{link${' '.repeat(300)}}}`, 'longer than 200 characters'],
      [`{{!${' '.repeat(60_000)}}}{{link}}`, 'longer than 200 characters'],
      ['{{link}}'.repeat(501), 'more than 500 tags'],
      [`${'{{#a}}'.repeat(9)}${'{{/a}}'.repeat(9)}{{link}}`, 'nested deeper than 8'],
      [`{{link}}${'x'.repeat(64 * 1024)}`, 'html is longer than 65536 bytes'],
      [`{{link}}${'ä'.repeat(33_000)}`, 'html is longer than 65536 bytes'],
      ['<SCRIPT>1</SCRIPT>{{link}}', '<script>'],
      ['<scr{{! }}ipt>{{link}}', '<script>'],
      ['<p title={{team}}>{{link}}', 'html, line 1, column 10: write quotes'],
      ['<p {{team}}>{{link}}', 'write quotes'],
      ['<{{team}}>{{link}}', 'not a value, after <'],
      ['</{{! }}{{link}}>', 'not a value, after <'],
      [`<p title="'"{{team}}>{{link}}`, 'write quotes'],
      ['<style>p{color:{{team}}}</style>{{link}}', 'no value can stand in <style>'],
      ['<p>Hello</p>', 'html has neither {{link}} nor {{code}}'],
      ['{{#link}}Hello{{/link}}', 'html has neither'],
      [' ', 'html is empty'],
    ].map(([source = '', reason = '']) => [source.slice(0, 40), reason, source]),
  )('%j: %s', (_, reason, source) => {
    expect(checkTemplate(html(source), 'sign_in')).toContain(reason)
  })

  it.each(['sign_in', 'sign_up', 'code', 'login_link', 'welcome-back'])('%s without a way in', (name) => {
    expect(checkTemplate(html('<p>{{heading}}</p>'), name)).toContain('neither')
    expect(checkTemplate({ ...fine, text: 'Hello' }, name)).toContain('text has neither')
  })

  it('a subject and a text that are too long, or broken', () => {
    expect(checkTemplate({ ...fine, subject: 'x'.repeat(201) }, 'sign_in')).toBe(
      'subject is longer than 200 characters.',
    )
    expect(checkTemplate({ ...fine, text: `{{link}}${'x'.repeat(16_384)}` }, 'sign_in')).toContain('text is longer')
    expect(checkTemplate({ ...fine, subject: '{{{code}}}' }, 'sign_in')).toContain('subject, line 1')
    expect(checkTemplate({ ...fine, text: 'a\nb{{#x}}' }, 'sign_in')).toContain('text, line 2')
  })

  it('in no time what a parser is slow with', () => {
    const slow = [
      '{{ '.repeat(20_000),
      `{{${' '.repeat(60_000)}`,
      '<a '.repeat(20_000),
      '<!--'.repeat(16_000),
      "<a x='".repeat(10_000),
    ]
    for (const source of slow) {
      const start = performance.now()
      checkTemplate(html(source), 'sign_in')
      checkTemplate(html(`${source.slice(0, 60_000)}{{link}}`), 'sign_in')
      text(source.replaceAll('{{', '').slice(0, 60_000))
      expect(performance.now() - start).toBeLessThan(1_000)
    }
  })
})

describe('fills in', () => {
  it('escaped, each part its own way', () => {
    const source = { subject: 'Hi {{x}}', html: `<p title="{{x}}">{{x}}</p>`, text: 'Hi {{x}}' }
    expect(renderTemplate(source, view({ x: `<b>"'&` }))).toEqual({
      subject: `Hi <b>"'&`,
      html: '<p title="&lt;b&gt;&quot;&#39;&amp;">&lt;b&gt;&quot;&#39;&amp;</p>',
      text: `Hi <b>"'&`,
    })
  })

  it('nothing for what is not there, in a section or out of it', () => {
    const source = html('[{{x}}{{#x}}yes{{/x}}{{^x}}no{{/x}}]')
    expect(renderTemplate(source, view({})).html).toBe('[no]')
    expect(renderTemplate(source, view({ x: '' })).html).toBe('[no]')
    expect(renderTemplate(source, view({ x: '0' })).html).toBe('[0yes]')
  })

  it('no property of an object', () => {
    const names = ['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf', 'size', 'length']
    const source = html(names.map((name) => `{{${name}}}{{#${name}}}!{{/${name}}}`).join(''))
    expect(renderTemplate(source, view({ link: 'x' })).html).toBe('')
  })
})

describe('a text made from HTML', () => {
  it.each([
    ['paragraphs', '<h1>Hello</h1><p>One\n  two</p><p>Three</p>', 'Hello\n\nOne two\n\nThree'],
    [
      'a link',
      '<p><a class="b" href="https://a.example/?a=1&amp;b=2">Sign in</a> now</p>',
      'Sign in\nhttps://a.example/?a=1&b=2\nnow',
    ],
    ['a link that says itself', '<a href="https://a.example/x">https://a.example/x</a>', 'https://a.example/x'],
    [
      'a link around a picture',
      '<a href=https://a.example/><img src=x alt="Sign in"></a>',
      'Sign in\nhttps://a.example/',
    ],
    ['a link that leads nowhere', '<a name="x">Here</a> <a href="javascript:x">there</a>', 'Here there'],
    ['a list', '<ul><li>One</li><li><p>Two</p></li></ul>', '- One\n- Two'],
    ['a table', '<table><tr><th>When</th><td>now</td></tr><tr><td>a</td><td>b</td></tr></table>', 'When now\na b'],
    ['breaks', 'a<br>b<br/>c', 'a\nb\nc'],
    ['no style, title, script and comment', '<title>t</title><style>p{}</style><script>x</script><!-- c -->Hi', 'Hi'],
    ['no head', '<html><head><meta charset="utf-8"><p>x</p></head><body>Hi</body></html>', 'Hi'],
    ['no preheader', '<div style="display:none"><div>pre</div>header<br></div>Hi', 'Hi'],
    [
      'references',
      '&lt;b&gt; &amp;amp; &#65;&#x42;&nbsp;&uuml; &copy; &unknown; &constructor;',
      '<b> &amp; AB ü © &unknown; &constructor;',
    ],
    ['an open head', '<head><title>t</title><body>Hi', 'Hi'],
    ['what is left open', '<p>Hi <a href="x', 'Hi'],
    ['an open comment', 'Hi <!-- x', 'Hi'],
    [
      '1Kosmos’ own sample',
      'Click below. https://a.example/demo?code={{link}}&tab=magiclinks',
      'Click below. https://a.example/demo?code=L&tab=magiclinks',
    ],
  ])('has %s', (_, source, expected) => {
    expect(text(source, { link: 'L' })).toBe(expected)
  })

  it('is bounded', () => {
    expect(text('<p>x</p>'.repeat(8_000)).length).toBeLessThanOrEqual(16 * 1024)
  })

  it('ends with the line for phones, once', () => {
    const values = { code: '482913', code_host: 'a.example' }
    expect(text('<p>{{code}}</p>', values)).toBe('482913\n\n@a.example #482913')
    const own = renderTemplate({ ...fine, text: 'Hi\n@{{code_host}} #{{code}}\n' }, view(values)).text
    expect(own).toBe('Hi\n\n@a.example #482913')
    expect(text('<p>@evil.example #1</p><p>{{code}}</p>', values)).toBe(
      '@ evil.example #1\n\n482913\n\n@a.example #482913',
    )
    expect(text('<p>x</p><p>@evil.example #1</p>')).toBe('x\n\n@ evil.example #1')
  })
})

const value = fc.oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.constantFrom(...injections))
const piece = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      '{{link}}',
      '{{#x}}',
      '{{/x}}',
      '{{^x}}',
      '{{x}}',
      '<p>',
      '</p>',
      '<a href="',
      '">',
      "'",
      ' ',
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '{{',
      '}}',
      '{',
      '}',
      '{{{',
      '}}}',
      '{{&x}}',
      '{{>x}}',
      '{{=',
      '=}}',
      '{{!',
      '\n',
      '.',
      'x',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
)

it('never throws, and no value becomes HTML', () => {
  const runs = fc.property(fc.array(piece, { maxLength: 16 }), value, value, (pieces, x, link) => {
    const source = html(`${pieces.join('')}{{link}}`)
    if (checkTemplate(source, 'sign_in') !== null) return
    const marks = (values: Record<string, string>) => {
      const rendered = renderTemplate(source, view(values))
      expect(rendered.subject).not.toMatch(/[\r\n]/)
      return rendered.html.match(/[<>"']/g)?.join('') ?? ''
    }
    // As many brackets and quotes as with values that have none.
    expect(marks({ x: x === '' ? '' : `x${x}`, link })).toBe(marks({ x: x === '' ? '' : 'x', link: 'x' }))
  })
  fc.assert(runs, { numRuns: 2_000 })
})

it('refuses or parses whatever comes', () => {
  const source = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(piece, { maxLength: 40 }).map((all) => all.join('')),
  )
  const runs = fc.property(source, source, source, (subject, body, plain) => {
    const template = { subject, html: body, text: plain }
    if (checkTemplate(template, 'address_changed') === null) renderTemplate(template, view({ x: 'x' }))
  })
  fc.assert(runs, { numRuns: 2_000 })
})

describe('a preview', () => {
  const brand: Brand = { name: 'Acme', primary_color: null, logo: null, sender_name: null, support_email: null }
  const at = 1_795_271_100

  it.each(TEMPLATE_NAMES)('of %s is that mail, with made-up values', (name) => {
    for (const locale of LOCALES) {
      const { html: body, subject } = renderMail(previewContent(name, locale, brand, at))
      expect(subject).toContain('Acme'.slice(0, name.endsWith('d') ? 0 : 4))
      expect(body).not.toContain('undefined')
    }
  })

  it('shows a template as it will be', () => {
    const template = {
      subject: 'S {{code}}',
      html: Object.keys(TEMPLATE_VARIABLES)
        .map((name) => `<p>${name}=[{{${name}}}]</p>`)
        .join(''),
      text: null,
    }
    const { subject, html: body } = renderMail({ ...previewContent('sign_in', 'en', brand, at), template })
    expect(subject).toBe('S 123456')
    const empty = [...body.matchAll(/<p>(\w+)=\[\]/g)].map((match) => match[1])
    expect(empty).toEqual(['support_email', 'happened_at'])
    expect(body).toContain('[14:40 UTC on 21 November]')
  })
})
