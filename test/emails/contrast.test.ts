import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

import { contrast, inkOn, parseHex } from '../../src/lib/contrast.ts'
import { accentOf, dark, edgeOn, light } from '../../src/lib/palette.ts'

const hex = fc.integer({ min: 0, max: 0xffffff }).map((value) => `#${value.toString(16).padStart(6, '0')}`)

describe('contrast', () => {
  it.each([
    ['#000000', '#ffffff', 21],
    ['#ffffff', '#ffffff', 1],
    ['#777777', '#ffffff', 4.478],
    ['#767676', '#ffffff', 4.542],
    ['#ff0000', '#ffffff', 3.998],
    ['#0000ff', '#ffffff', 8.592],
    ['#00F', '#fff', 8.592],
  ])('%s on %s is %d', (a, b, ratio) => {
    expect(contrast(a, b)).toBeCloseTo(ratio, 3)
    expect(contrast(b, a)).toBeCloseTo(ratio, 3)
  })

  it('refuses what is no colour', () => {
    expect(() => contrast('red', '#ffffff')).toThrow()
  })
})

it.each([
  ['#0B6E4F', '#0b6e4f'],
  ['#abc', '#aabbcc'],
  [' #abc ', '#aabbcc'],
  ['red', null],
  ['#12345', null],
  ['#fff;}body{display:none', null],
  [null, null],
])('reads %j as %j', (value, parsed) => {
  expect(parseHex(value)).toBe(parsed)
})

it('gives every button a readable label', () => {
  expect(inkOn('#0b6e4f')).toBe('#ffffff')
  expect(inkOn('#ffd400')).toBe('#000000')
  fc.assert(fc.property(hex, (color) => contrast(color, inkOn(color)) >= 4.5))
})

it('gives every button an edge and a focus ring that can be told from the paper', () => {
  fc.assert(
    fc.property(hex, fc.constantFrom(light, dark), (color, paper) => contrast(edgeOn(paper, color), paper.paper) >= 3),
  )
})

it('has papers that can be read', () => {
  for (const paper of [light, dark]) {
    for (const ground of [paper.paper, paper.ground]) {
      for (const ink of [paper.ink, paper.quiet, paper.danger, paper.ok]) {
        expect(contrast(ink, ground)).toBeGreaterThanOrEqual(4.5)
      }
    }
    expect(edgeOn(paper, accentOf(null).accent)).toBe(accentOf(null).accent)
  }
})
