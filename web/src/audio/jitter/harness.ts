// Test harness: a lossless codec, a sender with a signal known at every media time, and a device that pulls 128
// samples at a time in virtual time.

import type { Decoder } from '../opus.ts';
import { SAMPLE_RATE } from '../units.ts';
import { JitterBuffer } from './jitter-buffer.ts';
import type { Packet } from './packet.ts';

export const PTIME = 960;
export const BLOCK = 128;

/** Payload is the PCM itself; concealment is silence, so that a test sees where there was some. */
export class LosslessDecoder implements Decoder {
  static live = 0;
  decoded = 0;

  constructor() {
    LosslessDecoder.live += 1;
  }

  decode(payload: Uint8Array, pcm: Float32Array): number {
    if (payload.length % 4 !== 0) return -1;
    const samples = new Float32Array(payload.slice().buffer);
    pcm.set(samples);
    this.decoded += 1;
    return samples.length;
  }

  conceal(pcm: Float32Array): void {
    pcm.fill(0);
  }

  free(): void {
    LosslessDecoder.live -= 1;
  }
}

export type Signal = (mediaSample: number) => number;
export const tone: Signal = (t) => 0.5 * Math.sin((2 * Math.PI * 200 * t) / SAMPLE_RATE);

export function packet(timestamp: number, signal: Signal, fields: Partial<Packet> = {}): Packet {
  const pcm = Float32Array.from({ length: PTIME }, (_, i) => signal(timestamp + i));
  return {
    timestamp,
    epoch: 0,
    marker: false,
    end: false,
    prime: false,
    crossFade: false,
    preRoll: false,
    captureUs: 0,
    gainHalfDb: 0,
    heldUs: null,
    payload: new Uint8Array(pcm.buffer),
    ...fields,
  };
}

export interface Arrival {
  atUs: number;
  packet: Packet;
}

/** Packets `from`…`to`, each sent when complete and late by `delayMs`, in order as TCP has them. */
export function stream(
  from: number,
  to: number,
  delayMs: (n: number) => number,
  make: (n: number) => Packet = (n) => packet(n * PTIME, tone, { marker: n === from }),
): Arrival[] {
  let last = 0;
  return Array.from({ length: to - from }, (_, i) => {
    const n = from + i;
    last = Math.max(last, (n + 1) * 20_000 + delayMs(n) * 1000);
    return { atUs: last, packet: make(n) };
  });
}

export class Device {
  readonly buffer: JitterBuffer;
  readonly heard: number[] = [];
  readonly levelsUs: number[] = [];
  #nowSamples = 0;

  constructor() {
    this.buffer = new JitterBuffer(() => new LosslessDecoder(), PTIME);
  }

  get nowUs(): number {
    return (this.#nowSamples / SAMPLE_RATE) * 1e6;
  }

  /** Plays until `untilMs`; each arrival is seen by the first block that starts at or after it. */
  play(arrivals: Arrival[], untilMs: number): void {
    const block = new Float32Array(BLOCK);
    let next = 0;
    while (this.nowUs < untilMs * 1000) {
      while (next < arrivals.length && arrivals[next]!.atUs <= this.nowUs) {
        this.buffer.insert(this.nowUs, arrivals[next]!.packet);
        next += 1;
      }
      this.buffer.pull(this.nowUs, block, BLOCK);
      this.heard.push(...block);
      this.levelsUs.push(this.buffer.stats.levelUs);
      this.#nowSamples += BLOCK;
    }
  }

  /** What was heard between two instants. */
  between(fromMs: number, toMs: number): number[] {
    return this.heard.slice(fromMs * 48, toMs * 48);
  }
}

export const rms = (samples: number[]): number =>
  Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / Math.max(1, samples.length));

export const largestStep = (samples: number[]): number =>
  samples.reduce((most, s, i) => (i === 0 ? 0 : Math.max(most, Math.abs(s - samples[i - 1]!))), 0);
