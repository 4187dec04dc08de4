// Proves: the stages add up to the whole whatever was measured, and so do the whole milliseconds that are shown.

import { expect, test } from 'vitest';
import { blend, type Measured, rounded, STAGES, split, sum } from './stages.ts';

const measured: Measured = {
  totalMs: 114,
  captureMs: 30,
  packetMs: 22.5,
  bufferedMs: 3,
  waitedMs: 5,
  roundTripMs: 4,
  jitterMs: 12,
  deviceMs: 30,
};

test.each<[string, Partial<Measured>]>([
  ['as usual', {}],
  ['a microphone that nobody speaks of', { captureMs: null }],
  ['a talker who says what cannot be', { captureMs: 65_535 }],
  ['a device that claims more than there is', { deviceMs: 500 }],
  ['a clock that is off, so that little is left', { totalMs: 10 }],
  ['a negative buffer', { jitterMs: -3 }],
])('stages add up: %s', (_, changed) => {
  const all = { ...measured, ...changed };
  expect(sum(split(all))).toBeCloseTo(all.totalMs);
  for (const stage of STAGES) expect(split(all)[stage]).toBeGreaterThanOrEqual(0);
});

test('what was measured by itself is its own stage, the rest is the way up', () => {
  expect(split(measured)).toEqual({
    capture: 30,
    packet: 22.5,
    uplink: 9.5,
    buffer: 3,
    mix: 5,
    downlink: 2,
    jitter: 12,
    device: 30,
  });
  expect(split({ ...measured, captureMs: null })).toMatchObject({ capture: 0, uplink: 39.5 });
});

test('between two that add up is one that adds up', () => {
  const [from, to] = [split(measured), split({ ...measured, totalMs: 164, jitterMs: 62 })];
  expect(sum(blend(from, to, 0.25))).toBeCloseTo(126.5);
});

test('whole milliseconds add up to the whole, and none is off by one', () => {
  for (let n = 0; n < 1000; n++) {
    const noise = (of: number) => (of * ((n * 0.618034 + of) % 1)) / 3;
    const stages = split({ ...measured, totalMs: 114 + noise(97), jitterMs: noise(41), deviceMs: 20 + noise(29) });
    const shown = rounded(stages);
    expect(sum(shown)).toBe(Math.round(sum(stages)));
    for (const stage of STAGES) expect(Math.abs(shown[stage] - stages[stage])).toBeLessThan(1);
  }
});
