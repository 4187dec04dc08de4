// The output begins with as little buffering as the browser gives. A device that runs dry again and again needs more; it
// gets it a step at a time, and in a pause tries again with less once it has been steady. Pure: time and counts are
// arguments.

/** `latencyHint` of the playback context, in seconds. In Chromium on PulseAudio they make for 25, 32, 64, 120 and 230 ms. */
export const OUTPUT_HINTS = [0, 0.01, 0.02, 0.04, 0.08] as const;

/** The first moments of a context are rough on every device. */
const SETTLE_MS = 3_000;
/** A hiccup of the machine is one however many buffers it empties: seconds are counted, not underruns. */
const HICCUP_MS = 1_000;
/** So many within so long are heard, and a longer buffer is the smaller evil. */
const MANY = 4;
const WINDOW_MS = 15_000;
/** Steady for this long, it tries with less; each time that this was wrong it waits longer by this factor. */
const STEADY_MS = 45_000;
const WRONG_FACTOR = 3;

export type OutputStep = 'up' | 'down' | null;

const CHANGE = { up: 1, down: -1, none: 0 } as const;

export class OutputSteps {
  #step = 0;
  #steadyMs = STEADY_MS;
  #sinceMs: number | null = null;
  #last = 0;
  #hiccupsMs: number[] = [];
  #triedLess = false;

  get hint(): number {
    return this.hintAfter(null);
  }

  /** The one that a step leads to. */
  hintAfter(step: OutputStep): number {
    return OUTPUT_HINTS[this.#step + CHANGE[step ?? 'none']]!;
  }

  /** `underruns`: all there were so far in this context. Not null: it is time for a context with another hint. */
  observe(nowMs: number, underruns: number, silent: boolean): OutputStep {
    this.#sinceMs ??= nowMs;
    const fresh = underruns > this.#last;
    this.#last = underruns;
    if (nowMs - this.#sinceMs < SETTLE_MS) return null;
    const lastMs = this.#hiccupsMs.at(-1) ?? Number.NEGATIVE_INFINITY;
    if (fresh && nowMs - lastMs >= HICCUP_MS) this.#hiccupsMs.push(nowMs);
    this.#hiccupsMs = this.#hiccupsMs.filter((at) => nowMs - at < WINDOW_MS);
    if (this.#hiccupsMs.length >= MANY) return this.#step < OUTPUT_HINTS.length - 1 ? 'up' : null;
    const steadySinceMs = Math.max(this.#sinceMs, lastMs);
    return silent && this.#step > 0 && nowMs - steadySinceMs >= this.#steadyMs ? 'down' : null;
  }

  /** Does what was observed; what is observed next is another context. */
  take(step: OutputStep): void {
    if (step === 'up' && this.#triedLess) this.#steadyMs *= WRONG_FACTOR;
    this.#triedLess = step === 'down';
    this.#step += CHANGE[step ?? 'none'];
    this.#sinceMs = null;
    this.#last = 0;
    this.#hiccupsMs = [];
  }
}

/** An output whose clock falls behind ours by this much at once had nothing to play. */
const GAP_MS = 8;
/** The least lag of so many looks is free of what delays a look. */
const LOOKS = 5;

/** Counts underruns where the browser does not: the context's clock stands still meanwhile. */
export class ClockGaps {
  #lags: number[] = [];
  #before: number | null = null;
  count = 0;

  observe(nowMs: number, contextMs: number): void {
    this.#lags.push(nowMs - contextMs);
    if (this.#lags.length < LOOKS) return;
    const least = Math.min(...this.#lags);
    if (this.#before !== null && least - this.#before > GAP_MS) this.count += 1;
    this.#before = least;
    this.#lags = [];
  }
}
