// Making speech shorter or longer by one pitch period, at its own pitch, and finding where two signals join.

/** What is searched for a period: 2.5 to 12.5 ms, 80 to 400 Hz. */
const MIN_PERIOD = 120;
const MAX_PERIOD = 600;
/** The coarse search looks at every 6th sample (8 kHz). */
const COARSE = 6;
/** Samples that are needed to reach every period. */
export const SCALE_WINDOW = 2 * MAX_PERIOD;
/** Mean square of −50 dBFS: below it nobody hears a cut, and any is good. */
const QUIET = 1e-5;

/** The period of `samples` (from `start`, `length` of them), or 0 where no two neighbouring ones are alike enough. */
export function findPeriod(samples: Float32Array, start: number, length: number, atLeast: number): number {
  const longest = Math.min(MAX_PERIOD, Math.floor(length / 2));
  if (longest < MIN_PERIOD) return 0;
  let power = 0;
  for (let i = 0; i < 2 * longest; i++) power += samples[start + i]! ** 2;
  if (power / (2 * longest) < QUIET) return longest;
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
  return likeness(samples, start, samples, start + fine, longest, 1) >= atLeast ? fine : 0;
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

/** Where in `tail`, a continuation of what was heard, the signal is most like the start of `next`. */
export function bestJoint(tail: Float32Array, next: Float32Array, overlap: number): number {
  const places = tail.length - overlap;
  let joint = 0;
  let score = Number.NEGATIVE_INFINITY;
  for (let place = 0; place <= places; place += 3) {
    const like = likeness(tail, place, next, 0, overlap, 3);
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
