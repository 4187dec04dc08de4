// Proves: the TypeScript and the Rust side read and write the same bytes, by the golden vectors both tests use.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Unwrapper } from './unwrap.ts';
import { parseDown, writeUp } from './wire.ts';

const vectors = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../samples/wire/${name}.json`, import.meta.url), 'utf8'));
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));

interface Valid {
  name: string;
  direction: 'up' | 'down';
  hex: string;
  flags: string[];
  sequence: number;
  timestamp: number;
  capture_us: number;
  level: number;
  epoch: number;
  gain_half_db: number;
  held: number;
  payload: string;
}
interface Invalid {
  name: string;
  direction: 'up' | 'down' | 'either';
  hex: string;
  error: string;
}

const audio = vectors('audio') as { valid: Valid[]; invalid: Invalid[] };

describe('packets up are written byte for byte as the vectors say', () => {
  test.each(audio.valid.filter((v) => v.direction === 'up'))('$name', (v) => {
    const written = writeUp({
      marker: v.flags.includes('marker'),
      end: v.flags.includes('end'),
      preRoll: v.flags.includes('pre_roll'),
      muted: v.flags.includes('muted'),
      sequence: v.sequence,
      timestamp: v.timestamp,
      captureUs: v.capture_us,
      level: v.level,
      payload: bytes(v.payload),
    });
    expect(Buffer.from(written).toString('hex')).toBe(v.hex);
  });
});

describe('packets down are read as the vectors say', () => {
  test.each(audio.valid.filter((v) => v.direction === 'down'))('$name', (v) => {
    expect(parseDown(bytes(v.hex))).toEqual({
      marker: v.flags.includes('marker'),
      end: v.flags.includes('end'),
      prime: v.flags.includes('prime'),
      crossFade: v.flags.includes('cross_fade'),
      preRoll: v.flags.includes('pre_roll'),
      sequence: v.sequence,
      timestamp: v.timestamp,
      captureUs: v.capture_us,
      epoch: v.epoch,
      gainHalfDb: v.gain_half_db,
      heldUs: v.held === 0 ? null : (Math.floor(v.held / 64) - 1 + (v.held % 64)) * 500,
      waitedUs: (v.held % 64) * 500,
      payload: bytes(v.payload),
    });
  });

  test.each(audio.invalid.filter((v) => v.direction !== 'up'))('refused: $name', (v) => {
    expect(parseDown(bytes(v.hex))).toBe(v.error);
  });
});

test('counters and times beyond their width are written modulo it', () => {
  const written = writeUp({
    marker: false,
    end: false,
    preRoll: false,
    muted: false,
    sequence: 65536 + 7,
    timestamp: 2 ** 32 + 9,
    captureUs: 1,
    level: 300,
    payload: bytes('f8'),
  });
  expect(Buffer.from(written.subarray(2, 8)).toString('hex')).toBe('000700000009');
  expect(written[12]).toBe(127);
});

describe('counters go on past their wraps', () => {
  const cases = vectors('unwrap') as { name: string; bits: 16 | 32; input: number[]; output: number[] }[];
  test.each(cases)('$name', ({ bits, input, output }) => {
    const unwrapper = new Unwrapper(bits);
    expect(input.map((i) => unwrapper.next(i))).toEqual(output);
  });
});
