// Proves: the output timestamp says when a sample is heard where it can be right, and the latency where it cannot.

import { expect, test } from 'vitest';
import { heardInMs } from './heard.ts';

const NOW_MS = 5_000;
/** At 48 kHz; 4.9 s have been rendered, and what was rendered for 4.85 s leaves the device now. */
const context = (timestamp: AudioTimestamp, outputLatency = 0.03) => ({
  sampleRate: 48_000,
  currentTime: 4.9,
  baseLatency: 0.01,
  outputLatency,
  getOutputTimestamp: () => timestamp,
});
const FRAME = 4.9 * 48_000;

test.each<[string, AudioTimestamp, number | undefined, number]>([
  ['an output timestamp', { contextTime: 4.85, performanceTime: NOW_MS }, 0.03, 50],
  ['one of a moment ago', { contextTime: 4.83, performanceTime: NOW_MS - 20 }, 0.03, 50],
  ['none before the first block', { contextTime: 0, performanceTime: 0 }, 0.03, 30],
  ['one that is a second off', { contextTime: 3.85, performanceTime: NOW_MS }, 0.03, 30],
  ['no latency either', { contextTime: 3.85, performanceTime: NOW_MS }, 0, 10],
])('%s', (_, timestamp, latency, ms) => {
  expect(heardInMs(context(timestamp, latency), FRAME, NOW_MS, true)).toBeCloseTo(ms);
});

test('a browser that may hang is asked nothing', () => {
  const asked = {
    ...context({}),
    get outputLatency(): number {
      throw new Error('asked');
    },
    getOutputTimestamp: (): AudioTimestamp => {
      throw new Error('asked');
    },
  };
  expect(heardInMs(asked, FRAME, NOW_MS, false)).toBeCloseTo(10);
});
