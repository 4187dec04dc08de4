// Chirps in a room where somebody talks, and finding them again in what was recorded there.

import { joined, peak, RATE, silence, speech } from './sound.ts';

const CHIRP_SAMPLES = 0.02 * RATE;
const FROM_HZ = 400;
const TO_HZ = 6000;
const CHIRP_PEAK = 0.5;
const EDGE_SAMPLES = 96;
/** Voices that never pause together keep a speech detector open, and no noise suppression takes them away. */
const BABBLE = ['austen-0870', 'austen-0880', 'austen-0890', 'austen-0920'];
const BABBLE_PEAK = 0.12;
const SPACING_S = 0.9;
const LEAD_IN_S = 6;
const TAIL_S = 1.5;
/** The way through two pages takes at least and at most this. */
const LEAST_S = 0.02;
const MOST_S = 0.6;
/** Normalised correlation that no babble reaches. */
const ALIKE = 0.5;

export interface Room {
  samples: Float32Array;
  chirps: number;
}

/** Of a chirp. */
export interface Delay {
  /** When it was played, in seconds of the recording. */
  atS: number;
  ms: number;
}

/** What is played into the room: the first seconds are for everything to settle in. */
export function room(chirps: number): Room {
  const samples = babble(Math.ceil((LEAD_IN_S + chirps * SPACING_S + TAIL_S) * RATE));
  const chirp = pattern();
  for (let n = 0; n < chirps; n++) {
    // Spread over the packets by the golden ratio.
    const at = Math.round((LEAD_IN_S + n * SPACING_S + 0.1 * ((n * 0.618034) % 1)) * RATE);
    chirp.forEach((value, i) => {
      samples[at + i]! += value;
    });
  }
  return { samples, chirps };
}

/** Between each chirp as it was played and as it came back. */
export function delays(recording: Float32Array): Delay[] {
  const chirp = pattern();
  const { likeness, strength } = correlate(recording, chirp);
  const found: Delay[] = [];
  // As played it is more than three times as strong as anything that came back.
  const played = 0.6 * percentile([...strength.filter((_, at) => likeness[at]! >= 0.9)], 0.5);
  for (let at = 0; at < likeness.length; at++) {
    if (strength[at]! < played || likeness[at]! < ALIKE || !isPeak(strength, at, 0.01 * RATE)) continue;
    // What comes back goes round again through the microphone, at 0.3 of its strength each time: the first is strongest.
    const back = best(strength, at + LEAST_S * RATE, at + MOST_S * RATE);
    if (back !== null && likeness[back]! >= ALIKE) found.push({ atS: at / RATE, ms: ((back - at) / RATE) * 1000 });
    at += Math.round((SPACING_S - 0.2) * RATE);
  }
  return found;
}

export function percentile(values: number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}

export function babble(length: number): Float32Array {
  const all = new Float32Array(length);
  BABBLE.forEach((name, n) => {
    const voice = joined(speech(name), silence(0.1));
    for (let i = 0; i < length; i++) all[i]! += voice[(i + n * RATE) % voice.length]!;
  });
  const scale = BABBLE_PEAK / peak(all);
  return all.map((value) => value * scale);
}

function pattern(): Float32Array {
  return Float32Array.from({ length: CHIRP_SAMPLES }, (_, n) => {
    const edge = Math.min(n, CHIRP_SAMPLES - 1 - n, EDGE_SAMPLES) / EDGE_SAMPLES;
    const cycles = FROM_HZ * n + ((TO_HZ - FROM_HZ) * n * n) / (2 * CHIRP_SAMPLES);
    return CHIRP_PEAK * Math.sin((edge * Math.PI) / 2) ** 2 * Math.sin((2 * Math.PI * cycles) / RATE);
  });
}

/** Cross-correlation, plain and normalised; under the energy of −60 dBFS nothing is like the chirp. */
function correlate(signal: Float32Array, wanted: Float32Array): { likeness: Float32Array; strength: Float32Array } {
  const n = wanted.length;
  const wantedEnergy = energy(wanted, 0, n);
  let window = energy(signal, 0, n);
  const strength = new Float32Array(Math.max(0, signal.length - n));
  const likeness = new Float32Array(strength.length);
  for (let at = 0; at < strength.length; at++) {
    let product = 0;
    for (let i = 0; i < n; i++) product += signal[at + i]! * wanted[i]!;
    strength[at] = Math.abs(product);
    likeness[at] = window > 1e-6 * n ? strength[at]! / Math.sqrt(wantedEnergy * window) : 0;
    window += signal[at + n]! ** 2 - signal[at]! ** 2;
  }
  return { likeness, strength };
}

function energy(signal: Float32Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += signal[i]! ** 2;
  return sum;
}

function best(values: Float32Array, from: number, to: number): number | null {
  let found: number | null = null;
  for (let i = Math.round(from); i < Math.min(to, values.length); i++) {
    if (found === null || values[i]! > values[found]!) found = i;
  }
  return found;
}

const isPeak = (values: Float32Array, at: number, around: number): boolean =>
  best(values, Math.max(0, at - around), at + around) === at;
