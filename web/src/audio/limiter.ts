// Holds a signal under −1 dBFS without delay: the same as relay/engine/src/limiter.rs, in floats.
//
// A whole frame is there at once, so the gain can come down before the peak inside it. Only where a peak stands at the very
// start of a frame it has no time: there the signal is clipped, for at most one segment.

/** −1 dBFS. */
export const CEILING = 29_204 / 32_768;
/** The gain runs linearly between the ends of segments of 2.5 ms. */
const SEGMENT_SAMPLES = 120;
/** Growth of the gain per segment on its way back: 6 dB in 125 ms. */
const RELEASE = 1.014;

export class Limiter {
  #gain = 1;

  /** The gain at the end of the last frame, 1 at most. */
  get gain(): number {
    return this.#gain;
  }

  /** Whether it has nothing to take back. */
  get rests(): boolean {
    return this.#gain >= 1;
  }

  /** Another signal: nothing is to be taken back. */
  reset(): void {
    this.#gain = 1;
  }

  /** Limits the first `length` samples, a multiple of 2.5 ms. */
  process(frame: Float32Array, length: number): void {
    let allowed = allowedGain(frame, 0, length);
    for (let from = 0; from < length; from += SEGMENT_SAMPLES) {
      const nextAllowed = allowedGain(frame, from + SEGMENT_SAMPLES, length);
      const start = this.#gain;
      this.#gain = Math.min(start * RELEASE, 1, allowed, nextAllowed);
      allowed = nextAllowed;
      if (start >= 1 && this.#gain >= 1) continue;
      const step = (this.#gain - start) / SEGMENT_SAMPLES;
      const end = Math.min(from + SEGMENT_SAMPLES, length);
      for (let i = from; i < end; i++) {
        const limited = frame[i]! * (start + step * (i - from));
        frame[i] = Math.max(-CEILING, Math.min(CEILING, limited));
      }
    }
  }
}

/** The largest gain at which the segment from there stays under the ceiling. */
function allowedGain(frame: Float32Array, from: number, length: number): number {
  let peak = 0;
  for (let i = from; i < Math.min(from + SEGMENT_SAMPLES, length); i++) peak = Math.max(peak, Math.abs(frame[i]!));
  return peak <= CEILING ? 1 : CEILING / peak;
}
