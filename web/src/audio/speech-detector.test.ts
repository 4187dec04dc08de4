// Proves: speech is heard from its first sound, whatever the noise; noise is learnt and is not speech.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { rms } from './level.ts';
import { type Rise, SpeechDetector } from './speech-detector.ts';

const HOP = 480;

describe('speech detector', () => {
  const said = ['austen-0870', 'austen-0880', 'austen-0890', 'austen-0920', 'austen-0930'];

  test('nothing is not speech', () => {
    const detector = new SpeechDetector();
    for (let n = 0; n < 500; n++) expect(detector.hears(new Float32Array(HOP)).speech).toBe(false);
  });

  test.each([-70, -60, -50])('steady noise of %i dB is learnt within a second and not speech after', (db) => {
    const detector = new SpeechDetector();
    const next = noise(db);
    for (let n = 0; n < 1000; n++) {
      const { speech } = detector.hears(next(HOP));
      if (n > 100) expect(speech).toBe(false);
    }
  });

  test('a loud held note never becomes background', () => {
    const detector = new SpeechDetector();
    const note = tone(10 * 48_000, 200, -20);
    for (let at = 0; at < note.length; at += HOP) {
      expect(detector.hears(note.subarray(at, at + HOP)).speech).toBe(true);
    }
  });

  test('a hiss is heard over a hum of more energy', () => {
    const detector = new SpeechDetector();
    const hum = tone(3 * 48_000, 100, -40);
    for (let at = 0; at < hum.length; at += HOP) detector.hears(hum.subarray(at, at + HOP));
    const hiss = noise(-52)(HOP).map((sample, i) => sample + hum[i]!);
    expect(detector.hears(hiss).speech).toBe(true);
  });

  test.each([
    { levels: [-60, -60, -60, -40], rises: ['none', 'none'] },
    { levels: [-60, -60, -40, -40], rises: ['none', 'from_start'] },
    { levels: [-60, -55.5, -40, -40], rises: ['within', 'from_start'] },
    { levels: [-55.5, -55.5, -40, -40], rises: ['from_start', 'from_start'] },
    { levels: [-55.5, -60, -55.5, -40], rises: ['none', 'from_start'] },
  ] satisfies { levels: number[]; rises: Rise[] }[])(
    'what rises before speech is told from the usual noise: $levels',
    ({ levels, rises }) => {
      const detector = new SpeechDetector();
      const next = (db: number) => noise(db)(HOP);
      const usual = noise(-60);
      for (let n = 0; n < 200; n++) detector.hears(usual(HOP));
      const [a, b, c, d] = levels.map(next) as [Float32Array, Float32Array, Float32Array, Float32Array];
      expect(detector.hears(Float32Array.of(...a, ...b))).toEqual({ speech: false, rise: rises[0] });
      expect(detector.hears(Float32Array.of(...c, ...d))).toEqual({ speech: true, rise: rises[1] });
    },
  );

  test.each(said.flatMap((name) => [Number.NEGATIVE_INFINITY, -65, -55].map((db) => ({ name, db }))))(
    '$name is heard from its first sound in noise of $db dB',
    ({ name, db }) => {
      const detector = new SpeechDetector();
      const speech = readSpeech(name);
      const background = noise(db)(48_000 + speech.length);
      const signal = background.map((sample, i) => sample + (speech[i - 48_000] ?? 0));
      const heard: boolean[] = [];
      for (let at = 0; at + HOP <= signal.length; at += HOP) {
        heard.push(detector.hears(signal.subarray(at, at + HOP)).speech);
      }
      // The first hop that is plainly speech; the recordings' own background is at −50 ± 6 dB.
      const onset = hops(speech).findIndex((level) => level > 10 ** (-38 / 20));
      // 40 ms of pre-roll reach back from the decision.
      const decision = heard.slice(100 - 4).indexOf(true);
      expect(decision).toBeGreaterThanOrEqual(0);
      expect(decision).toBeLessThanOrEqual(onset + 4 + 2);
      expect(heard.slice(60, 100 - 4)).not.toContain(true);
    },
  );
});

const hops = (signal: Float32Array): number[] =>
  Array.from({ length: Math.floor(signal.length / HOP) }, (_, n) => rms(signal, n * HOP, (n + 1) * HOP));

function readSpeech(name: string): Float32Array {
  const wav = readFileSync(new URL(`../../../samples/speech/${name}.wav`, import.meta.url));
  const data = wav.indexOf('data') + 8;
  const samples = new Int16Array(
    wav.buffer.slice(wav.byteOffset + data, wav.byteOffset + data + ((wav.length - data) & ~1)),
  );
  // 16 to 48 kHz by repetition: the detector looks at energy only.
  return Float32Array.from({ length: samples.length * 3 }, (_, i) => samples[Math.floor(i / 3)]! / 32_768);
}

/** White noise of a level, block after block. */
function noise(db: number): (length: number) => Float32Array {
  let state = 7919;
  const amplitude = 10 ** (db / 20) * Math.sqrt(3);
  return (length) =>
    Float32Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return amplitude * (state / 2 ** 31 - 1);
    });
}

/** A sine of a level. */
const tone = (length: number, hertz: number, db: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => 10 ** (db / 20) * Math.SQRT2 * Math.sin((2 * Math.PI * hertz * i) / 48_000));
