/** Continues a counter of a fixed width past its wraps. A jump of exactly half the circle counts as ahead. */
export class Unwrapper {
  readonly #modulus: number;
  #last: number | null = null;

  constructor(bits: 16 | 32) {
    this.#modulus = 2 ** bits;
  }

  next(wrapped: number): number {
    if (this.#last === null) {
      this.#last = wrapped;
      return wrapped;
    }
    const modulus = this.#modulus;
    let ahead = (wrapped - this.#last) % modulus;
    if (ahead < 0) ahead += modulus;
    const value = this.#last + (ahead <= modulus / 2 ? ahead : ahead - modulus);
    this.#last = Math.max(this.#last, value);
    return value;
  }
}
