// Proves: a minute is remembered, and blame goes where it belongs.

import { expect, test } from 'vitest';
import { DelayHistory, judge, type Verdict } from './delay-history.ts';
import { type Measured, split } from './stages.ts';

const measured: Measured = {
  totalMs: 84,
  captureMs: null,
  packetMs: 22.5,
  bufferedMs: 8,
  waitedMs: 0,
  roundTripMs: 4,
  jitterMs: 12,
  deviceMs: 30,
};
const stages = split(measured);

test('a minute is remembered, two samples a second', () => {
  const history = new DelayHistory();
  for (let ms = 0; ms <= 90_000; ms += 100) history.add(ms, stages, ms / 100);
  expect(history.samples.length).toBe(121);
  expect(history.samples[0]!.atMs).toBe(30_000);
  expect(history.concealedMs).toBe(600);
});

test('silence leaves a gap, and a new session counts from nothing', () => {
  const history = new DelayHistory();
  history.add(0, stages, 5_000);
  history.add(500, null, 5_100);
  expect(history.samples.length).toBe(1);
  history.add(1_000, stages, 40);
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
  expect(judge(split({ ...measured, ...changed }), roundTripMs)).toBe(verdict);
});
