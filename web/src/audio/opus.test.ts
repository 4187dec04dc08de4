// Proves: the codec as we drive it keeps speech-like sound, conceals, and refuses what is not a packet of the room.

import { expect, test } from 'vitest';
import { loadOpus, selfTest } from './opus.ts';

const opus = await loadOpus(null);
const tone = (samples: number) => Float32Array.from({ length: samples }, (_, i) => 0.4 * Math.sin(i / 20));

test('the self-test passes on the codec that ships', () => {
  expect(selfTest(opus)).toBe(true);
});

test('packets of 10 and 20 ms come back at their length', () => {
  for (const samples of [480, 960]) {
    const packet = opus.encoder(64_000).encode(tone(samples));
    const pcm = new Float32Array(960);
    expect(opus.decoder().decode(packet, pcm)).toBe(samples);
  }
});

test('a lost packet is concealed by something that sounds like the last one', () => {
  const encoder = opus.encoder(64_000);
  const decoder = opus.decoder();
  const pcm = new Float32Array(960);
  for (let n = 0; n < 3; n++) decoder.decode(encoder.encode(tone(960)), pcm);
  const concealed = new Float32Array(480);
  decoder.conceal(concealed);
  const rms = Math.sqrt(concealed.reduce((sum, s) => sum + s * s, 0) / 480);
  expect(rms).toBeGreaterThan(0.1);
});

test('empty, oversized, and overlong packets are refused', () => {
  const decoder = opus.decoder();
  const pcm = new Float32Array(960);
  expect(decoder.decode(new Uint8Array(0), pcm)).toBeLessThan(0);
  expect(decoder.decode(new Uint8Array(1276), pcm)).toBeLessThan(0);
  // TOC of two 60 ms SILK frames: 120 ms in two bytes, more than a room's packet.
  expect(decoder.decode(Uint8Array.of((3 << 3) | 1, 0), pcm)).toBeLessThan(0);
});

test('random bytes never throw', () => {
  const decoder = opus.decoder();
  const pcm = new Float32Array(960);
  let seed = 1;
  const random = () => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return seed >>> 16;
  };
  for (let n = 0; n < 2000; n++) {
    const packet = Uint8Array.from({ length: 1 + (random() % 200) }, () => random());
    expect(() => decoder.decode(packet, pcm)).not.toThrow();
  }
});
