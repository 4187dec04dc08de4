// Whose link is weak, and whether this device is slow. Pure: time is an argument.

import type { Verdict } from './delay-history.ts';

/** A sign of trouble of one's own is shown for this long. */
export const SHOWN_MS = 5_000;
export const WEAK_ROUND_TRIP_MS = 120;

export interface Signs {
  ownId: number | null;
  /** Packets that the link did not take so far. */
  withheld: number;
  /** The last one, to the relay and back. */
  roundTripMs: number;
  /** Ids of the others who talk. */
  talkers: readonly number[];
  /** On the delay; null while nothing is heard. */
  verdict: Verdict | null;
}

export class WeakLinks {
  readonly #own = new GrowthSign();

  /** Gives the ids of those whose link is weak. */
  seen(nowMs: number, { ownId, withheld, roundTripMs, talkers, verdict }: Signs): number[] {
    const isOwn = this.#own.seen(nowMs, withheld, roundTripMs >= WEAK_ROUND_TRIP_MS);
    const own = ownId !== null && isOwn ? [ownId] : [];
    // Of a mix nobody can say whose packets were late.
    return verdict === 'their_link' && talkers.length === 1 ? [...own, ...talkers] : own;
  }
}

/** Trouble is a count that grows, and is shown for a while after it last did. */
export class GrowthSign {
  #count = 0;
  #untilMs = Number.NEGATIVE_INFINITY;

  /** `besides`: there is another sign of it. */
  seen(nowMs: number, count: number, besides = false): boolean {
    if (count > this.#count || besides) this.#untilMs = nowMs + SHOWN_MS;
    this.#count = count;
    return nowMs < this.#untilMs;
  }
}
