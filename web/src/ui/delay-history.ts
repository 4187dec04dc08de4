// The delay over the last minute, split by stage, and what there is to say about it. Pure: time is an argument.

import { type Stages, sum } from './stages.ts';

export interface Sample {
  atMs: number;
  stages: Stages;
}

const MEMORY_MS = 60_000;
/** Twice a second is enough for an eye. */
const EVERY_MS = 500;

export class DelayHistory {
  #samples: Sample[] = [];
  #concealed: { atMs: number; totalMs: number }[] = [];

  /** `concealedMs`: all that was concealed so far. True if it was taken into the picture. */
  add(nowMs: number, stages: Stages | null, concealedMs: number): boolean {
    const last = this.#concealed.at(-1);
    if (last !== undefined && nowMs - last.atMs < EVERY_MS) return false;
    // The count begins anew with each session.
    if (last !== undefined && concealedMs < last.totalMs) this.#concealed = [];
    this.#concealed = recent([...this.#concealed, { atMs: nowMs, totalMs: concealedMs }], nowMs);
    if (stages !== null) this.#samples.push({ atMs: nowMs, stages });
    this.#samples = recent(this.#samples, nowMs);
    return true;
  }

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** Of the last minute. */
  get concealedMs(): number {
    return (this.#concealed.at(-1)?.totalMs ?? 0) - (this.#concealed[0]?.totalMs ?? 0);
  }
}

const recent = <T extends { atMs: number }>(all: T[], nowMs: number): T[] =>
  all.filter(({ atMs }) => nowMs - atMs <= MEMORY_MS);

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
