// Decides whether somebody speaks, from blocks of 10 ms: energy above a noise floor that is learnt from the pauses.
// It opens within 30 ms of an onset (the 40 ms of pre-roll cover that) and holds for 250 ms.

import { rms } from './level.ts';
import { SlidingMinimum } from './sliding-minimum.ts';
import { SAMPLE_RATE, SAMPLES_PER_MS } from './units.ts';

const BLOCK_SAMPLES = 10 * SAMPLES_PER_MS;
const HOLD_BLOCKS = 25;
/** Speech stands out of the pauses by this much... */
const ABOVE_FLOOR_DB = 9;
/** ...or is this loud, so that a held note does not become the floor... */
const ALWAYS_ABOVE_DB = -35;
/** ...and is never softer than this: processed microphones are silent in pauses, and anything stands out of nothing. */
const NEVER_BELOW_DB = -58;
/** Blocks of the last three that must be loud: a click of 10 ms does not open. */
const LOUD_BLOCKS = 2;
/** High-pass at 100 Hz: rumble and hum are not speech. */
const HIGH_PASS = Math.exp((-2 * Math.PI * 100) / SAMPLE_RATE);

export class SpeechDetector {
  readonly #block = new Float32Array(BLOCK_SAMPLES);
  readonly #floor = new SlidingMinimum();
  #smoothed: number | null = null;
  #recent = 0;
  #hold = 0;
  #nowUs = 0;
  #lastIn = 0;
  #lastOut = 0;

  /** Takes one frame (a multiple of 10 ms) and says whether it belongs to a talkspurt. */
  hears(frame: Float32Array): boolean {
    let open = false;
    for (let at = 0; at + BLOCK_SAMPLES <= frame.length; at += BLOCK_SAMPLES) {
      if (this.#block10(frame, at)) open = true;
    }
    return open;
  }

  #block10(frame: Float32Array, at: number): boolean {
    for (let i = 0; i < BLOCK_SAMPLES; i++) {
      const input = frame[at + i]!;
      this.#lastOut = HIGH_PASS * (this.#lastOut + input - this.#lastIn);
      this.#lastIn = input;
      this.#block[i] = this.#lastOut;
    }
    const db = 20 * Math.log10(Math.max(1e-6, rms(this.#block)));
    // The floor is the least of 50 ms averages: single blocks of noise scatter too much.
    this.#smoothed = this.#smoothed === null ? db : this.#smoothed + (db - this.#smoothed) / 5;
    this.#nowUs += 10_000;
    const floor = this.#floor.value ?? NEVER_BELOW_DB;
    this.#floor.update(this.#nowUs, this.#smoothed);
    const threshold = Math.max(NEVER_BELOW_DB, Math.min(ALWAYS_ABOVE_DB, floor + ABOVE_FLOOR_DB));
    this.#recent = ((this.#recent << 1) | Number(db > threshold)) & 0b111;
    if (ones(this.#recent) >= LOUD_BLOCKS) this.#hold = HOLD_BLOCKS;
    else if (this.#hold > 0) this.#hold -= 1;
    return this.#hold > 0;
  }
}

const ones = (bits: number): number => (bits & 1) + ((bits >> 1) & 1) + ((bits >> 2) & 1);
