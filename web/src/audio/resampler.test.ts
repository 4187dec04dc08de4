// Proves: tones come through at their frequency and level, at every pair of rates we meet and while the ratio is steered.

import { describe, expect, test } from 'vitest';
import { Resampler } from './resampler.ts';

function run(from: number, to: number, hertz: number, seconds: number, steer = 1): Float32Array {
  const resampler = new Resampler(from, to);
  resampler.steer = steer;
  const output = new Float32Array(Math.floor((to * seconds) / 128) * 128);
  let position = 0;
  for (let n = 0; n < output.length; n += 128) {
    const input = new Float32Array(resampler.needed(128));
    for (let i = 0; i < input.length; i++) input[i] = Math.sin((2 * Math.PI * hertz * position++) / from);
    resampler.push(input);
    resampler.pull(output.subarray(n, n + 128));
  }
  return output;
}

/** Power of one frequency and of everything else, in dB of a full-scale sine. */
function tone(signal: Float32Array, rate: number, hertz: number): { toneDb: number; restDb: number } {
  // Whole periods only, or the measurement leaks.
  const end = 2400 + Math.floor((signal.length - 2400) / (rate / 100)) * (rate / 100);
  const settled = signal.subarray(2400, end);
  let a = 0;
  let b = 0;
  let power = 0;
  for (const [i, s] of settled.entries()) {
    const angle = (2 * Math.PI * hertz * i) / rate;
    a += s * Math.cos(angle);
    b += s * Math.sin(angle);
    power += s * s;
  }
  const n = settled.length;
  const tonePower = (2 * (a * a + b * b)) / (n * n);
  return {
    toneDb: 10 * Math.log10(2 * tonePower),
    restDb: 10 * Math.log10(Math.max(1e-12, 2 * (power / n - tonePower))),
  };
}

const RATES = [
  [48_000, 48_000],
  [48_000, 44_100],
  [44_100, 48_000],
  [48_000, 16_000],
  [16_000, 48_000],
  [48_000, 96_000],
] as const;

describe.each(RATES)('%i Hz to %i Hz', (from, to) => {
  test('a tone keeps its level and stays clean', () => {
    const { toneDb, restDb } = tone(run(from, to, 1000, 1.05), to, 1000);
    expect(Math.abs(toneDb)).toBeLessThan(0.1);
    expect(restDb).toBeLessThan(-55);
  });
});

test('what does not fit under the lower Nyquist frequency is gone', () => {
  const { toneDb } = tone(run(48_000, 16_000, 10_000, 1), 16_000, 6_000);
  expect(toneDb).toBeLessThan(-60);
});

test('steering by 0.4 % shifts the tone by 0.4 % and nothing else', () => {
  const { toneDb, restDb } = tone(run(48_000, 48_000, 1000, 1.05, 1.004), 48_000, 1004);
  expect(Math.abs(toneDb)).toBeLessThan(0.2);
  expect(restDb).toBeLessThan(-35);
});

test('exactly the needed input is enough, and the available count agrees', () => {
  const resampler = new Resampler(44_100, 48_000);
  for (let n = 0; n < 500; n++) {
    resampler.push(new Float32Array(resampler.needed(128)).fill(1));
    expect(resampler.available).toBeGreaterThanOrEqual(128);
    const output = new Float32Array(128);
    resampler.pull(output);
    if (n > 2) for (const s of output) expect(s).toBeCloseTo(1, 3);
  }
});

test('output and input are aligned, and the delay is the look-ahead', () => {
  const resampler = new Resampler(48_000, 48_000);
  const input = new Float32Array(1000);
  input[100] = 1;
  resampler.push(input);
  const output = new Float32Array(resampler.available);
  resampler.pull(output);
  expect(output.indexOf(Math.max(...output))).toBe(100);
  expect(output.length).toBe(1000 - resampler.lookaheadSamples);
});
