// Proves: speech through encoder, jitter buffer, decoder and resampler comes out at the device's rate as it went in,
// and a device whose clock runs off is followed without an underrun.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Histogram } from './jitter/arrivals.ts';
import { rms } from './level.ts';
import { loadOpus } from './opus.ts';
import { Player } from './player.ts';

const opus = await loadOpus(null);
const QUANTUM = 128;
const CAPTURED_US = 5_000_000;

/** Sends `signal` in packets of 20 ms in real time to a device of that rate, whose clock runs `ppm` too fast. */
function play(signal: Float32Array, rate: number, ppm: number) {
  const encoder = opus.encoder(64_000);
  const player = new Player(() => opus.decoder(), rate);
  const heard: number[] = [];
  /** What the player says of the capture of each quantum's first sample. */
  const captured: number[] = [];
  const levels = new Histogram();
  const block = new Float32Array(QUANTUM);
  let sent = 0;
  for (let frame = 0; ; frame += QUANTUM) {
    const realUs = (frame / (rate * (1 + ppm / 1e6))) * 1e6;
    const deviceUs = (frame / rate) * 1e6;
    while ((sent + 1) * 20_000 <= realUs) {
      if ((sent + 1) * 960 > signal.length) return { heard: Float32Array.from(heard), captured, player, levels };
      player.insert(deviceUs, {
        timestamp: sent * 960,
        epoch: 0,
        marker: sent === 0,
        end: false,
        prime: false,
        crossFade: false,
        preRoll: false,
        captureUs: CAPTURED_US + sent * 20_000,
        gainHalfDb: 0,
        heldUs: null,
        payload: encoder.encode(signal.subarray(sent * 960, (sent + 1) * 960)),
      });
      sent += 1;
    }
    captured.push(player.captureUs);
    player.render(deviceUs, block);
    for (const s of block) heard.push(s);
    levels.add(player.stats.levelUs);
  }
}

const tone = (seconds: number) =>
  Float32Array.from({ length: seconds * 48_000 }, (_, i) => 0.3 * Math.sin((2 * Math.PI * 300 * i) / 48_000));

describe.each([48_000, 44_100, 16_000])('a device of %i Hz', (rate) => {
  test('plays speech as loud as it was said, and conceals nothing', () => {
    const speech = readSpeech();
    const { heard, player } = play(speech, rate, 0);
    expect(player.stats.concealedSamples).toBe(0);
    expect(rms(heard) / rms(speech)).toBeGreaterThan(0.9);
    expect(rms(heard) / rms(speech)).toBeLessThan(1.1);
  });
});

test.each([48_000, 44_100, 16_000])('the age of what a device of %i Hz plays is true to half a millisecond', (rate) => {
  const at = 36_000;
  // A short beep in silence is found again by where its energy is.
  const signal = Float32Array.from({ length: 96_000 }, (_, i) =>
    Math.abs(i - at) < 480 ? 0.5 * Math.cos((Math.PI * (i - at)) / 960) ** 2 * Math.sin((i * Math.PI) / 24) : 0,
  );
  const { heard, captured } = play(signal, rate, 0);
  const energy = heard.map((sample) => sample * sample);
  const centre = energy.reduce((sum, e, i) => sum + e * i, 0) / energy.reduce((sum, e) => sum + e, 0);
  const quantum = Math.floor(centre / QUANTUM);
  const saidUs = captured[quantum]! + ((centre - quantum * QUANTUM) / rate) * 1e6;
  expect(Math.abs(saidUs - (CAPTURED_US + (at / 48_000) * 1e6))).toBeLessThan(500);
});

describe.each([-300, 300])('a device whose clock is off by %i ppm', (ppm) => {
  test('is followed', () => {
    const { player, levels } = play(tone(25), 48_000, ppm);
    expect(player.stats.underruns).toBe(0);
    expect(levels.quantileUs(0.99)).toBeLessThan(20_000);
  });
});

test('volume goes to nothing without a click', () => {
  const encoder = opus.encoder(64_000);
  const player = new Player(() => opus.decoder(), 48_000);
  const block = new Float32Array(QUANTUM);
  const signal = tone(1);
  let largest = 0;
  let last = 0;
  for (let n = 0; n < 350; n++) {
    const nowUs = (n * QUANTUM * 1e6) / 48_000;
    if (n % 7 === 0 && (n / 7 + 1) * 960 <= signal.length) {
      const payload = encoder.encode(signal.subarray((n / 7) * 960, (n / 7 + 1) * 960));
      const rest = {
        epoch: 0,
        marker: n === 0,
        end: false,
        prime: false,
        crossFade: false,
        preRoll: false,
        captureUs: 0,
        gainHalfDb: 0,
        heldUs: null,
      };
      player.insert(nowUs, { timestamp: (n / 7) * 960, payload, ...rest });
    }
    if (n === 200) player.volume = 0;
    player.render(nowUs, block);
    for (const s of block) {
      largest = Math.max(largest, Math.abs(s - last));
      last = s;
    }
  }
  expect(largest).toBeLessThan(0.03);
  expect(rms(block)).toBe(0);
});

function readSpeech(): Float32Array {
  const wav = readFileSync(new URL('../../../samples/speech/austen-0870.wav', import.meta.url));
  const data = wav.indexOf('data') + 8;
  const count = Math.floor((wav.length - data) / 2);
  // 16 to 48 kHz by repetition: loudness is what is compared, and everything above 8 kHz is an image of what is below.
  return Float32Array.from({ length: count * 3 }, (_, i) => wav.readInt16LE(data + 2 * Math.floor(i / 3)) / 32_768);
}
