// Speech or not: an energy detector over a tracked noise floor, that of `capture-cli` with higher floors. It is sensitive on
// purpose: a missed onset costs a syllable, a false one a few packets. Energy is watched in two bands, because a fricative
// that begins a word is far below the hum of a room in total energy and far above it at high frequencies. The floor is the
// minimum of the last two seconds (Martin 2001, minimum statistics): speech pauses more often than that, noise does not.

import { SAMPLE_RATE, SAMPLES_PER_MS } from './units.ts';

/** Samples of one decision: 10 ms. */
const HOP_SAMPLES = 10 * SAMPLES_PER_MS;
/** How far above the floor speech is. White noise varies by 0.3 dB (one sigma) over a hop, and its minimum lies 1 dB lower. */
const OVER_FLOOR_DB = 6;
/** What rises this far above the usual noise right before speech may already belong to it. */
const HINT_DB = 3;
/** The usual noise is averaged over so many hops without speech (0.5 s). */
const USUAL_HOPS = 50;
/** A floor above this is not believed: a steady tone or loud music is meant to be heard, and is no noise. */
const HIGHEST_FLOOR_DB = -45;
/** The floors are at least these: what a browser processes is next to silent in pauses, and anything stands out of nothing. */
const LOWEST_FLOOR_DB = -64;
const LOWEST_HIGH_FLOOR_DB = -70;
/** The minimum is of the energy over this many hops (50 ms): rumble varies by 10 dB from one hop to the next. */
const SMOOTH_HOPS = 5;
/** The minimum is taken over this many windows of this many hops: 2 s. */
const WINDOWS = 16;
const WINDOW_HOPS = 12;
/** Until this many hops have passed (0.5 s) the minimum may be speech itself, so it is not believed. */
const LEARNING_HOPS = 50;
/** One pole at 120 Hz. */
const HIGH_PASS = Math.exp((-2 * Math.PI * 120) / SAMPLE_RATE);

/** How sound rose before speech was certain: not at all, within the frame, or since its start and maybe before. */
export type Rise = 'none' | 'within' | 'from_start';

/** What a detector heard in a frame: whether there is speech in it, and how that may have begun. */
export interface Heard {
  speech: boolean;
  rise: Rise;
}

export class SpeechDetector {
  readonly #broad = new Band(LOWEST_FLOOR_DB);
  readonly #high = new Band(LOWEST_HIGH_FLOOR_DB);
  /** State of the filters: last input and last output of the high-pass. */
  #lastIn = 0;
  #lastOut = 0;

  /** Hears a frame, a multiple of 10 ms. */
  hears(frame: Float32Array): Heard {
    let rise: Rise = 'from_start';
    let speech = false;
    for (let at = 0; at + HOP_SAMPLES <= frame.length; at += HOP_SAMPLES) {
      const hop = this.#hop(frame, at);
      // After the first hop of speech only the floor is still interested.
      if (!speech && !hop.speech) rise = !hop.hint ? 'none' : rise === 'none' ? 'within' : rise;
      speech ||= hop.speech;
    }
    return { speech, rise };
  }

  #hop(frame: Float32Array, at: number): { speech: boolean; hint: boolean } {
    let broad = 0;
    let high = 0;
    let silent = true;
    for (let i = at; i < at + HOP_SAMPLES; i++) {
      const input = frame[i]!;
      const passed = input - this.#lastIn + HIGH_PASS * this.#lastOut;
      // A first difference rises by 6 dB an octave: the band of fricatives.
      const difference = passed - this.#lastOut;
      this.#lastIn = input;
      this.#lastOut = passed;
      broad += passed * passed;
      high += difference * difference;
      silent &&= input === 0;
    }
    // Where the input is exactly nothing, what rings in the filters is not sound.
    const broadEnergy = silent ? 0 : broad / HOP_SAMPLES;
    const highEnergy = silent ? 0 : high / HOP_SAMPLES;
    const hint = this.#broad.hints(broadEnergy) || this.#high.hints(highEnergy);
    // Each band has to hear each hop.
    const risen = [this.#broad.rises(broadEnergy), this.#high.rises(highEnergy)];
    const speech = risen.includes(true);
    if (!speech) {
      this.#broad.isUsual(broadEnergy);
      this.#high.isUsual(highEnergy);
    }
    return { speech, hint };
  }
}

class Band {
  readonly #lowestDb: number;
  /** Minima of the last windows, the current one last. */
  readonly #minima: number[] = Array(WINDOWS).fill(Number.POSITIVE_INFINITY);
  /** Energies of the last hops. */
  readonly #recent: number[] = Array(SMOOTH_HOPS).fill(0);
  #hopsInWindow = 0;
  #hops = 0;
  /** Mean square of hops without speech. */
  #usual = 0;

  constructor(lowestDb: number) {
    this.#lowestDb = lowestDb;
  }

  /** Takes the energy of a hop; whether it rises above the floor. */
  rises(energy: number): boolean {
    this.#recent[this.#hops % SMOOTH_HOPS] = energy;
    if (this.#hopsInWindow === WINDOW_HOPS) {
      this.#minima.shift();
      this.#minima.push(Number.POSITIVE_INFINITY);
      this.#hopsInWindow = 0;
    }
    this.#hopsInWindow += 1;
    this.#hops += 1;
    if (this.#hops >= SMOOTH_HOPS) {
      const mean = this.#recent.reduce((sum, each) => sum + each, 0) / SMOOTH_HOPS;
      this.#minima[WINDOWS - 1] = Math.min(this.#minima[WINDOWS - 1]!, db(mean));
    }
    return db(energy) > this.#floorDb + OVER_FLOOR_DB;
  }

  hints(energy: number): boolean {
    return db(energy) > Math.max(db(this.#usual), this.#lowestDb) + HINT_DB;
  }

  isUsual(energy: number): void {
    this.#usual += (energy - this.#usual) / USUAL_HOPS;
  }

  get #floorDb(): number {
    if (this.#hops < LEARNING_HOPS) return this.#lowestDb;
    return Math.min(HIGHEST_FLOOR_DB, Math.max(this.#lowestDb, Math.min(...this.#minima)));
  }
}

/** Level of a mean square, dBFS. */
const db = (meanSquare: number): number => 10 * Math.log10(meanSquare);
