// Carrying out the decision: signal is taken out or put in, a period at a time and never more than a share of what is
// played, as in relay/engine/src/jitter/scaling.rs.

import { SAMPLE_RATE } from '../units.ts';
import { Background } from './background.ts';
import { HEARD, type SampleQueue } from './sample-queue.ts';
import {
  bridgePeriods,
  findHeardPeriod,
  findPeriod,
  isQuiet,
  mergePeriods,
  repeatPeriod,
  SCALE_WINDOW,
} from './time-scale.ts';

/**
 * Share of the signal, in percent, that time-scaling may take or add: more, by this much a millisecond, the more delay
 * there is over that.
 */
const GENTLE_PERCENT = 12;
const FAST_PERCENT = 50;
const GENTLE_UP_TO_US = 16_000;
const US_PER_PERCENT = 4_000;
/**
 * With more delay to take out than this one is less and less choosy about what goes, until that is all one: what a stall
 * leaves would stay for seconds where speech has no pitch.
 */
const CHOOSY_UP_TO_US = 40_000;
const FAST_ABOVE_US = 100_000;
/** How alike two periods must be for one of them to go: at first very much, less with every refusal, in the end not. */
const CHOOSY = 0.97;
const LESS_A_REFUSAL = 0.01;
const IN_A_HURRY = 0.4;
const IMPATIENCE = 50;
/** How alike they must be for one to be put in, and to be put in while a packet is late. */
const GENTLE = 0.8;
const BRIDGE = 0.5;

export class Scaler {
  readonly #queue: SampleQueue;
  readonly #background = new Background();
  readonly #bridge = new Float32Array(SCALE_WINDOW);
  /** Samples that may be removed or inserted now; earned by playing. */
  #budget = 0;
  /** Times in a row that no two periods were alike enough. */
  #refused = 0;

  constructor(queue: SampleQueue) {
    this.#queue = queue;
  }

  /** So many samples are played: a share of that may be taken or added, and no more than of `most` at once. */
  played(samples: number, most: number): void {
    this.#budget = Math.min(most, this.#budget + samples);
  }

  /** A packet was decoded: the last `length` samples of the queue. */
  hear(length: number): void {
    this.#background.hear(this.#queue.samples, this.#queue.end - length, length);
  }

  /** The talkspurt is over. */
  rest(): void {
    this.#budget = 0;
    this.#refused = 0;
  }

  /** Takes out a period of at most `mostUs` at the end of the queue; gives how many samples went. */
  removePeriod(mostUs: number): number {
    const { samples, end } = this.#queue;
    const window = this.#window;
    const start = end - window;
    if (this.#budget < 0) return 0;
    const free = isQuiet(samples, start, window);
    const most = Math.floor((mostUs * SAMPLE_RATE) / 1e6);
    const noise = this.#background.is(samples, start, window);
    const period = findPeriod(samples, start, window, most, this.#wantedLikeness(mostUs), noise);
    this.#refused = period === 0 ? this.#refused + 1 : 0;
    if (period === 0) return 0;
    mergePeriods(samples, start, period);
    this.#queue.remove(start + period, period);
    const hurry = Math.max(0, mostUs - GENTLE_UP_TO_US) / US_PER_PERCENT;
    if (!free) this.#pay(period, Math.min(FAST_PERCENT, GENTLE_PERCENT + hurry));
    return period;
  }

  /** Repeats a period at the end of the queue; gives how many samples came. */
  insertPeriod(): number {
    const { samples, end } = this.#queue;
    const window = this.#window;
    const start = end - window;
    if (this.#budget < 0) return 0;
    const free = isQuiet(samples, start, window);
    const period = findPeriod(samples, start, window, SCALE_WINDOW, GENTLE);
    if (period === 0) return 0;
    bridgePeriods(samples, start, period, this.#bridge);
    if (!this.#queue.insert(start + period, this.#bridge, period)) return 0;
    if (!free) this.#pay(period, GENTLE_PERCENT);
    return period;
  }

  /** Repeats the last period that was played before what is left; gives how many samples came. */
  repeatHeard(): number {
    const { samples, start, length } = this.#queue;
    if (this.#budget < 0) return 0;
    const period = findHeardPeriod(samples, start, HEARD, length, BRIDGE);
    if (period === 0) return 0;
    repeatPeriod(samples, start, period, length, this.#bridge);
    if (!this.#queue.insert(start, this.#bridge, period)) return 0;
    this.#pay(period, FAST_PERCENT);
    return period;
  }

  get #window(): number {
    return Math.min(SCALE_WINDOW, this.#queue.length);
  }

  #pay(samples: number, percent: number): void {
    this.#budget -= (samples * 100) / percent;
  }

  #wantedLikeness(excessUs: number): number {
    if (this.#refused >= IMPATIENCE) return -1;
    const hurry = Math.max(0, Math.min(1, (excessUs - CHOOSY_UP_TO_US) / (FAST_ABOVE_US - CHOOSY_UP_TO_US)));
    return CHOOSY - (CHOOSY - IN_A_HURRY) * hurry - LESS_A_REFUSAL * this.#refused;
  }
}
