// Proves: a minute is remembered, with what was heard and what was not in each half second, and blame goes where it
// belongs.

import { expect, test } from 'vitest';
import {
  type Counts,
  concealedIn,
  DelayHistory,
  discardedIn,
  type Heard,
  judge,
  lastStages,
  type Verdict,
} from './delay-history.ts';
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
const heard: Heard = { stages, level: 30, targetMs: 20 };
const counts: Counts = { concealedMs: 0, late: 0, leftOut: 0 };

test('a minute is remembered, two samples a second', () => {
  const history = new DelayHistory();
  for (let ms = 0; ms <= 90_000; ms += 100) history.add(ms, heard, { ...counts, concealedMs: ms / 100 });
  expect(history.samples.length).toBe(121);
  expect(history.samples[0]).toEqual({ ...heard, atMs: 30_000, concealedMs: 5, discarded: 0 });
  expect(concealedIn(history.samples)).toBe(605);
});

test('a sample holds the loudest of its half second, and what was concealed and discarded in it', () => {
  const history = new DelayHistory();
  history.add(0, heard, counts);
  history.add(200, { ...heard, level: 12 }, { ...counts, late: 1 });
  history.add(500, { ...heard, level: 50, targetMs: 40 }, { concealedMs: 60, late: 2, leftOut: 3 });
  history.add(1_000, { ...heard, level: 50 }, { concealedMs: 60, late: 2, leftOut: 4 });
  expect(history.samples.slice(1)).toEqual([
    { atMs: 500, stages, level: 12, targetMs: 40, concealedMs: 60, discarded: 5 },
    { atMs: 1_000, stages, level: 50, targetMs: 20, concealedMs: 0, discarded: 1 },
  ]);
  expect(discardedIn(history.samples)).toBe(6);
});

test('silence has no delay, but its own sample; the last delay is that of what was heard last', () => {
  const history = new DelayHistory();
  expect(lastStages(history.samples)).toBeNull();
  history.add(0, heard, counts);
  history.add(500, { ...heard, stages: null }, { ...counts, concealedMs: 100 });
  expect(history.samples.map((sample) => sample.stages)).toEqual([stages, null]);
  expect(concealedIn(history.samples)).toBe(100);
  expect(lastStages(history.samples)).toBe(stages);
});

test('a new session counts from nothing', () => {
  const history = new DelayHistory();
  history.add(0, heard, { concealedMs: 5_000, late: 7, leftOut: 2 });
  history.add(500, heard, { concealedMs: 40, late: 1, leftOut: 2 });
  expect(history.samples[1]).toMatchObject({ concealedMs: 40, discarded: 1 });
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
