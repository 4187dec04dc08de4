// Proves: what a microphone costs is told once it is known, again when it has changed or was forgotten, and not otherwise.

import { expect, test } from 'vitest';
import { MicrophoneReport } from './microphone-report.ts';

/** Everything told over so many packets of 20 ms. */
function told(report: MicrophoneReport, fromMs: number, lags: number[]): number[] {
  return lags.map((lag, n) => report.wrote(lag, fromMs + 20 * n)).filter((ms) => ms !== null);
}

const times = (n: number, lag: number) => Array.from({ length: n }, () => lag);

test('it is told once, and packets that wait for a block or for a busy thread change nothing', () => {
  const report = new MicrophoneReport();
  expect(told(report, 0, times(31, 24.4))).toEqual([]);
  const waits = Array.from({ length: 400 }, (_, n) => 24.4 + ((n * 1.33) % 21));
  expect(told(report, 620, [...waits, 170, ...waits])).toEqual([24]);
});

test('another device is told of, whether it is slower or quicker', () => {
  const report = new MicrophoneReport();
  expect(told(report, 0, times(100, 24))).toEqual([24]);
  expect(told(report, 2_000, times(300, 64))).toEqual([64]);
  expect(told(report, 8_000, times(300, 12))).toEqual([12]);
});

test('it is told again after a welcome', () => {
  const report = new MicrophoneReport();
  told(report, 0, times(200, 24));
  report.tellAgain();
  expect(told(report, 4_000, times(200, 24))).toEqual([24]);
});

test('no more is told than the message takes', () => {
  expect(told(new MicrophoneReport(), 0, times(100, 100_000))).toEqual([65_535]);
});
