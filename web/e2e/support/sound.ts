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

/** Loudness in windows of 10 ms, offset so that windows of two recordings can be aligned to the millisecond. */
function envelope(samples: Float32Array, offset: number): Float32Array {
  const windows = Math.max(0, Math.floor((samples.length - offset) / WINDOW));
  return Float32Array.from({ length: windows }, (_, n) => rms(samples, offset + n * WINDOW, offset + (n + 1) * WINDOW));
}

export interface Match {
  correlation: number;
  /** Where in `heard` the beginning of `said` is. */
  offsetMs: number;
}

/** The best place of all of `said` inside `heard`, by the correlation of their envelopes. */
export function match(said: Float32Array, heard: Float32Array): Match {
  const wanted = envelope(said, 0);
  let best: Match = { correlation: -1, offsetMs: 0 };
  for (let fine = 0; fine < WINDOW; fine += RATE / 1000) {
    const there = envelope(heard, fine);
    for (let at = 0; at + wanted.length <= there.length; at++) {
      const correlation = pearson(wanted, there, at);
      if (correlation > best.correlation) best = { correlation, offsetMs: at * 10 + fine / (RATE / 1000) };
    }
  }
  return best;
}

function pearson(a: Float32Array, b: Float32Array, at: number): number {
  const n = a.length;
  let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    const x = a[i]!;
    const y = b[at + i]!;
    sa += x;
    sb += y;
    saa += x * x;
    sbb += y * y;
    sab += x * y;
  }
  const variance = (saa - (sa * sa) / n) * (sbb - (sb * sb) / n);
  return variance <= 0 ? 0 : (sab - (sa * sb) / n) / Math.sqrt(variance);
}
