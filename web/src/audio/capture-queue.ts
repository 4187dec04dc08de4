// How much sound waits between the microphone and the capture context.
//
// Chromium puts a queue there of up to 100 ms. Each time the context's own callback is late the queue gets fuller, and
// as both ends run at the same rate it stays so. No browser tells its length; but what went in is counted, and what
// came out is the context's clock. Their difference at its least ever is the queue at its emptiest; what the least of
// late is above that is delay that protects from nothing.

import { SlidingMinimum } from './sliding-minimum.ts';

/** In mid-speech a cut has to be worth it, in a pause nobody hears it. */
const WORTH_A_CUT_US = 15_000;
const WORTH_A_PAUSE_US = 8_000;

export class CaptureQueue {
  #least = Number.POSITIVE_INFINITY;
  #lately = new SlidingMinimum();
  #sinceUs: number | null = null;
  #nowUs = 0;

  /** Takes the two counts, both in µs of sound. */
  observe(nowUs: number, inUs: number, outUs: number): void {
    this.#sinceUs ??= nowUs;
    this.#nowUs = nowUs;
    this.#least = Math.min(this.#least, inUs - outUs);
    this.#lately.update(nowUs, inUs - outUs);
  }

  /** Sound that waits for no good reason. */
  get excessUs(): number {
    return this.#lately.value === null ? 0 : this.#lately.value - this.#least;
  }

  /** Whether to start with an empty queue. A look at the present one takes the 2 s that the sliding minimum does. */
  worthEmptying(talking: boolean): boolean {
    if (this.#sinceUs === null || this.#nowUs - this.#sinceUs < 2_000_000) return false;
    return this.excessUs > (talking ? WORTH_A_CUT_US : WORTH_A_PAUSE_US);
  }

  /** The queue is a new one, and empty. */
  reset(): void {
    this.#least = Number.POSITIVE_INFINITY;
    this.#lately = new SlidingMinimum();
    this.#sinceUs = null;
  }
}
