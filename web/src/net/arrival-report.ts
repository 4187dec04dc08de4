// What the relay is told of the packets that came: the number of the last one, at most ten times a second. Behind proxies
// it is all that the relay knows of how far the audio has come.

const EVERY_MS = 100;

export class ArrivalReport {
  #unreported: number | null = null;
  #dueMs = 0;

  /** A packet came; gives the number to report now, if any. */
  came(sequence: number, nowMs: number): number | null {
    this.#unreported = sequence;
    return this.due(nowMs);
  }

  /** The number to report now, if any is left that nothing has followed. */
  due(nowMs: number): number | null {
    const sequence = this.#unreported;
    if (sequence === null || nowMs < this.#dueMs) return null;
    this.#unreported = null;
    this.#dueMs = nowMs + EVERY_MS;
    return sequence;
  }
}
