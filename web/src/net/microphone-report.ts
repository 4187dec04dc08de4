// What the relay is told of one's own microphone, for the listeners' ledgers: how old the last sample of a packet is when
// the packet is written. It is a property of device and browser, so it is told when it is known and when it has changed.

/** Share of a new figure in the one that is told. */
const SHARE = 1 / 64;
/** A thread that is late for once tells nothing of the microphone. */
const KNOWN_AFTER = 32;
const CHANGED_MS = 3;
const EVERY_MS = 2_000;

export class MicrophoneReport {
  #smoothedMs = 0;
  #seen = 0;
  #toldMs: number | null = null;
  #dueMs = 0;

  /** A packet was written; gives the figure to tell now, if any. */
  wrote(lagMs: number, nowMs: number): number | null {
    this.#seen += 1;
    this.#smoothedMs += (lagMs - this.#smoothedMs) * Math.max(SHARE, 1 / this.#seen);
    if (this.#seen < KNOWN_AFTER || nowMs < this.#dueMs) return null;
    if (this.#toldMs !== null && Math.abs(this.#smoothedMs - this.#toldMs) < CHANGED_MS) return null;
    this.#toldMs = Math.max(0, Math.round(this.#smoothedMs));
    this.#dueMs = nowMs + EVERY_MS;
    return this.#toldMs;
  }

  /** The relay may have forgotten it. */
  tellAgain(): void {
    this.#toldMs = null;
  }
}
