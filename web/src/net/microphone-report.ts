// What the relay is told of one's own microphone, for the listeners' ledgers: how old the last sample of a packet is when
// the packet is written, at least. What comes later than that is for a jitter buffer, and counted there.

import { SlidingMinimum } from '../audio/sliding-minimum.ts';

/** So many packets until the least of them says something. */
const KNOWN_AFTER = 32;
const CHANGED_MS = 3;
const EVERY_MS = 2_000;
/** The message takes no more; a machine that slept may say it. */
const MOST_MS = 65_535;

export class MicrophoneReport {
  readonly #least = new SlidingMinimum();
  #seen = 0;
  #toldMs: number | null = null;
  #dueMs = 0;

  /** A packet was written; gives the figure to tell now, if any. */
  wrote(lagMs: number, nowMs: number): number | null {
    this.#seen += 1;
    this.#least.update(nowMs * 1000, lagMs);
    const ms = Math.min(MOST_MS, Math.max(0, Math.round(this.#least.value ?? lagMs)));
    if (this.#seen < KNOWN_AFTER || nowMs < this.#dueMs) return null;
    if (this.#toldMs !== null && Math.abs(ms - this.#toldMs) < CHANGED_MS) return null;
    this.#toldMs = ms;
    this.#dueMs = nowMs + EVERY_MS;
    return ms;
  }

  /** The relay may have forgotten it. */
  tellAgain(): void {
    this.#toldMs = null;
  }
}
