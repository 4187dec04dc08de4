// Mouth to ear, as far as a page can know it: from the capture stamp that rides with the audio to the instant the
// device says the sample leaves it. The talker's device and this one's amplifier are not in it.

import { ageUs } from '../net/clock.ts';

/** Share of a new figure in the shown one. */
const SHARE = 0.25;

export class DelayMeter {
  #offsetUs: number | null = null;
  #smoothedMs: number | null = null;

  learnClock(offsetUs: number): void {
    this.#offsetUs = offsetUs;
  }

  /** A sample captured at `captureUs` (relay clock) is heard at `heardLocalUs`. Gives the delay to show, if any. */
  heard(captureUs: number, heardLocalUs: number): number | null {
    if (captureUs === 0 || this.#offsetUs === null) return this.#smoothedMs;
    const ms = ageUs(captureUs, heardLocalUs + this.#offsetUs) / 1000;
    if (ms < 0 || ms > 5_000) return this.#smoothedMs;
    this.#smoothedMs = this.#smoothedMs === null ? ms : this.#smoothedMs + SHARE * (ms - this.#smoothedMs);
    return this.#smoothedMs;
  }

  reset(): void {
    this.#offsetUs = null;
    this.#smoothedMs = null;
  }
}
