import { expect, it } from 'vitest'
import { messagesFor } from '../../src/locales/all.ts'
import { placeName } from '../../src/locales/format.ts'

it.each([
  ['US', 'United States'],
  ['DE', 'Germany'],
  ['Germany', 'Germany'],
  ['XX', null],
  ['T1', null],
  ['QQ', null],
  [null, null],
])('a place of %s reads %s', (place, name) => {
  expect(placeName(messagesFor('en'), place)).toBe(name)
})
