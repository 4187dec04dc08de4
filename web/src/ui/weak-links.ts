// Whose link is weak. Pure: time is an argument.

import type { Verdict } from './delay-history.ts';

/** A sign of a weak link of one's own is shown for this long. */
const SHOWN_MS = 5_000;
const WEAK_ROUND_TRIP_MS = 120;

export interface Signs {
  ownId: number | null;
  /** Packets not sent so far. */
  withheld: number;
  /** The last one, to the relay and back. */
  roundTripMs: number;
  /** Ids of the others who talk. */
  talkers: readonly number[];
  /** On the delay; null while nothing is heard. */
  verdict: Verdict | null;
}

export class WeakLinks {
  #withheld = 0;
  #untilMs = Number.NEGATIVE_INFINITY;

  /** Gives the ids of those whose link is weak. */
  seen(nowMs: number, { ownId, withheld, roundTripMs, talkers, verdict }: Signs): number[] {
    if (withheld > this.#withheld || roundTripMs >= WEAK_ROUND_TRIP_MS) this.#untilMs = nowMs + SHOWN_MS;
    this.#withheld = withheld;
    const own = ownId !== null && nowMs < this.#untilMs ? [ownId] : [];
    // Of a mix nobody can say whose packets were late.
    return verdict === 'their_link' && talkers.length === 1 ? [...own, ...talkers] : own;
  }
}
