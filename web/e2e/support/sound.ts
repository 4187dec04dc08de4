// WAV files and the comparison of what was said with what was heard.

import { readFileSync, writeFileSync } from 'node:fs';
import { rms } from '../../src/audio/level.ts';
import { Resampler } from '../../src/audio/resampler.ts';

export const RATE = 48_000;
const WINDOW = RATE / 100;

/** One of the sentences in samples/speech, at 48 kHz. */
export function speech(name: string): Float32Array {
  return readWav(new URL(`../../../samples/speech/${name}.wav`, import.meta.url));
}

/** A mono 16-bit WAV of any rate, at 48 kHz. */
export function readWav(path: string | URL): Float32Array {
  const file = readFileSync(path);
  let rate = RATE;
  for (let at = 12; at + 8 <= file.length; ) {
    const id = file.toString('latin1', at, at + 4);
    // A file whose writer was interrupted may say more than there is.
    const size = Math.min(file.readUInt32LE(at + 4), file.length - at - 8);
    if (id === 'fmt ') rate = file.readUInt32LE(at + 12);
    if (id === 'data') return resample(fromInt16(file.subarray(at + 8, at + 8 + size)), rate);
    at += 8 + size + (size & 1);
  }
  throw new Error(`${path} has no data`);
}

export function fromInt16(bytes: Buffer): Float32Array {
  return Float32Array.from({ length: bytes.length >> 1 }, (_, i) => bytes.readInt16LE(2 * i) / 32_768);
}

function resample(samples: Float32Array, rate: number): Float32Array {
  if (rate === RATE) return samples;
  const resampler = new Resampler(rate, RATE);
  resampler.push(samples);
  resampler.push(new Float32Array(resampler.lookaheadSamples + 2));
  const output = new Float32Array(resampler.available);
  resampler.pull(output);
  return output;
}

export function writeWav(path: string, samples: Float32Array): void {
  const file = Buffer.alloc(44 + 2 * samples.length);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(36 + 2 * samples.length, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(RATE, 24);
  file.writeUInt32LE(2 * RATE, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(2 * samples.length, 40);
  samples.forEach((s, i) => {
    file.writeInt16LE(Math.round(Math.max(-1, Math.min(1, s)) * 32_767), 44 + 2 * i);
  });
  writeFileSync(path, file);
}

export const silence = (seconds: number): Float32Array => new Float32Array(seconds * RATE);

export function joined(...parts: Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

export const peak = (samples: Float32Array): number => samples.reduce((most, s) => Math.max(most, Math.abs(s)), 0);

/** Loudness in windows of 10 ms, so many samples apart. */
function envelope(samples: Float32Array, hop: number): Float32Array {
  const windows = Math.max(0, Math.floor((samples.length - WINDOW) / hop) + 1);
  return Float32Array.from({ length: windows }, (_, n) => rms(samples, n * hop, n * hop + WINDOW));
}

export interface Match {
  /** Of the envelopes, once they are aligned. */
  correlation: number;
  /** Where in `heard` the beginning of `said` is, and by how much that moves on the way. */
  offsetMs: number;
  movedMs: number;
}

/** What correlates so well is what was said. */
export const LIKE = 0.95;

/** Places in `heard` that are tried, 2.5 ms apart. */
const FINE = WINDOW / 4;

/** How far from the place of the whole a part may be, in such places: 200 ms. */
const SPREAD = 80;

/** What it costs to move on by one place, where the mean square of an envelope is 1, and by any number of places. */
const COST = 0.1;
const JUMP = 2;

/**
 * Where `said` is in `heard`: first the best place of all of it, then the best path near that (Viterbi), for playout that
 * follows a link moves its delay while somebody speaks. So a delay that changes is no fault; what is missing, broken or
 * there twice is.
 */
export function match(said: Float32Array, heard: Float32Array): Match {
  const wanted = envelope(said, WINDOW);
  const there = envelope(heard, FINE);
  const whole = bestPlace(wanted, there);
  const path = bestPath(wanted, there, whole);
  const aligned = Float32Array.from(path, (place, n) => there[place + 4 * n] ?? 0);
  const toMs = (places: number) => (places * FINE * 1000) / RATE;
  return {
    correlation: pearson(wanted, aligned, (n) => n),
    offsetMs: toMs(path[0] ?? 0),
    movedMs: toMs(Math.max(...path) - Math.min(...path)),
  };
}

function bestPlace(wanted: Float32Array, there: Float32Array): number {
  let [most, best] = [-1, 0];
  for (let place = 0; place + 4 * wanted.length <= there.length + 3; place++) {
    const correlation = pearson(wanted, there, (n) => place + 4 * n);
    if (correlation > most) [most, best] = [correlation, place];
  }
  return best;
}

/** For each window of `wanted` a place, so that windows are alike and places move little. */
function bestPath(wanted: Float32Array, there: Float32Array, whole: number): Int32Array {
  const places = 2 * SPREAD + 1;
  const [a, b] = [normal(wanted), normal(there.subarray(whole, whole + 4 * wanted.length))];
  const costs = new Float32Array(places);
  const from = new Int16Array(wanted.length * places);
  a.forEach((x, n) => {
    // The cheapest way to each place: from the left, from the right, or from anywhere.
    const came = from.subarray(n * places, (n + 1) * places).map((_, k) => k);
    for (let k = 1; k < places; k++) arrive(costs, came, k - 1, k);
    for (let k = places - 2; k >= 0; k--) arrive(costs, came, k + 1, k);
    const cheapest = costs.indexOf(Math.min(...costs));
    for (let k = 0; k < places; k++) arrive(costs, came, cheapest, k, JUMP);
    from.set(came, n * places);
    for (let k = 0; k < places; k++) costs[k]! += (x - (b[k - SPREAD + 4 * n] ?? 0)) ** 2;
  });
  const path = new Int32Array(wanted.length);
  let at = costs.indexOf(Math.min(...costs));
  for (let n = wanted.length - 1; n >= 0; n--) {
    path[n] = whole + at - SPREAD;
    at = from[n * places + at]!;
  }
  return path;
}

function arrive(costs: Float32Array, came: Int16Array, from: number, to: number, cost = COST): void {
  if (costs[from]! + cost >= costs[to]!) return;
  costs[to] = costs[from]! + cost;
  came[to] = came[from]!;
}

/** Scaled to a mean square of 1. */
function normal(envelope: Float32Array): Float32Array {
  const level = rms(envelope, 0, envelope.length);
  return envelope.map((x) => x / (level || 1));
}

/** Correlation of `a` with the values of `b` at those places. */
function pearson(a: Float32Array, b: Float32Array, place: (n: number) => number): number {
  const n = a.length;
  let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const x = a[i]!;
    const y = b[place(i)] ?? 0;
    sa += x;
    sb += y;
    saa += x * x;
    sbb += y * y;
    sab += x * y;
  }
  const variance = (saa - (sa * sa) / n) * (sbb - (sb * sb) / n);
  return variance <= 0 ? 0 : (sab - (sa * sb) / n) / Math.sqrt(variance);
}
