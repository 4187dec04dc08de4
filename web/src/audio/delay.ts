// Mouth to ear, as far as a page can know it: from the capture stamp that rides with the audio to the instant the
// device says the sample leaves it. The talker's device and this one's amplifier are not in it.

import { ageUs } from '../net/clock.ts';

/** Share of a new figure in the shown one. */
const SHARE = 0.25;
/** Reports are ten times as far apart: between two of them, what is heard has moved on by more than this. */
const MOVED_US = 10_000;

export class DelayMeter {
  #offsetUs: number | null = null;
  #smoothedMs: number | null = null;
  #lastCaptureUs = 0;
  /** Age of what was heard at the last report; null where that was nothing, or made up while a packet was missing. */
  ageMs: number | null = null;

  learnClock(offsetUs: number): void {
    this.#offsetUs = offsetUs;
  }

  /** A sample captured at `captureUs` (relay clock) is heard at `heardLocalUs`. Gives the delay to show, if any. */
  heard(captureUs: number, heardLocalUs: number): number | null {
    const stands = Math.abs(ageUs(this.#lastCaptureUs, captureUs)) < MOVED_US;
    this.#lastCaptureUs = captureUs;
    this.ageMs = null;
    if (captureUs === 0 || this.#offsetUs === null || stands) return this.#smoothedMs;
    const ms = ageUs(captureUs, heardLocalUs + this.#offsetUs) / 1000;
    if (ms < 0 || ms > 5_000) return this.#smoothedMs;
    this.ageMs = ms;
    this.#smoothedMs = this.#smoothedMs === null ? ms : this.#smoothedMs + SHARE * (ms - this.#smoothedMs);
    return this.#smoothedMs;
  }

  reset(): void {
    this.#offsetUs = null;
    this.#smoothedMs = null;
  }
}
