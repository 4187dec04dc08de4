// From the samples of the last minute to the columns of its plots: seconds before now, then what is drawn over them. Pure.

import type { Sample } from './delay-history.ts';
import { STAGES } from './stages.ts';

export const PLOTTED_S = 60;
/** Samples with a delay that are further apart are silence between talkspurts, and no line goes over it. */
const GAP_MS = 1_500;
/** The floor of the level's axis: silence. */
export const QUIETEST_DB = -80;

type Column = (number | null)[];

/** Sums of the stages: all of them, all but the last, and so on to the first. */
export function stageColumns(samples: readonly Sample[]): [number[], ...Column[]] {
  const x: number[] = [];
  const sums: Column[] = STAGES.map(() => []);
  const now = samples.at(-1)?.atMs ?? 0;
  let before: number | null = null;
  for (const { atMs, stages } of samples) {
    if (stages === null) continue;
    if (before !== null && atMs - before > GAP_MS) {
      x.push((before + 1 - now) / 1000);
      for (const sum of sums) sum.push(null);
    }
    before = atMs;
    x.push((atMs - now) / 1000);
    let sum = 0;
    STAGES.forEach((stage, n) => {
      sum += stages[stage];
      sums[STAGES.length - 1 - n]!.push(sum);
    });
  }
  return [x, ...sums];
}

/** Concealment and target of the jitter buffer in ms, level in dB, and 1 where packets were discarded. */
export function playoutColumns(samples: readonly Sample[]): [number[], Column, Column, Column, Column] {
  const columns: [number[], Column, Column, Column, Column] = [[], [], [], [], []];
  const [x, concealed, target, level, discards] = columns;
  const now = samples.at(-1)?.atMs ?? 0;
  let before: number | null = null;
  for (const sample of samples) {
    // Who was deafened meanwhile played nothing.
    if (before !== null && sample.atMs - before > GAP_MS) {
      x.push((before + 1 - now) / 1000);
      for (const column of [concealed, target, level, discards]) column.push(null);
    }
    before = sample.atMs;
    x.push((sample.atMs - now) / 1000);
    concealed.push(sample.concealedMs > 0 ? sample.concealedMs : null);
    target.push(sample.targetMs);
    level.push(Math.max(QUIETEST_DB, -sample.level));
    discards.push(sample.discarded > 0 ? 1 : null);
  }
  return columns;
}
