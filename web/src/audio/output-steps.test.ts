// Proves: an output that runs dry again and again gets a longer buffer, one hiccup changes nothing, and gaps are found
// in the clock alone.

import { expect, test } from 'vitest';
import { ClockGaps, OUTPUT_HINTS, OutputSteps } from './output-steps.ts';

/** Looks every 100 ms for `seconds`; `underruns` gives the count at a time. When it asked for a step and which, or null. */
function asks(steps: OutputSteps, seconds: number, underruns: (ms: number) => number, silent = false) {
  for (let ms = 0; ms < seconds * 1000; ms += 100) {
    const step = steps.observe(ms, underruns(ms), silent);
    if (step !== null) return { ms, step };
  }
  return null;
}

const everySecond = (ms: number) => Math.floor(ms / 1_000);
const never = () => 0;

test('it begins with the least there is, and leaves a steady output alone', () => {
  const steps = new OutputSteps();
  expect(steps.hint).toBe(0);
  expect(asks(steps, 600, never, true)).toBeNull();
});

test('a rough start, one stall of the machine and an underrun every five seconds are nothing', () => {
  expect(asks(new OutputSteps(), 600, (ms) => Math.min(ms, 3_000) / 100)).toBeNull();
  expect(asks(new OutputSteps(), 600, (ms) => (ms < 10_000 ? 0 : Math.min(50, ms / 100)))).toBeNull();
  expect(asks(new OutputSteps(), 600, (ms) => Math.floor(ms / 5_000))).toBeNull();
});

test('an underrun a second asks for more within some seconds', () => {
  const asked = asks(new OutputSteps(), 60, everySecond);
  expect(asked?.step).toBe('up');
  expect(asked?.ms).toBeLessThan(8_000);
});

test('each step is longer, and the last is the last', () => {
  const steps = new OutputSteps();
  for (const hint of OUTPUT_HINTS.slice(0, -1)) {
    expect(steps.hint).toBe(hint);
    expect(asks(steps, 60, everySecond)?.step).toBe('up');
    steps.take('up');
  }
  expect(steps.hint).toBe(OUTPUT_HINTS.at(-1));
  expect(asks(steps, 60, everySecond)).toBeNull();
});

test('steady again it tries with less in a pause, and less often where that was wrong', () => {
  const steps = new OutputSteps();
  steps.take('up');
  expect(asks(steps, 600, never, false)).toBeNull();
  const first = asks(steps, 600, never, true);
  expect(first?.step).toBe('down');
  steps.take('down');
  expect(asks(steps, 60, everySecond)?.step).toBe('up');
  steps.take('up');
  const second = asks(steps, 600, never, true);
  expect(second?.step).toBe('down');
  expect(second!.ms).toBeGreaterThan(2 * 45_000);
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
