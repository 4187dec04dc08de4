// Proves: what was typed is said once, whichever socket it was typed on.

import { expect, test } from 'vitest';
import { isBad, isTooBig, Outbox } from './outbox.ts';

const texts = (lines: readonly { text: string }[]) => lines.map(({ text }) => text);

test('lines are numbered from 1, and gone when they came back', () => {
  const outbox = new Outbox();
  expect(outbox.add('a')).toEqual({ echo: 1, text: 'a' });
  expect(outbox.add('b')).toEqual({ echo: 2, text: 'b' });
  outbox.came(1);
  expect(texts(outbox.lines)).toEqual(['b']);
});

test('in a seat that was held only what the relay did not take is said again, under its number', () => {
  const outbox = new Outbox();
  for (const text of ['a', 'b', 'c']) outbox.add(text);
  expect(outbox.welcomed(2, true)).toEqual([{ echo: 3, text: 'c' }]);
  expect(outbox.add('d').echo).toBe(4);
});

test('a page that was reloaded goes on counting where the relay is', () => {
  const outbox = new Outbox([{ echo: 7, text: 'typed before' }]);
  expect(outbox.welcomed(6, true)).toEqual([{ echo: 7, text: 'typed before' }]);
  expect(outbox.add('after').echo).toBe(8);
  const nothingLeft = new Outbox();
  nothingLeft.welcomed(9, true);
  expect(nothingLeft.add('next').echo).toBe(10);
});

test('in another seat the relay counts from 0, and so is what is left', () => {
  const outbox = new Outbox();
  for (const text of ['a', 'b', 'c']) outbox.add(text);
  outbox.came(1);
  expect(outbox.welcomed(0, false)).toEqual([
    { echo: 1, text: 'b' },
    { echo: 2, text: 'c' },
  ]);
  expect(outbox.add('d').echo).toBe(3);
});

test('a line that the relay does not take is not said for ever, and one before it is not lost for it', () => {
  const outbox = new Outbox();
  for (const text of ['on its way back', 'bad', 'good']) outbox.add(text);
  outbox.refused(({ text }) => text === 'bad');
  expect(texts(outbox.welcomed(0, true))).toEqual(['on its way back', 'good']);
  outbox.refused(() => false);
  expect(texts(outbox.lines)).toEqual(['good']);
});

test.each([
  ['short', false, false],
  ['x'.repeat(1_000), false, false],
  ['x'.repeat(1_001), false, true],
  ['\u{1f600}'.repeat(1_000), false, false],
  ['\u{1f600}'.repeat(1_100), true, true],
  ['turned \u202e around', false, true],
])('what the relay does not take: %s', (text, tooBig, bad) => {
  expect([isTooBig({ echo: 1, text }), isBad({ echo: 1, text })]).toEqual([tooBig, bad]);
});
