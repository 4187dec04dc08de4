// Proves: a period can be taken out or put in without a click, and what has no period is left alone.

import { expect, test } from 'vitest';
import {
  bestJoint,
  bridgePeriods,
  findHeardPeriod,
  findPeriod,
  mergePeriods,
  repeatPeriod,
  SCALE_WINDOW,
} from './time-scale.ts';

const tone = (hertz: number, length = SCALE_WINDOW) =>
  Float32Array.from({ length }, (_, i) => 0.3 * Math.sin((2 * Math.PI * hertz * i) / 48_000));
const largestStep = (s: ArrayLike<number>) =>
  Array.from(s).reduce((most, x, i, all) => (i === 0 ? 0 : Math.max(most, Math.abs(x - all[i - 1]!))), 0);

test.each([110, 200, 333, 1012.5])('a tone of %d Hz keeps its phase when shortened and lengthened', (hertz) => {
  const plain = tone(hertz);
  const period = findPeriod(plain, 0, SCALE_WINDOW, SCALE_WINDOW, 0.9);
  expect(period).toBeGreaterThanOrEqual(120);

  const short = plain.slice();
  mergePeriods(short, 0, period);
  const shortened = [...short.subarray(0, period), ...short.subarray(2 * period)];
  expect(largestStep(shortened)).toBeLessThan(largestStep(plain) * 1.1);

  const bridge = new Float32Array(period);
  bridgePeriods(plain, 0, period, bridge);
  const lengthened = [...plain.subarray(0, period), ...bridge, ...plain.subarray(period)];
  expect(largestStep(lengthened)).toBeLessThan(largestStep(plain) * 1.1);
});

test.each([
  [110, 480],
  [200, 240],
  [1012.5, 120],
])('a period of a tone of %d Hz that was heard is repeated before the %d samples that are left', (hertz, left) => {
  const plain = tone(hertz);
  const period = findHeardPeriod(plain, 600, 600, left, 0.9);
  expect(period).toBeGreaterThanOrEqual(120);
  expect(period).toBeLessThanOrEqual(2 * left);
  const bridge = new Float32Array(period);
  repeatPeriod(plain, 600, period, left, bridge);
  const lengthened = [...plain.subarray(0, 600), ...bridge, ...plain.subarray(600, 600 + left)];
  expect(largestStep(lengthened)).toBeLessThan(largestStep(plain) * 1.1);
});

const noise = (): Float32Array => {
  let state = 1;
  return Float32Array.from({ length: SCALE_WINDOW }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  });
};

test('noise is left alone', () => {
  expect(findPeriod(noise(), 0, SCALE_WINDOW, SCALE_WINDOW, 0.8)).toBe(0);
});

test('but not where it is the background', () => {
  expect(findPeriod(noise(), 0, SCALE_WINDOW, 500, 0.97, true), 'all that is to go').toBe(500);
  const voice = tone(190);
  const hoarse = noise().map((sample, i) => voice[i]! + sample / 4);
  expect(findPeriod(hoarse, 0, SCALE_WINDOW, SCALE_WINDOW, 0.5)).toBeGreaterThanOrEqual(120);
  expect(findPeriod(hoarse, 0, SCALE_WINDOW, SCALE_WINDOW, 0.97, true), 'periods, though not alike enough').toBe(0);
});

test('silence goes at once, as much as there is', () => {
  expect(findPeriod(new Float32Array(SCALE_WINDOW), 0, SCALE_WINDOW, SCALE_WINDOW, 0.99)).toBe(SCALE_WINDOW / 2);
});

test('too little signal is left alone', () => {
  expect(findPeriod(tone(200, 200), 0, 200, SCALE_WINDOW, 0.5)).toBe(0);
});

test('a joint is found where the phases meet', () => {
  const signal = tone(200);
  const joint = bestJoint(signal.subarray(77, 317), signal, 0, 600);
  expect(Math.abs(((joint - 77 + 120 + 240) % 240) - 120)).toBeLessThanOrEqual(2);
});
