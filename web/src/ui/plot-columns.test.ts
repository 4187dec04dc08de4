// Proves: the plots end now, lie under each other in time, and draw no delay where nothing was heard.

import { expect, test } from 'vitest';
import type { Sample } from './delay-history.ts';
import { playoutColumns, stageColumns } from './plot-columns.ts';
import type { Stages } from './stages.ts';

const stages: Stages = { capture: 1, packet: 2, uplink: 4, buffer: 8, mix: 16, downlink: 32, jitter: 64, device: 128 };
const quiet = { stages: null, level: 127, targetMs: 20, concealedMs: 0, discarded: 0 };
const samples: Sample[] = [
  { ...quiet, atMs: 1_000, stages, level: 20 },
  { ...quiet, atMs: 1_500, concealedMs: 30 },
  { ...quiet, atMs: 2_000, stages, level: 25, targetMs: 40 },
  { ...quiet, atMs: 2_500, discarded: 3 },
  { ...quiet, atMs: 3_000 },
  { ...quiet, atMs: 4_000, stages },
  { ...quiet, atMs: 5_000 },
];

test('stages are drawn from the whole to the first; a moment without is passed over, a pause is a gap', () => {
  const [x, whole, ...rest] = stageColumns(samples);
  expect(x).toEqual([-4, -3, -2.999, -1]);
  expect(whole).toEqual([255, 255, null, 255]);
  expect(rest.map((column) => column[0])).toEqual([127, 63, 31, 15, 7, 3, 1]);
});

test('each half second has its level and target, and a bar or a mark only where something happened', () => {
  expect(playoutColumns(samples)).toEqual([
    [-4, -3.5, -3, -2.5, -2, -1, 0],
    [null, 30, null, null, null, null, null],
    [20, 20, 40, 20, 20, 20, 20],
    [-20, -80, -25, -80, -80, -80, -80],
    [null, null, null, 1, null, null, null],
  ]);
});

test('no line goes over the time in which one was deafened', () => {
  const [x, concealed, target, ...rest] = playoutColumns([
    { ...quiet, atMs: 1_000, concealedMs: 5 },
    { ...quiet, atMs: 9_000, concealedMs: 7 },
  ]);
  expect([x, concealed, target]).toEqual([
    [-8, -7.999, 0],
    [5, null, 7],
    [20, null, 20],
  ]);
  expect(rest.map((column) => column[1])).toEqual([null, null]);
});

test('before the first sample there is nothing to draw', () => {
  expect(stageColumns([]).every((column) => column.length === 0)).toBe(true);
  expect(playoutColumns([]).every((column) => column.length === 0)).toBe(true);
});
