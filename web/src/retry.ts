// What did not come at the first try: tried again by itself a few times, after growing pauses. Whoever has reason to hope
// (a device came, the page is seen again) need not wait for them.

/** A headset that changes over, or a program that lets go, does so within seconds. */
const PAUSES_MS = [1_000, 3_000, 6_000] as const;

/** `waits`: it is tried again by itself. `given_up`: from now on only with a reason; `still_not`: and again not. */
export type Outcome = 'waits' | 'given_up' | 'still_not';

export class Retry {
  readonly #attempt: () => void;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(attempt: () => void) {
    this.#attempt = attempt;
  }

  /** It failed, and is wanted still. */
  get failing(): boolean {
    return this.#failures > 0;
  }

  failed(): Outcome {
    clearTimeout(this.#timer);
    const pauseMs = PAUSES_MS[this.#failures];
    this.#failures += 1;
    if (pauseMs === undefined) return this.#failures === PAUSES_MS.length + 1 ? 'given_up' : 'still_not';
    this.#timer = setTimeout(this.#attempt, pauseMs);
    return 'waits';
  }

  /** It is there, or not wanted any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#failures = 0;
  }
}
