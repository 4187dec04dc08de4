// From the blocks a capture device gives (any rate, any length) to frames of exactly one packet time at 48 kHz, each
// with its media time and the instant its first sample was captured. Packets are numbered by this sample counter,
// never by a browser's time stamps; those only say, at their earliest, when the counter was where.

import { Resampler } from './resampler.ts';
import { SlidingMinimum } from './sliding-minimum.ts';
import { SAMPLE_RATE } from './units.ts';

export interface Frame {
  pcm: Float32Array;
  /** Media time of the first sample. */
  timestamp: number;
  /** This machine's clock when it was captured. */
  capturedUs: number;
}

/** A capture that comes back after this long was away; the media time goes on meanwhile. */
const AWAY_US = 2_000_000;
/** No browser's queue holds more than this: a capture that stays further behind for a while has lost sound. */
const LOST_US = 120_000;
const LOST_FOR_US = 250_000;

export class Framer {
  readonly #inputRate: number;
  /** From the microphone to the block's arrival. */
  latencyUs: number;
  readonly #resampler: Resampler | null;
  readonly #frame: Float32Array;
  readonly #origin = new SlidingMinimum();
  #filled = 0;
  /** Input samples taken, times skipped included. */
  #taken = 0;
  /** Media time of the next sample to go into a frame. */
  #timestamp: number;
  readonly #firstTimestamp: number;
  /** Since when, and by how much at least, blocks have been later than any queue explains. */
  #lateSinceUs: number | null = null;
  #leastLateUs = Number.POSITIVE_INFINITY;

  constructor(inputRate: number, ptimeSamples: number, latencyUs: number, firstTimestamp: number) {
    this.#inputRate = inputRate;
    this.latencyUs = latencyUs;
    this.#resampler = inputRate === SAMPLE_RATE ? null : new Resampler(inputRate, SAMPLE_RATE);
    // Silence for the filter to look ahead into: or the last samples of each frame would wait for the next block.
    this.#resampler?.push(new Float32Array(this.#resampler.lookaheadSamples + 2));
    this.#frame = new Float32Array(ptimeSamples);
    this.#firstTimestamp = firstTimestamp;
    this.#timestamp = firstTimestamp;
  }

  /** Takes a block that arrived at `nowUs`; gives each frame it completes. The frame's samples are lent, not given. */
  push(block: Float32Array, nowUs: number, take: (frame: Frame) => void): void {
    this.#observe(block.length, nowUs);
    if (this.#resampler === null) {
      this.#fill(block, take);
      return;
    }
    this.#resampler.push(block);
    const output = new Float32Array(this.#resampler.available);
    this.#resampler.pull(output);
    this.#fill(output, take);
  }

  /** Media time after everything taken so far. */
  get nextTimestamp(): number {
    return this.#timestamp;
  }

  #observe(length: number, nowUs: number): void {
    this.#taken += length;
    const origin = nowUs - (this.#taken / this.#inputRate) * 1e6;
    const late = origin - (this.#origin.value ?? origin);
    if (late > AWAY_US || this.#lost(nowUs, late)) this.#goOn(Math.min(late, this.#leastLateUs));
    else this.#origin.update(nowUs, origin);
  }

  /** What only waited comes in one burst and is soon in time again; what was lost stays away. */
  #lost(nowUs: number, late: number): boolean {
    if (late <= LOST_US) {
      this.#lateSinceUs = null;
      this.#leastLateUs = Number.POSITIVE_INFINITY;
      return false;
    }
    this.#lateSinceUs ??= nowUs;
    this.#leastLateUs = Math.min(this.#leastLateUs, late);
    return nowUs - this.#lateSinceUs >= LOST_FOR_US;
  }

  #goOn(skippedUs: number): void {
    this.#taken += Math.round((skippedUs / 1e6) * this.#inputRate);
    this.#timestamp += Math.round((skippedUs / 1e6) * SAMPLE_RATE) + this.#filled;
    this.#filled = 0;
    this.#lateSinceUs = null;
    this.#leastLateUs = Number.POSITIVE_INFINITY;
  }

  #fill(samples: Float32Array, take: (frame: Frame) => void): void {
    const frame = this.#frame;
    for (let i = 0; i < samples.length; i++) {
      frame[this.#filled++] = samples[i]!;
      if (this.#filled < frame.length) continue;
      const sinceFirstUs = ((this.#timestamp - this.#firstTimestamp) / SAMPLE_RATE) * 1e6;
      take({
        pcm: frame,
        timestamp: this.#timestamp,
        capturedUs: (this.#origin.value ?? 0) + sinceFirstUs - this.latencyUs,
      });
      this.#timestamp += frame.length;
      this.#filled = 0;
    }
  }
}
