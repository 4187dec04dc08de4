// How loud the noise is behind what is said, so that pauses in a noisy place are known as such, as in
// relay/engine/src/jitter/background.rs.
//
// Background noise has no periods, and nobody hears a piece of it go: like silence, it is where delay is taken out.

import { meanSquare } from './time-scale.ts';

/** Within half a second, in samples, every voice has a gap. */
const WINDOW = 24_000;
/** Up to so much louder than the softest, 3 dB, it is still the background. */
const LOUDER = 2;

export class Background {
  /** Least mean square of a packet in this and in the last window. */
  #least = Number.POSITIVE_INFINITY;
  #leastBefore = Number.NEGATIVE_INFINITY;
  #samples = 0;

  /** Takes note of the signal of a packet: `length` of `samples` from `start`. */
  hear(samples: Float32Array, start: number, length: number): void {
    if (length <= 0) return;
    this.#least = Math.min(this.#least, meanSquare(samples, start, length));
    this.#samples += length;
    if (this.#samples < WINDOW) return;
    this.#leastBefore = this.#least;
    this.#least = Number.POSITIVE_INFINITY;
    this.#samples = 0;
  }

  /** Whether the signal is as soft as the background; never so in the first half second. */
  is(samples: Float32Array, start: number, length: number): boolean {
    const least = Math.min(this.#least, this.#leastBefore);
    return length > 0 && meanSquare(samples, start, length) <= LOUDER * least;
  }
}
