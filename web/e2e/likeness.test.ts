// Proves that the comparison of what was said with what was heard, on which other tests rely, tells good from bad.

import { expect, test } from 'vitest';
import { joined, LIKE, match, silence, speech } from './support/sound.ts';

const said = speech('austen-0890');
const second = (n: number) => said.subarray(n * 48_000, (n + 1) * 48_000);

test('softer, later, and with a delay that changes in mid-speech it is still what was said', () => {
  const half = said.length >> 1;
  const heard = joined(silence(0.3), said.subarray(0, half), silence(0.1), said.subarray(half)).map((x) => x / 3);
  const { correlation, offsetMs, movedMs } = match(said, joined(heard, silence(0.5)));
  expect(correlation).toBeGreaterThan(0.98);
  expect(offsetMs).toBeCloseTo(300, -1);
  expect(movedMs).toBeCloseTo(100, -1);
});

test('it is not where a second is missing or broken, another is in its place, or somebody says something else', () => {
  const without = joined(silence(0.3), second(0), second(1), silence(1), said.subarray(3 * 48_000), silence(0.5));
  const chopped = said.map((x, n) => (n % 4800 < 2400 ? x : 0));
  const shuffled = joined(silence(0.3), second(2), second(1), second(0), said.subarray(3 * 48_000), silence(0.5));
  for (const [name, heard] of Object.entries({ without, chopped, shuffled, other: speech('austen-0870') })) {
    const { correlation } = match(said, joined(heard, silence(2)));
    expect(correlation, name).toBeLessThan(LIKE);
  }
});
