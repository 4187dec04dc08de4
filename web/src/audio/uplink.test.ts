// Proves: what is said goes out complete and in order, silence costs nothing, and mute is mute.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { UpPacket } from '../net/wire.ts';
import { type Frame, Framer } from './framer.ts';
import { audioLevel, rms } from './level.ts';
import { SpeechDetector } from './speech-detector.ts';
import { Uplink } from './uplink.ts';

const PTIME = 960;

function setUp() {
  const sent: UpPacket[] = [];
  const uplink = new Uplink(PTIME, {
    encode: (pcm) => Uint8Array.of(Math.round(pcm[0]! * 100)),
    hears: (pcm) => pcm[0]! >= 0.5,
    captureStamp: (us) => us,
    send: (packet) => sent.push(packet),
  });
  let n = 0;
  const say = (values: number[], open = true) => {
    for (const value of values) {
      const frame: Frame = { pcm: new Float32Array(PTIME).fill(value), timestamp: n * PTIME, capturedUs: n * 20_000 };
      uplink.take(frame, open);
      n += 1;
    }
  };
  return { sent, uplink, say };
}

describe('uplink', () => {
  test('a talkspurt begins with 40 ms of pre-roll and a marker, and its last packet says so', () => {
    const { sent, say } = setUp();
    say([0, 0.1, 0.2, 0.3, 0.5, 0.6, 0.1, 0, 0]);
    expect(sent.map((p) => [p.timestamp / PTIME, p.payload[0], p.marker, p.preRoll, p.end])).toEqual([
      [2, 20, true, true, false],
      [3, 30, false, true, false],
      [4, 50, false, false, false],
      [5, 60, false, false, false],
      [6, 10, false, false, true],
    ]);
    expect(sent.map((p) => p.sequence)).toEqual([0, 1, 2, 3, 4]);
    expect(sent.map((p) => p.captureUs)).toEqual([40_000, 60_000, 80_000, 100_000, 120_000]);
  });

  test('in silence nothing is sent', () => {
    const { sent, say } = setUp();
    say(Array(100).fill(0.1));
    expect(sent).toEqual([]);
  });

  test('mute in mid-talkspurt ends it at once, and nothing follows', () => {
    const { sent, uplink, say } = setUp();
    say([0.9, 0.9]);
    uplink.mute(true);
    say([0.9, 0.9]);
    expect(sent.at(-1)).toMatchObject({ end: true, muted: true, timestamp: 2 * PTIME });
    expect(sent.at(-1)!.payload.length).toBe(0);
    expect(sent.length).toBe(3);
  });

  test('nothing said before unmuting goes out as pre-roll', () => {
    const { sent, uplink, say } = setUp();
    say([0.3, 0.3]);
    uplink.mute(true);
    say([0.4, 0.4]);
    uplink.mute(false);
    say([0.9]);
    expect(sent.map((p) => [p.timestamp / PTIME, p.marker, p.preRoll])).toEqual([[4, true, false]]);
  });

  test('while the link is full nothing is encoded, and the flags move on', () => {
    const { sent, say } = setUp();
    say([0.9, 0.9], false);
    say([0.9]);
    expect(sent.map((p) => [p.timestamp / PTIME, p.marker])).toEqual([[2, true]]);
    say([0.1], false);
    say([0], false);
    say([0]);
    expect(sent.at(-1)).toMatchObject({ end: true, timestamp: 5 * PTIME });
    expect(sent.length).toBe(2);
  });

  test('a talkspurt of which nothing got through needs no end', () => {
    const { sent, say } = setUp();
    say([0.9, 0.1, 0], false);
    say([0, 0]);
    expect(sent).toEqual([]);
  });
});

describe('framer', () => {
  const collect = (framer: Framer, blocks: [length: number, atUs: number][]) => {
    const frames: Frame[] = [];
    for (const [length, atUs] of blocks) {
      framer.push(new Float32Array(length), atUs, (f) => frames.push({ ...f, pcm: f.pcm.slice() }));
    }
    return frames;
  };

  test('frames are exact whatever the blocks are', () => {
    const frames = collect(new Framer(48_000, 960, 0, 0), [
      [500, 0],
      [500, 0],
      [3000, 0],
    ]);
    expect(frames.map((f) => f.timestamp)).toEqual([0, 960, 1920, 2880]);
  });

  test('a device of 44.1 kHz gives frames at 48 kHz', () => {
    const blocks = Array.from({ length: 100 }, (_, n): [number, number] => [441, (n + 1) * 10_000]);
    const frames = collect(new Framer(44_100, 480, 0, 7), blocks);
    expect(frames.length).toBeGreaterThanOrEqual(98);
    expect(frames[10]!.timestamp).toBe(7 + 4800);
    expect(frames[10]!.capturedUs).toBeCloseTo(100_000, -2);
  });

  test.each([44_100, 16_000, 96_000])('a device of %i Hz does not keep a frame waiting for the next block', (rate) => {
    const blocks = Array.from({ length: 1000 }, (_, n): [number, number] => [rate / 100, (n + 1) * 10_000]);
    expect(collect(new Framer(rate, 960, 0, 0), blocks).length).toBe(500);
  });

  test('the capture time is that of the first sample, less the latency of the device, and does not jitter', () => {
    const late = [0, 3_000, 500, 9_000, 0];
    const blocks = late.map((us, n): [number, number] => [960, (n + 1) * 20_000 + us]);
    const frames = collect(new Framer(48_000, 960, 5_000, 0), blocks);
    expect(frames.map((f) => f.capturedUs)).toEqual([-5_000, 15_000, 35_000, 55_000, 75_000]);
  });

  test('after a capture that slept the media time has gone on', () => {
    const frames = collect(new Framer(48_000, 960, 0, 0), [
      [960, 20_000],
      [960, 40_000],
      [960, 10_060_000],
      [960, 10_080_000],
    ]);
    expect(frames.at(-1)!.timestamp - frames[1]!.timestamp).toBe(10_040_000 * 0.048);
    expect(frames.at(-1)!.capturedUs).toBe(10_060_000);
  });
});

describe('a capture that fell behind', () => {
  const run = (lateMs: (n: number) => number) => {
    const framer = new Framer(48_000, 960, 0, 0);
    let last: { timestamp: number; capturedUs: number; atUs: number } | null = null;
    let arrivedUs = 0;
    for (let n = 1; n <= 200; n++) {
      arrivedUs = Math.max(arrivedUs, (n * 20 + lateMs(n)) * 1000);
      const atUs = arrivedUs;
      framer.push(new Float32Array(960), atUs, (f) => {
        last = { timestamp: f.timestamp, capturedUs: f.capturedUs, atUs };
      });
    }
    return last!;
  };

  test('and lost 500 ms of sound is fresh again soon, and its media time has gone on', () => {
    const { timestamp, capturedUs, atUs } = run((n) => (n < 100 ? 0 : 500));
    expect(atUs - capturedUs).toBe(20_000);
    expect(timestamp).toBe(199 * 960 + 24_000);
  });

  test('and comes in one burst has lost nothing', () => {
    const { timestamp, capturedUs, atUs } = run((n) => (n >= 100 && n < 125 ? 500 - (n - 100) * 20 : 0));
    expect(atUs - capturedUs).toBe(20_000);
    expect(timestamp).toBe(199 * 960);
  });
});

describe('speech detector', () => {
  const speech = readSpeech();

  test('it opens for the speech of the samples, within the pre-roll, and closes in digital silence', () => {
    const detector = new SpeechDetector();
    const signal = concat([new Float32Array(48_000), speech, new Float32Array(48_000)]);
    const decisions: boolean[] = [];
    for (let at = 0; at + 960 <= signal.length; at += 960)
      decisions.push(detector.hears(signal.subarray(at, at + 960)));
    const loud = decisions.map((_, n) => rms(signal, n * 960, (n + 1) * 960) > 0.01);
    const first = loud.indexOf(true);
    expect(decisions.slice(0, 49)).not.toContain(true);
    expect(decisions.indexOf(true)).toBeLessThanOrEqual(first + 2);
    const missed = loud.filter((is, n) => is && !decisions[n] && !decisions[n + 1] && !decisions[n + 2]).length;
    expect(missed).toBe(0);
    expect(decisions.slice(-20)).not.toContain(true);
  });

  test('steady noise closes it again', () => {
    const detector = new SpeechDetector();
    let open = 0;
    for (let n = 0; n < 500; n++) {
      if (detector.hears(noise(960, 0.003, n)) && n > 250) open += 1;
    }
    expect(open).toBe(0);
  });

  test('a loud held note stays', () => {
    const detector = new SpeechDetector();
    const note = Float32Array.from({ length: 960 }, (_, i) => 0.2 * Math.sin((2 * Math.PI * 500 * i) / 48_000));
    for (let n = 0; n < 500; n++)
      if (n > 3) expect(detector.hears(note)).toBe(true);
      else detector.hears(note);
  });

  test('it holds for a quarter of a second', () => {
    const detector = new SpeechDetector();
    for (let n = 0; n < 10; n++) detector.hears(noise(960, 0.2, n));
    let held = 0;
    while (detector.hears(new Float32Array(960))) held += 1;
    expect(held * 20).toBeGreaterThanOrEqual(240);
    expect(held * 20).toBeLessThanOrEqual(300);
  });
});

test('the level is −dBov', () => {
  expect(audioLevel(new Float32Array(960))).toBe(127);
  expect(audioLevel(new Float32Array(960).fill(1))).toBe(0);
  expect(audioLevel(new Float32Array(960).fill(0.1))).toBe(20);
});

function readSpeech(): Float32Array {
  const wav = readFileSync(new URL('../../../samples/speech/austen-0870.wav', import.meta.url));
  const data = wav.indexOf('data') + 8;
  const samples = new Int16Array(
    wav.buffer.slice(wav.byteOffset + data, wav.byteOffset + data + ((wav.length - data) & ~1)),
  );
  // 16 to 48 kHz by repetition: the detector looks at energy only.
  return Float32Array.from({ length: samples.length * 3 }, (_, i) => samples[Math.floor(i / 3)]! / 32_768);
}

function noise(length: number, amplitude: number, seed: number): Float32Array {
  let state = seed * 7919 + 1;
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return amplitude * (state / 2 ** 31 - 1);
  });
}

function concat(parts: Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
