// How much of what was sent may be on its way: the same decisions as the relay's (relay/wire/src/pace.rs), from the same
// vectors. What is on its way cannot be taken back, so its bound is a time, and its size follows the rate at which the
// link really drains.

/** The rate is the mean over about this time. */
const MEAN_OVER_US = 200_000;
/** Shorter looks say more about the scheduler than about the link. */
const SHORTEST_LOOK_US = 1000;

/** Counts in whole bytes and microseconds. */
export class Pace {
  budgetUs: number;
  readonly #ptimeUs: number;
  #meanX8: number;
  /** What the link drains, in bytes per second, up to the rate of the stream. */
  #drains: number;
  #lastUs = 0;
  #held = 0;

  constructor(ptimeUs: number, packetBytes: number, budgetUs: number) {
    this.budgetUs = budgetUs;
    this.#ptimeUs = ptimeUs;
    this.#meanX8 = packetBytes * 8;
    this.#drains = this.#stream();
  }

  /** A packet was sent. */
  wrote(nowUs: number, bytes: number): void {
    this.#meanX8 += bytes - Math.floor(this.#meanX8 / 8);
    if (this.#held === 0) this.#lastUs = nowUs;
    this.#held += bytes;
  }

  /** So much is on its way now. */
  drained(nowUs: number, held: number): void {
    const tookUs = Math.max(0, nowUs - this.#lastUs);
    if (this.#held === 0 || tookUs < SHORTEST_LOOK_US) return;
    const left = Math.max(0, this.#held - held);
    this.#lastUs = nowUs;
    this.#held = held;
    const known = this.#drains * MEAN_OVER_US;
    const rate = Math.floor((left * 1_000_000 + known) / (MEAN_OVER_US + tookUs));
    // What was empty before this look would have drained faster.
    this.#drains = Math.min(held === 0 ? Math.max(rate, this.#drains) : rate, this.#stream());
  }

  /** Nothing more is sent while this many bytes or more are on their way. At least 1: one packet always goes. */
  get limit(): number {
    return Math.max(1, Math.floor((this.#drains * this.budgetUs) / 1_000_000));
  }

  #stream(): number {
    return Math.floor((this.#meanX8 * 1_000_000) / (8 * this.#ptimeUs));
  }
}
