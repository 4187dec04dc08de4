// Proves: what a microphone costs is told once it is known, again when it has changed or was forgotten, and not otherwise.

import { expect, test } from 'vitest';
import { MicrophoneReport } from './microphone-report.ts';

/** Everything told over so many packets of 20 ms. */
function told(report: MicrophoneReport, fromMs: number, lags: number[]): number[] {
  return lags.map((lag, n) => report.wrote(lag, fromMs + 20 * n)).filter((ms) => ms !== null);
}

const times = (n: number, lag: number) => Array.from({ length: n }, () => lag);

test('it is told once, and a packet that is late for once changes nothing', () => {
  const report = new MicrophoneReport();
  expect(told(report, 0, times(31, 24.4))).toEqual([]);
  expect(told(report, 620, [...times(200, 24.4), 170, ...times(200, 24.4)])).toEqual([24]);
});

test('another device is told of, no more often than every two seconds', () => {
  const report = new MicrophoneReport();
  told(report, 0, times(100, 24));
  expect(told(report, 2_000, times(40, 64)).length).toBe(1);
  expect(told(report, 2_800, times(400, 64)).at(-1)).toBeGreaterThan(60);
});

test('it is told again after a welcome', () => {
  const report = new MicrophoneReport();
  told(report, 0, times(200, 24));
  report.tellAgain();
  expect(told(report, 4_000, times(200, 24))).toEqual([24]);
});
