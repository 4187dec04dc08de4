// A stream at the gain beside its packets. What gets louder is held under the ceiling that a mix is held under, so that a
// voice sounds the same on both sides of a seam. The same as relay/engine/src/jitter/amplifier.rs.

import { Limiter } from '../limiter.ts';

/** Over so many samples, 10 ms, one gain becomes the next. */
const GLIDE_SAMPLES = 480;

export class Amplifier {
  readonly #limiter = new Limiter();
  /** Linear, at the end of the last frame. */
  #gain = 1;

  /** What the signal is scaled by now, all in all. */
  get level(): number {
    return this.#gain * this.#limiter.gain;
  }

  /** Scales a frame by the gain beside its packet, from the last one on where the signal `goesOn` from that. */
  play(frame: Float32Array, length: number, halfDb: number, goesOn: boolean): void {
    const wanted = halfDb === 0 ? 1 : 10 ** (halfDb / 40);
    if (!goesOn) {
      this.#gain = wanted;
      this.#limiter.reset();
    }
    const from = this.#gain;
    this.#gain = wanted;
    this.#scale(frame, length, GLIDE_SAMPLES, from, wanted);
  }

  /** Scales concealment, which is as loud as what it follows but for a fade from one gain to another. */
  fade(frame: Float32Array, from: number, to: number): void {
    this.#scale(frame, frame.length, frame.length, from * this.#gain, to * this.#gain);
  }

  /** By a gain that goes linearly from `from` to `to` over `glide` samples and stays there. */
  #scale(frame: Float32Array, length: number, glide: number, from: number, to: number): void {
    if (from === 1 && to === 1 && this.#limiter.rests) return;
    for (let i = 0; i < length; i++) frame[i]! *= from + (to - from) * Math.min(1, i / glide);
    if (from > 1 || to > 1 || !this.#limiter.rests) this.#limiter.process(frame, length);
  }
}
