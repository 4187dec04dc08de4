// The output begins with as little buffering as the browser gives. A device that runs dry again and again needs more;
// it gets it a step at a time. Pure: time and counts are arguments.

/** `latencyHint` of the playback context, in seconds. */
export const OUTPUT_HINTS = [0, 0.02, 0.04, 0.08] as const;

/** The first moments of a context are rough on every device. */
const SETTLE_MS = 3_000;
/** So many underruns within so long are heard, and a longer buffer is the smaller evil. */
const MANY = 4;
const WINDOW_MS = 15_000;

export class OutputSteps {
  #step = 0;
  #sinceMs: number | null = null;
  #last = 0;
  #underrunsMs: number[] = [];

  get hint(): number {
    return OUTPUT_HINTS[this.#step]!;
  }

  /** `underruns`: all there were so far in this context. True: it is time for a context with the next hint. */
  observe(nowMs: number, underruns: number): boolean {
    this.#sinceMs ??= nowMs;
    const fresh = Math.max(0, underruns - this.#last);
    this.#last = underruns;
    if (nowMs - this.#sinceMs < SETTLE_MS || this.#step === OUTPUT_HINTS.length - 1) return false;
    for (let n = 0; n < Math.min(fresh, MANY); n++) this.#underrunsMs.push(nowMs);
    this.#underrunsMs = this.#underrunsMs.filter((at) => nowMs - at < WINDOW_MS);
    return this.#underrunsMs.length >= MANY;
  }

  /** Goes up a step; what is observed next is another context. */
  up(): void {
    this.#step = Math.min(this.#step + 1, OUTPUT_HINTS.length - 1);
    this.#sinceMs = null;
    this.#last = 0;
    this.#underrunsMs = [];
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
