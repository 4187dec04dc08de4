// Mouth to ear, as far as a page can know it: from the capture stamp that rides with the audio to the instant the
// device says the sample leaves it. This device's amplifier is not in it, nor what the talker's device does not tell.

import { ageUs } from '../net/clock.ts';

/** Reports are ten times as far apart: between two of them, what is heard has moved on by more than this. */
const MOVED_US = 10_000;

export class DelayMeter {
  #offsetUs: number | null = null;
  #lastCaptureUs = 0;

  learnClock(offsetUs: number): void {
    this.#offsetUs = offsetUs;
  }

  /**
   * A sample captured at `captureUs` (relay clock) is heard at `heardLocalUs`. Gives its age in ms; null where that is
   * unknown, or nothing is heard, or what is heard is made up while a packet is missing.
   */
  heard(captureUs: number, heardLocalUs: number): number | null {
    const stands = Math.abs(ageUs(this.#lastCaptureUs, captureUs)) < MOVED_US;
    this.#lastCaptureUs = captureUs;
    if (captureUs === 0 || this.#offsetUs === null || stands) return null;
    const ms = ageUs(captureUs, heardLocalUs + this.#offsetUs) / 1000;
    return ms < 0 || ms > 5_000 ? null : ms;
  }

  reset(): void {
    this.#offsetUs = null;
  }
}
