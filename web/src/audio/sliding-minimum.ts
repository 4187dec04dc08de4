const HALF_WINDOW_US = 2_000_000;

/** The minimum over the last 2 to 4 seconds: long enough to meet a fast packet, short enough to follow a drift. */
export class SlidingMinimum {
  #current: number | null = null;
  #previous: number | null = null;
  #sinceUs = Number.NEGATIVE_INFINITY;

  update(nowUs: number, value: number): void {
    if (nowUs - this.#sinceUs >= HALF_WINDOW_US) {
      // After a long silence the older half still says more than a single packet does.
      this.#previous = this.#current ?? this.#previous;
      this.#current = null;
      this.#sinceUs = nowUs;
    }
    this.#current = this.#current === null ? value : Math.min(this.#current, value);
  }

  get value(): number | null {
    if (this.#current === null) return this.#previous;
    return this.#previous === null ? this.#current : Math.min(this.#current, this.#previous);
  }
}
