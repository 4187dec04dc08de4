// Making speech shorter or longer by one pitch period, at its own pitch, and finding where two signals join.

/** What is searched for a period: 2.5 to 12.5 ms, 80 to 400 Hz. */
const MIN_PERIOD = 120;
const MAX_PERIOD = 600;
/** The coarse search looks at every third sample (16 kHz). */
const COARSE = 3;
/** Samples that are needed to reach every period. */
export const SCALE_WINDOW = 2 * MAX_PERIOD;
/** Less alike no two periods of a voice are. */
const NO_PERIODS = 0.5;
/** Mean square of −50 dBFS: below it nobody hears a cut, and any is good. */
const QUIET = 1e-5;

/**
 * The period of `samples` (from `start`, `length` of them) that is at most `most` long, or 0 where no two neighbouring
 * ones are alike enough. In `noise` behind what is said, where there are none, the longest.
 */
export function findPeriod(
  samples: Float32Array,
  start: number,
  length: number,
  most: number,
  atLeast: number,
  noise = false,
): number {
  const longest = Math.min(MAX_PERIOD, most, Math.floor(length / 2));
  if (longest < MIN_PERIOD) return 0;
  if (isQuiet(samples, start, 2 * longest)) return longest;
  const coarse = best(samples, start, longest, MIN_PERIOD, longest, COARSE, COARSE);
  const fine = best(
    samples,
    start,
    longest,
    Math.max(MIN_PERIOD, coarse - COARSE),
    Math.min(longest, coarse + COARSE),
    1,
    1,
  );
  const alike = likeness(samples, start, samples, start + fine, longest, 1);
  if (alike >= atLeast) return fine;
  return noise && alike < NO_PERIODS ? longest : 0;
}

/**
 * The period with which the `heard` samples before `start` end and the `left` ones from there begin, at most twice as
 * long as those, or 0 where the two are not alike enough.
 */
export function findHeardPeriod(
  samples: Float32Array,
  start: number,
  heard: number,
  left: number,
  atLeast: number,
): number {
  const longest = Math.min(MAX_PERIOD, heard, 2 * left);
  if (longest < MIN_PERIOD) return 0;
  const window = Math.min(longest, left);
  if (isQuiet(samples, start - longest, longest + window)) return longest;
  let period = 0;
  let score = atLeast;
  for (let lag = MIN_PERIOD; lag <= longest; lag++) {
    const like = likeness(samples, start, samples, start - lag, window, COARSE);
    if (like <= score) continue;
    score = like;
    period = lag;
  }
  return period;
}

/** Writes the `period` samples before `start` as a bridge between them and the `left` that follow. */
export function repeatPeriod(
  samples: Float32Array,
  start: number,
  period: number,
  left: number,
  bridge: Float32Array,
): void {
  const fade = Math.min(left, period);
  for (let i = 0; i < period; i++) {
    const old = samples[start - period + i]!;
    bridge[i] = i < fade ? cross(samples[start + i]!, old, ramp(i, fade)) : old;
  }
}

/** Whether nobody would hear a cut. */
export function isQuiet(samples: Float32Array, start: number, length: number): boolean {
  return meanSquare(samples, start, length) < QUIET;
}

export function meanSquare(samples: Float32Array, start: number, length: number): number {
  let power = 0;
  for (let i = 0; i < length; i++) power += samples[start + i]! ** 2;
  return power / length;
}

/** Merges the two periods at `start` into one; what follows the second one still has to move up by `period`. */
export function mergePeriods(samples: Float32Array, start: number, period: number): void {
  for (let i = 0; i < period; i++) {
    samples[start + i] = cross(samples[start + i]!, samples[start + period + i]!, ramp(i, period));
  }
}

/** Writes the bridge that goes between the two periods at `start` to repeat one. */
export function bridgePeriods(samples: Float32Array, start: number, period: number, bridge: Float32Array): void {
  for (let i = 0; i < period; i++) {
    bridge[i] = cross(samples[start + period + i]!, samples[start + i]!, ramp(i, period));
  }
}

/** Fades from `old` at `oldStart` to `next` over `length` samples, in `next`. */
export function crossFade(
  old: Float32Array,
  oldStart: number,
  next: Float32Array,
  nextStart: number,
  length: number,
): void {
  for (let i = 0; i < length; i++) {
    next[nextStart + i] = cross(old[oldStart + i]!, next[nextStart + i]!, ramp(i, length));
  }
}

/** Goes on with the fade from all of `old`, of which `done` samples are behind; gives how many it did. */
export function continueFade(
  old: Float32Array,
  done: number,
  next: Float32Array,
  nextStart: number,
  length: number,
): number {
  const count = Math.min(length, old.length - done);
  for (let i = 0; i < count; i++) {
    next[nextStart + i] = cross(old[done + i]!, next[nextStart + i]!, ramp(done + i, old.length));
  }
  return count;
}

/** Where in the first `length` samples of `next` from `start` the signal is most like `tail`, a continuation of what was heard. */
export function bestJoint(tail: Float32Array, next: Float32Array, start: number, length: number): number {
  let joint = 0;
  let score = Number.NEGATIVE_INFINITY;
  for (let place = 0; place <= length - tail.length; place++) {
    const like = likeness(tail, 0, next, start + place, tail.length, COARSE);
    if (like > score) {
      score = like;
      joint = place;
    }
  }
  return joint;
}

function best(
  samples: Float32Array,
  start: number,
  window: number,
  from: number,
  to: number,
  stride: number,
  step: number,
): number {
  let period = from;
  let score = Number.NEGATIVE_INFINITY;
  for (let lag = from; lag <= to; lag += stride) {
    const like = likeness(samples, start, samples, start + lag, window, step);
    if (like > score) {
      score = like;
      period = lag;
    }
  }
  return period;
}

/** Normalised correlation of every `step`-th sample. */
function likeness(
  a: Float32Array,
  aStart: number,
  b: Float32Array,
  bStart: number,
  length: number,
  step: number,
): number {
  let ab = 0;
  let aa = 1e-9;
  let bb = 1e-9;
  for (let i = 0; i < length; i += step) {
    const x = a[aStart + i]!;
    const y = b[bStart + i]!;
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / Math.sqrt(aa * bb);
}

const ramp = (i: number, length: number): number => (i + 0.5) / length;
const cross = (old: number, next: number, share: number): number => old + (next - old) * share;
