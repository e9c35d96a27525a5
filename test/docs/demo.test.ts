/** The demo's verdict: one thread and many agree only if they have found exactly the same. */
import { expect, test } from 'vitest';
// @ts-expect-error: plain JavaScript, as demos are
import { agree } from '../../examples/demo/agree.mjs';

const count = (files: number, words: Record<string, number>) => ({ files, words: new Map(Object.entries(words)) });

test('counts agree when files, words and their numbers are the same, in whatever order', () => {
  expect(agree(count(2, { a: 1, b: 2 }), count(2, { b: 2, a: 1 }))).toBe(true);
  expect(agree(count(0, {}), count(0, {}))).toBe(true);
});

test.each([
  ['another number of files', count(3, { a: 1, b: 2 })],
  ['a word that is missing', count(2, { a: 1 })],
  ['a word too many', count(2, { a: 1, b: 2, c: 1 })],
  ['another word', count(2, { a: 1, c: 2 })],
  ['a word counted once more', count(2, { a: 1, b: 3 })],
])('they disagree about %s', (_, other) => {
  expect(agree(count(2, { a: 1, b: 2 }), other)).toBe(false);
  expect(agree(other, count(2, { a: 1, b: 2 }))).toBe(false);
});
