// The last minute of what was heard: the delay split by stage, how loud it was, what was made up and what was never
// played; and what there is to say about the delay. Pure: time is an argument.

import { type Stages, sum } from './stages.ts';

/** Half a second. */
export interface Sample {
  atMs: number;
  /** Null while nothing of anybody is heard, or it is made up. */
  stages: Stages | null;
  /** The loudest, −dBov. */
  level: number;
  /** What the jitter buffer aims at. */
  targetMs: number;
  concealedMs: number;
  /** Packets: too late here, or left out by the relay. */
  discarded: number;
}

/** What is heard now. */
export type Heard = Pick<Sample, 'stages' | 'level' | 'targetMs'>;

/** All of a session so far. */
export interface Counts {
  concealedMs: number;
  /** Packets that came too late. */
  late: number;
  /** Packets that the relay left out. */
  leftOut: number;
}

const MEMORY_MS = 60_000;
/** Twice a second is enough for an eye. */
const EVERY_MS = 500;
const SILENCE = 127;

export class DelayHistory {
  #samples: Sample[] = [];
  #counts: Counts = { concealedMs: 0, late: 0, leftOut: 0 };
  #loudest = SILENCE;

  /** True if a sample was taken. */
  add(nowMs: number, heard: Heard, counts: Counts): boolean {
    this.#loudest = Math.min(this.#loudest, heard.level);
    const last = this.#samples.at(-1);
    if (last !== undefined && nowMs - last.atMs < EVERY_MS) return false;
    const before = this.#counts;
    const sample = {
      ...heard,
      atMs: nowMs,
      level: this.#loudest,
      concealedMs: growth(before.concealedMs, counts.concealedMs),
      discarded: growth(before.late, counts.late) + growth(before.leftOut, counts.leftOut),
    };
    this.#counts = counts;
    this.#loudest = SILENCE;
    this.#samples = [...this.#samples, sample].filter(({ atMs }) => nowMs - atMs <= MEMORY_MS);
    return true;
  }

  get samples(): readonly Sample[] {
    return this.#samples;
  }
}

/** A count begins anew with each session. */
const growth = (before: number, now: number): number => (now < before ? now : now - before);

/** The stages of what was heard last. */
export const lastStages = (samples: readonly Sample[]): Stages | null =>
  samples.reduce<Stages | null>((last, { stages }) => stages ?? last, null);

export const concealedIn = (samples: readonly Sample[]): number =>
  samples.reduce((all, { concealedMs }) => all + concealedMs, 0);

export const discardedIn = (samples: readonly Sample[]): number =>
  samples.reduce((all, { discarded }) => all + discarded, 0);

export type Verdict = 'good' | 'fair' | 'poor' | 'own_link' | 'their_link' | 'device';

/** Below this a conversation is as easy as in one room... */
const GOOD_MS = 150;
/** ...and above this people begin to talk into each other's words (ITU-T G.114 puts it at 400 at the latest). */
const FAIR_MS = 250;
const SLOW_DEVICE_MS = 120;
const SLOW_ROUND_TRIP_MS = 120;

/** `roundTripMs`: the last one, not the shortest. */
export function judge(stages: Stages, roundTripMs: number): Verdict {
  const totalMs = sum(stages);
  if (totalMs <= GOOD_MS) return 'good';
  if (totalMs <= FAIR_MS) return 'fair';
  if (stages.device >= SLOW_DEVICE_MS) return 'device';
  if (roundTripMs >= SLOW_ROUND_TRIP_MS) return 'own_link';
  return stages.uplink + stages.buffer + stages.jitter > totalMs / 2 ? 'their_link' : 'poor';
}
