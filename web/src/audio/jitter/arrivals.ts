// How late packets come, and the delay worth waiting for: the decisions of relay/engine/src/jitter/arrivals.rs.
//
// The transit of a packet is its arrival minus its media time, two clocks apart. The smallest transit of the last few
// seconds is the link at its fastest; a packet's relative arrival delay is what it took beyond that.

import { SlidingMinimum } from '../sliding-minimum.ts';
import { SAMPLE_RATE } from '../units.ts';

/** Of each half second the largest delay goes into the histogram, so that a burst counts once whatever its length. */
const WINDOW_SAMPLES = SAMPLE_RATE / 2;
/** Share of the windows that must pass without a late packet. */
const QUANTILE = 0.95;
/** The least worth waiting for: the scheduling noise of two machines. */
const MARGIN_US = 1_000;
/** Above this a delay that is rare is an outage: it is concealed and caught up with, not waited for. */
const OUTAGE_US = 160_000;
/** Outages closer together than this are jitter. */
const RECURRING_US = 10_000_000;
/** What the first packets are given, before anything is known about the link. */
const FIRST_GUESS_US = 8_000;

export class Arrivals {
  #fastest = new SlidingMinimum();
  #histogram = new Histogram();
  #windowMaxUs = 0;
  #windowSamples = 0;
  #windows = 0;
  /** The largest delay of the window before. */
  #lastWindowUs = 0;
  /** By how much the histogram is still to be moved: less than a bucket. */
  #shiftUs = 0;
  #inOutage = false;
  #recurring = false;
  #lastOutageUs = Number.NEGATIVE_INFINITY;

  /** Takes note of a packet; one that is late by intent moves the fastest transit, but not the histogram. */
  record(nowUs: number, timestamp: number, samples: number, counts: boolean): void {
    const transit = nowUs - (timestamp / SAMPLE_RATE) * 1e6;
    const before = this.#fastest.value;
    this.#fastest.update(nowUs, transit);
    const fastest = this.#fastest.value!;
    if (before !== null && fastest > before) this.#slower(fastest - before);
    const delay = transit - fastest;
    const jitter = this.#isJitter(nowUs, delay);
    if (counts && jitter) this.#windowMaxUs = Math.max(this.#windowMaxUs, delay);
    this.#windowSamples += samples;
    if (this.#windowSamples < WINDOW_SAMPLES) return;
    this.#histogram.add(this.#windowMaxUs);
    this.#windows += 1;
    this.#lastWindowUs = this.#windowMaxUs;
    this.#windowMaxUs = 0;
    this.#windowSamples = 0;
  }

  /** Forgets where zero is, keeps how the link scatters: the timeline has moved. */
  rebase(): void {
    this.#fastest = new SlidingMinimum();
  }

  /** Arrival time less media time of the fastest packets; null before the first one. */
  get fastestUs(): number | null {
    return this.#fastest.value;
  }

  /** The relative delay at which nearly every packet is there in time. */
  get targetUs(): number {
    // While few windows are known, one late packet among them is not yet a habit: let one window be an exception.
    const share = Math.max(0.5, Math.min(QUANTILE, 1 - 2.2 / (this.#windows + 1)));
    let delay = this.#histogram.quantileUs(share);
    if (this.#windows < 2) delay = Math.max(delay, this.#windowMaxUs);
    if (this.#windows === 0) delay = Math.max(delay, FIRST_GUESS_US);
    return delay + MARGIN_US + delay / 10;
  }

  /** The relative delay of late: what is given up below it would have to be concealed again right away. */
  get recentUs(): number {
    return Math.max(this.#windowMaxUs, this.#lastWindowUs, this.targetUs);
  }

  /**
   * Known is when packets come, not how late they are against one of three seconds ago. A drift the other way is not
   * followed: it would move what is long past further and further out.
   */
  #slower(byUs: number): void {
    this.#shiftUs = this.#histogram.shift(this.#shiftUs - byUs);
    this.#windowMaxUs = Math.max(0, this.#windowMaxUs - byUs);
    this.#lastWindowUs = Math.max(0, this.#lastWindowUs - byUs);
  }

  #isJitter(nowUs: number, delay: number): boolean {
    const wasInOutage = this.#inOutage;
    if (delay > OUTAGE_US && !this.#inOutage) {
      this.#inOutage = true;
      this.#recurring = nowUs - this.#lastOutageUs < RECURRING_US;
      this.#lastOutageUs = nowUs;
    } else if (this.#inOutage && delay <= OUTAGE_US / 8) {
      // What a stall held back comes in one burst, each packet less late than the one before; it is over now.
      this.#inOutage = false;
    }
    return this.#recurring || !(this.#inOutage || wasInOutage);
  }
}

const BUCKETS = 512;
const BUCKET_US = 1_000;
/** What is left of a weight when the next delay comes: a memory of about 30 s at two delays a second. */
const FORGET = 0.983;

/** Weights of delays in buckets of 1 ms; old ones fade as new ones come. */
export class Histogram {
  readonly #weights = new Float32Array(BUCKETS);
  #added = 0;

  add(delayUs: number): void {
    this.#added += 1;
    // The first ones weigh more, so that a second of audio is enough to know a link.
    const forget = Math.max(0, Math.min(FORGET, 1 - 2 / (this.#added + 1)));
    for (let i = 0; i < BUCKETS; i++) this.#weights[i]! *= forget;
    const bucket = Math.min(BUCKETS - 1, Math.max(0, Math.floor(delayUs / BUCKET_US)));
    this.#weights[bucket]! += 1 - forget;
  }

  /** Moves every delay by `byUs`, as when what they are measured from moves. Gives what is less than a bucket. */
  shift(byUs: number): number {
    const buckets = Math.trunc(byUs / BUCKET_US);
    const by = Math.min(BUCKETS - 1, Math.abs(buckets));
    const weights = this.#weights;
    // What would leave the range gathers at its end.
    let gathered = 0;
    if (buckets > 0) {
      for (let i = BUCKETS - 1 - by; i < BUCKETS; i++) gathered += weights[i]!;
      weights.copyWithin(by, 0, BUCKETS - by).fill(0, 0, by);
      weights[BUCKETS - 1] = gathered;
    } else if (buckets < 0) {
      for (let i = 0; i <= by; i++) gathered += weights[i]!;
      weights.copyWithin(0, by).fill(0, BUCKETS - by);
      weights[0] = gathered;
    }
    return byUs - buckets * BUCKET_US;
  }

  /** Upper edge of the bucket in which the distribution reaches `share`; 0 before the first delay. */
  quantileUs(share: number): number {
    if (this.#added === 0) return 0;
    let total = 0;
    for (let i = 0; i < BUCKETS; i++) total += this.#weights[i]!;
    let below = 0;
    for (let i = 0; i < BUCKETS; i++) {
      below += this.#weights[i]!;
      if (below >= share * total) return (i + 1) * BUCKET_US;
    }
    return BUCKETS * BUCKET_US;
  }
}
