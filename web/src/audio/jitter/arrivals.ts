// How late packets come, and the delay worth waiting for: the decisions of relay/engine/src/jitter/arrivals.rs.
//
// The transit of a packet is its arrival minus its media time, two clocks apart. The smallest transit of the last few
// seconds is the link at its fastest; a packet's relative arrival delay is what it took beyond that.

import { SlidingMinimum } from '../sliding-minimum.ts';
import { SAMPLE_RATE } from '../units.ts';

/** Of each half second the largest delay goes into the histogram, so that a burst counts once whatever its length. */
const WINDOW_SAMPLES = SAMPLE_RATE / 2;
/** All arithmetic of the histogram is in single precision, so that it ends as in the relay, to the bit. */
const f32 = Math.fround;
/**
 * Share of the windows that must pass without a late packet while delay is cheap, and where it is not: in the ratings of
 * ITU-T G.107 a millisecond costs five times as much from 177 ms between mouth and ear on.
 */
const QUANTILE = f32(0.925);
const DEAR_QUANTILE = f32(0.9);
const DEAR_FROM_US = 40_000;
const DEAR_TO_US = 60_000;
/** While few windows are known a late packet in one of them is not yet a habit. */
const FEW_WINDOWS = f32(2.2);
/** Share of the windows without a packet later than is usual. */
const USUAL_QUANTILE = f32(0.7);

/**
 * Packets that are all later than the fastest are believed to be on a slower road: what is usual follows them by this
 * share of the time.
 */
const FLOOR_RISES = 10;
/** The least worth waiting for: the scheduling noise of the two machines. */
const MARGIN_US = 250;
/** However late packets are: a talk with more delay than this is none. */
const MAX_TARGET_US = 230_000;
/** What is kept of a larger delay of late. */
const MAX_RECENT_US = 60_000;
/** Worth waiting for while next to nothing is known. */
const START_US = 2_000;
/** A clock drifts by no more than this, 500 ppm, while the window of the fastest packets moves on. */
const DRIFT_US = 1_000;
/** Above this a delay that is rare is an outage: it is concealed and caught up with, not waited for. */
const OUTAGE_US = 160_000;
/** Outages closer together than this are jitter: then it costs as much to conceal them as to wait for them all the time. */
const RECURRING_US = 5_000_000;
/** Longer ones are not, however often they come: the largest target leaves too much of them to be worth its wait. */
const UNBRIDGEABLE_US = 320_000;

export class Arrivals {
  #fastest = new SlidingMinimum();
  #histogram = new Histogram();
  /** What the histogram says: the delay that is worth it, and the one that most half seconds have. */
  #worthUs = 0;
  #usualUs = 0;
  #windowMaxUs = 0;
  #windowSamples = 0;
  #windows = 0;
  /** The largest delay of the window before. */
  #lastWindowUs = 0;
  /** By how much every packet of late was behind the fastest. */
  #floorUs = 0;
  /** By how much the histogram is still to be moved: less than a bucket. */
  #shiftUs = 0;
  #inOutage = false;
  #recurring = false;
  #lastOutageUs = Number.NEGATIVE_INFINITY;

  /** Takes note of a packet; one that is late by intent moves the fastest transit, but not the histogram. */
  record(nowUs: number, timestamp: number, samples: number, counts: boolean): void {
    const transit = nowUs - (timestamp * 125) / 6;
    const before = this.#fastest.value;
    this.#fastest.update(nowUs, transit);
    const fastest = this.#fastest.value!;
    if (before !== null && fastest - before > DRIFT_US) this.#slower(fastest - before);
    const delay = transit - fastest;
    this.#floorUs = Math.min(delay, this.#floorUs + Math.trunc(Math.trunc((samples * 125) / 6) / FLOOR_RISES));
    const jitter = this.#isJitter(nowUs, delay);
    if (counts && jitter) this.#windowMaxUs = Math.max(this.#windowMaxUs, delay);
    this.#windowSamples += samples;
    if (this.#windowSamples < WINDOW_SAMPLES) return;
    this.#histogram.add(this.#windowMaxUs);
    this.#windows += 1;
    this.#conclude();
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

  /** Whether anything is known but single packets. */
  get isLearning(): boolean {
    return this.#windows < 2;
  }

  /** The relative delay that is worth waiting for: nearly every packet is there by then. */
  get targetUs(): number {
    const learning = this.isLearning ? Math.max(this.#windowMaxUs, START_US) : 0;
    const delay = Math.min(Math.max(this.#worthUs, learning), MAX_TARGET_US);
    return delay + MARGIN_US + Math.floor(delay / 32);
  }

  /** The relative delay that no packet of most half seconds exceeds, or that every packet of late had. */
  get usualUs(): number {
    return Math.min(Math.max(this.#usualUs, this.#floorUs), MAX_TARGET_US);
  }

  /** The relative delay of late: what is given up below it would have to be concealed again right away. */
  get recentUs(): number {
    return Math.max(Math.min(Math.max(this.#windowMaxUs, this.#lastWindowUs), MAX_RECENT_US), this.targetUs);
  }

  #conclude(): void {
    const known = Math.max(0.5, f32(1 - f32(FEW_WINDOWS / (this.#windows + 1))));
    this.#worthUs = this.#histogram.leastUs((delayUs, share) => share >= Math.min(wantedShare(delayUs), known));
    this.#usualUs = this.#histogram.quantileUs(USUAL_QUANTILE);
  }

  /**
   * Known is when packets come, not how late they are against one of three seconds ago. A drift is not followed: the
   * window always lags behind it, and so by as much does the level.
   */
  #slower(byUs: number): void {
    this.#shiftUs = this.#histogram.shift(this.#shiftUs - byUs);
    this.#conclude();
    this.#windowMaxUs = Math.max(0, this.#windowMaxUs - byUs);
    this.#lastWindowUs = Math.max(0, this.#lastWindowUs - byUs);
    this.#floorUs = Math.max(0, this.#floorUs - byUs);
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
    this.#recurring &&= delay <= UNBRIDGEABLE_US;
    return this.#recurring || !(this.#inOutage || wasInOutage);
  }
}

/** Share of the windows that a delay must suffice for to be worth it. */
function wantedShare(delayUs: number): number {
  const dear = f32(f32(delayUs - DEAR_FROM_US) / f32(DEAR_TO_US - DEAR_FROM_US));
  return f32(QUANTILE + f32(f32(DEAR_QUANTILE - QUANTILE) * Math.max(0, Math.min(1, dear))));
}

const BUCKETS = 512;
const BUCKET_US = 1_000;
/** What is left of a weight when the next delay comes: a memory of about 12 s at two delays a second. */
const FORGET = f32(0.96);

/** Weights of delays in buckets of 1 ms; old ones fade as new ones come. */
export class Histogram {
  readonly #weights = new Float32Array(BUCKETS);
  #added = 0;

  add(delayUs: number): void {
    this.#added += 1;
    // The first ones weigh more, so that a second of audio is enough to know a link.
    const forget = Math.max(0, Math.min(FORGET, f32(1 - f32(2 / (this.#added + 1)))));
    for (let i = 0; i < BUCKETS; i++) this.#weights[i]! *= forget;
    const bucket = Math.min(BUCKETS - 1, Math.max(0, Math.floor(delayUs / BUCKET_US)));
    this.#weights[bucket]! += f32(1 - forget);
  }

  /** Moves every delay by `byUs`, as when what they are measured from moves. Gives what is less than a bucket. */
  shift(byUs: number): number {
    const buckets = Math.trunc(byUs / BUCKET_US);
    const by = Math.min(BUCKETS - 1, Math.abs(buckets));
    const weights = this.#weights;
    // What would leave the range gathers at its end.
    let gathered = 0;
    if (buckets > 0) {
      for (let i = BUCKETS - 1 - by; i < BUCKETS; i++) gathered = f32(gathered + weights[i]!);
      weights.copyWithin(by, 0, BUCKETS - by).fill(0, 0, by);
      weights[BUCKETS - 1] = gathered;
    } else if (buckets < 0) {
      for (let i = 0; i <= by; i++) gathered = f32(gathered + weights[i]!);
      weights.copyWithin(0, by).fill(0, BUCKETS - by);
      weights[0] = gathered;
    }
    return byUs - buckets * BUCKET_US;
  }

  /** Upper edge of the bucket in which the distribution reaches `share`; 0 before the first delay. */
  quantileUs(share: number): number {
    return this.leastUs((_, below) => below >= share);
  }

  /** Upper edge of the first bucket of which, and of the share up to it, `enough` is true; 0 before the first delay. */
  leastUs(enough: (delayUs: number, share: number) => boolean): number {
    if (this.#added === 0) return 0;
    let all = 0;
    for (let i = 0; i < BUCKETS; i++) all = f32(all + this.#weights[i]!);
    let below = 0;
    for (let i = 0; i < BUCKETS; i++) {
      below = f32(below + this.#weights[i]!);
      if (enough((i + 1) * BUCKET_US, f32(below / all))) return (i + 1) * BUCKET_US;
    }
    return BUCKETS * BUCKET_US;
  }
}
