// Packets that the relay left out on their way to here: they show as gaps in the sequence numbers, and as nothing else.

import { Unwrapper } from './unwrap.ts';

export class SequenceGaps {
  /** Missing so far. */
  packets = 0;
  #sequences = new Unwrapper(16);
  #next: number | null = null;

  /** Numbers on this socket have nothing to do with those before it. */
  begin(): void {
    this.#sequences = new Unwrapper(16);
    this.#next = null;
  }

  /** A packet came. True if some before it are missing. */
  came(wrapped: number): boolean {
    const sequence = this.#sequences.next(wrapped);
    const missing = this.#next === null ? 0 : Math.max(0, sequence - this.#next);
    this.#next = Math.max(this.#next ?? 0, sequence + 1);
    this.packets += missing;
    return missing > 0;
  }
}
