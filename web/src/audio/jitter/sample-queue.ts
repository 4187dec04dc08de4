/** As many of the last played samples are kept right before `start`: a period is looked for in them. */
export const HEARD = 600;

/** Decoded samples that are still to be played. Fixed storage; moves its content to the front when it runs out of room. */
export class SampleQueue {
  readonly samples: Float32Array;
  start = HEARD;
  end = HEARD;

  constructor(capacity: number) {
    this.samples = new Float32Array(capacity);
  }

  get length(): number {
    return this.end - this.start;
  }

  /** Appends `length` samples of `source` from `from`; what does not fit is left out. */
  append(source: Float32Array, from: number, length: number): void {
    const at = this.#room(length);
    for (let i = 0; at + i < this.end; i++) this.samples[at + i] = source[from + i]!;
  }

  appendSilence(length: number): void {
    const at = this.#room(length);
    this.samples.fill(0, at, this.end);
  }

  /** Moves the first `length` samples to `out`, silence where there are fewer; gives how many there were. */
  take(out: Float32Array, length: number): number {
    const count = Math.min(length, this.length);
    for (let i = 0; i < count; i++) out[i] = this.samples[this.start + i]!;
    out.fill(0, count, length);
    this.start += count;
    return count;
  }

  /** Takes out `length` samples at position `at` (absolute). */
  remove(at: number, length: number): void {
    this.samples.copyWithin(at, at + length, this.end);
    this.end -= length;
  }

  /** Puts `length` samples of `source` in at position `at` (absolute); false where there is no room. */
  insert(at: number, source: Float32Array, length: number): boolean {
    if (this.end + length > this.samples.length) return false;
    this.samples.copyWithin(at + length, at, this.end);
    for (let i = 0; i < length; i++) this.samples[at + i] = source[i]!;
    this.end += length;
    return true;
  }

  /** Keeps at most `length` samples, and lets them fade to silence. */
  cutWithFade(length: number): void {
    const kept = Math.min(length, this.length);
    this.end = this.start + kept;
    for (let i = 0; i < kept; i++) this.samples[this.start + i]! *= 1 - (i + 1) / kept;
  }

  #room(length: number): number {
    if (this.end + length > this.samples.length) {
      const kept = this.start - HEARD;
      this.samples.copyWithin(0, kept, this.end);
      this.end -= kept;
      this.start = HEARD;
    }
    const at = this.end;
    this.end = Math.min(this.samples.length, at + length);
    return at;
  }
}
