// Proves: what the relay left out is counted, once each, over wraps and over sockets.

import { expect, test } from 'vitest';
import { SequenceGaps } from './sequence-gaps.ts';

test.each<[string, number[], number]>([
  ['nothing is missing', [7, 8, 9], 0],
  ['one is', [7, 9, 10], 1],
  ['several are, twice', [7, 10, 11, 14], 4],
  ['numbers wrap', [65_534, 65_535, 0, 1], 0],
  ['some around the wrap are missing', [65_534, 2], 3],
  ['the first one has any number', [40_000], 0],
])('%s', (_, sequences, packets) => {
  const gaps = new SequenceGaps();
  for (const sequence of sequences) gaps.came(sequence);
  expect(gaps.packets).toBe(packets);
});

test('it says when there is something new to tell', () => {
  const gaps = new SequenceGaps();
  expect([7, 8, 11, 12].map((sequence) => gaps.came(sequence))).toEqual([false, false, true, false]);
});

test('a new socket begins with any number, and what was missing before stays counted', () => {
  const gaps = new SequenceGaps();
  for (const sequence of [1, 3]) gaps.came(sequence);
  gaps.begin();
  for (const sequence of [500, 502]) gaps.came(sequence);
  expect(gaps.packets).toBe(2);
});
