import { expect, test } from 'vitest';
import { CEILING } from '../limiter.ts';
import { Amplifier } from './amplifier.ts';

const FRAME = 960;
const tone = (amplitude: number, frame = 0) =>
  Float32Array.from(
    { length: FRAME },
    (_, i) => amplitude * Math.sin((2 * Math.PI * 200 * (frame * FRAME + i)) / 48_000),
  );
const peak = (samples: Float32Array) => samples.reduce((most, s) => Math.max(most, Math.abs(s)), 0);

/** After as many frames of a loud voice at +12 dB as a limiter needs. */
function loud(): { amplifier: Amplifier; frames: Float32Array[] } {
  const amplifier = new Amplifier();
  const frames = Array.from({ length: 20 }, (_, n) => tone(0.6, n));
  for (const frame of frames) amplifier.play(frame, FRAME, 24, true);
  return { amplifier, frames };
}

test('what nobody asked to be louder or softer stays as it is', () => {
  const frame = tone(0.999);
  new Amplifier().play(frame, FRAME, 0, true);
  expect(frame).toEqual(tone(0.999));
});

test('a loud voice that is made louder keeps its shape under the ceiling', () => {
  const { frames } = loud();
  for (const frame of frames.slice(1)) expect(peak(frame)).toBeLessThanOrEqual(CEILING + 1e-6);
  // Clipped, a sine spends much of its time at the ceiling.
  const last = frames.at(-1)!;
  expect(peak(last)).toBeGreaterThan(0.8);
  expect(last.filter((s) => Math.abs(s) > 0.86).length).toBeLessThan(FRAME / 5);
});

test('what is made softer is not limited and goes there within 10 ms', () => {
  const amplifier = new Amplifier();
  const frame = new Float32Array(FRAME).fill(0.98);
  amplifier.play(frame, FRAME, -12, true);
  expect(frame[0]).toBeCloseTo(0.98);
  expect(frame[480]).toBeCloseTo(0.98 * 10 ** (-12 / 40));
  expect(amplifier.level).toBeCloseTo(10 ** (-12 / 40));
});

test('what does not go on from a limited voice is not limited for it', () => {
  const { amplifier } = loud();
  const mixed = tone(0.6, 20);
  amplifier.play(mixed, FRAME, 0, false);
  expect(mixed).toEqual(tone(0.6, 20));
});

test('concealment is as loud as the voice was, and as limited', () => {
  const { amplifier } = loud();
  const concealed = tone(0.6, 20);
  amplifier.fade(concealed, 1, 0.5);
  expect(peak(concealed)).toBeGreaterThan(0.8);
  expect(peak(concealed)).toBeLessThanOrEqual(CEILING + 1e-6);
  expect(peak(concealed.subarray(720))).toBeLessThan(0.8);
});
