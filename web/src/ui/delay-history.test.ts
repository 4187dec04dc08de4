// Proves: the stages add up to the whole whatever was measured, a minute is remembered, and blame goes where it belongs.

import { expect, test } from 'vitest';
import { DelayHistory, judge, type Measured, split, type Verdict } from './delay-history.ts';

const measured: Measured = { totalMs: 84, packetMs: 22.5, heldMs: 8, roundTripMs: 4, bufferMs: 12, deviceMs: 30 };
const sum = (stages: object) => Object.values(stages).reduce((a: number, b: number) => a + b, 0);

test.each<[string, Partial<Measured>]>([
  ['as usual', {}],
  ['a device that claims more than there is', { deviceMs: 500 }],
  ['a clock that is off, so that little is left', { totalMs: 10 }],
  ['a negative buffer', { bufferMs: -3 }],
])('stages add up: %s', (_, changed) => {
  const all = { ...measured, ...changed };
  expect(sum(split(all))).toBeCloseTo(all.totalMs);
  for (const stage of Object.values(split(all))) expect(stage).toBeGreaterThanOrEqual(0);
});

test('what was measured by itself is its own stage, the rest is the way up', () => {
  expect(split(measured)).toEqual({
    packetMs: 22.5,
    uplinkMs: 9.5,
    heldMs: 8,
    downlinkMs: 2,
    jitterMs: 12,
    deviceMs: 30,
  });
});

test('a minute is remembered, two samples a second', () => {
  const history = new DelayHistory();
  for (let ms = 0; ms <= 90_000; ms += 100) history.add(ms, measured, ms / 100);
  expect(history.samples.length).toBe(121);
  expect(history.samples[0]!.atMs).toBe(30_000);
  expect(history.concealedMs).toBe(600);
});

test('silence leaves a gap, and a new session counts from nothing', () => {
  const history = new DelayHistory();
  history.add(0, measured, 5_000);
  history.add(500, null, 5_100);
  expect(history.samples.length).toBe(1);
  history.add(1_000, measured, 40);
  expect(history.concealedMs).toBe(0);
});

test.each<[Verdict, Partial<Measured>, number]>([
  ['good', {}, 4],
  ['fair', { totalMs: 200 }, 4],
  ['device', { totalMs: 300, deviceMs: 180 }, 4],
  ['own_link', { totalMs: 300 }, 200],
  ['their_link', { totalMs: 300 }, 4],
  ['poor', { totalMs: 300, roundTripMs: 110, deviceMs: 110 }, 110],
])('%s', (verdict, changed, roundTripMs) => {
  const all = { ...measured, ...changed };
  expect(judge(all.totalMs, split(all), roundTripMs)).toBe(verdict);
});
