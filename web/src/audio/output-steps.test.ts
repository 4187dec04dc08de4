// Proves: an output that runs dry again and again gets a longer buffer, one hiccup changes nothing, and gaps are found
// in the clock alone.

import { expect, test } from 'vitest';
import { ClockGaps, OUTPUT_HINTS, OutputSteps } from './output-steps.ts';

/** Looks every 100 ms for `seconds`; `underruns` gives the count at a time. When it asked for more, or null. */
function asks(steps: OutputSteps, seconds: number, underruns: (ms: number) => number): number | null {
  for (let ms = 0; ms < seconds * 1000; ms += 100) if (steps.observe(ms, underruns(ms))) return ms;
  return null;
}

test('it begins with the least there is, and leaves a steady output alone', () => {
  const steps = new OutputSteps();
  expect(steps.hint).toBe(0);
  expect(asks(steps, 600, () => 0)).toBeNull();
});

test('a rough start and an underrun every five seconds are nothing', () => {
  expect(asks(new OutputSteps(), 600, (ms) => (ms < 3_000 ? ms / 100 : 30))).toBeNull();
  expect(asks(new OutputSteps(), 600, (ms) => Math.floor(ms / 5_000))).toBeNull();
});

test('one burst or an underrun a second asks for more within some seconds', () => {
  expect(asks(new OutputSteps(), 60, (ms) => (ms < 10_000 ? 0 : 50))).toBe(10_000);
  expect(asks(new OutputSteps(), 60, (ms) => Math.floor(ms / 1_000))).toBeLessThan(8_000);
});

test('each step is longer, and the last is the last', () => {
  const steps = new OutputSteps();
  for (const hint of OUTPUT_HINTS) {
    expect(steps.hint).toBe(hint);
    steps.up();
  }
  expect(steps.hint).toBe(OUTPUT_HINTS.at(-1));
  expect(asks(steps, 60, (ms) => ms)).toBeNull();
});

test('a clock that stands still is a gap; drift and late looks are none', () => {
  const gaps = new ClockGaps();
  let late = 0;
  const look = (ms: number, missing: number) => {
    late = (late + 7) % 23;
    gaps.observe(ms, (ms - late) * (1 - 200e-6) - missing);
  };
  for (let ms = 0; ms < 60_000; ms += 100) look(ms, 0);
  expect(gaps.count).toBe(0);
  for (let ms = 60_000; ms < 90_000; ms += 100) look(ms, ms < 75_000 ? 0 : 20);
  expect(gaps.count).toBe(1);
});
