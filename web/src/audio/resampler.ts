// A streaming resampler with a ratio that may move a little while it runs: devices run at 44.1, 48 or 16 kHz, media
// time at 48 kHz, and the playout steers by ±0.4 %. Windowed sinc, polyphase with linear interpolation between phases.

const ZERO_CROSSINGS = 16;
const PHASES = 256;
/** Kaiser window, β = 8: stop band below −80 dB. */
const BETA = 8;
/** Leaves a transition band below the lower of the two Nyquist frequencies. */
const CUTOFF = 0.92;

export class Resampler {
  /** Input samples per output sample. */
  readonly #ratio: number;
  readonly #taps: number;
  /** PHASES + 1 rows of taps; the last row is the first one shifted by one sample. */
  readonly #kernel: Float32Array;
  #history: Float32Array;
  #filled: number;
  /** Position of the next output sample's first tap in the history, fraction included. */
  #position = 0;
  #steer = 1;

  constructor(inputRate: number, outputRate: number) {
    this.#ratio = inputRate / outputRate;
    const scale = Math.min(1, outputRate / inputRate) * CUTOFF;
    this.#taps = 2 * Math.ceil(ZERO_CROSSINGS / Math.min(1, outputRate / inputRate));
    this.#kernel = kernel(this.#taps, scale);
    this.#history = new Float32Array(4096);
    // Half a kernel of silence comes first, so that output and input are aligned at their first sample.
    this.#filled = this.#taps / 2 - 1;
  }

  /** Input samples that must be there after the one whose place is put out: the filter's delay. */
  get lookaheadSamples(): number {
    return this.#taps / 2;
  }

  /** Consumes input faster (above 1) or slower (below 1) than the ratio of the rates. */
  set steer(factor: number) {
    this.#steer = factor;
  }

  /** How many more input samples `outputSamples` need. */
  needed(outputSamples: number): number {
    if (outputSamples === 0) return 0;
    const last = this.#position + (outputSamples - 1) * this.#ratio * this.#steer;
    return Math.max(0, Math.floor(last) + this.#taps + 1 - this.#filled);
  }

  /** How many output samples what was pushed is good for. */
  get available(): number {
    const room = this.#filled - this.#taps - this.#position;
    return room < 0 ? 0 : Math.floor(room / (this.#ratio * this.#steer)) + 1;
  }

  /** Input samples that were pushed and come out later: the filter's delay, and what was pushed ahead. */
  get heldSamples(): number {
    return this.#filled - this.#position - (this.#taps / 2 - 1);
  }

  push(input: Float32Array, length = input.length): void {
    if (this.#filled + length > this.#history.length) this.#compact(length);
    for (let i = 0; i < length; i++) this.#history[this.#filled + i] = input[i]!;
    this.#filled += length;
  }

  /** Fills all of `output`; `needed` samples must have been pushed before. */
  pull(output: Float32Array): void {
    const step = this.#ratio * this.#steer;
    const taps = this.#taps;
    const history = this.#history;
    const coefficients = this.#kernel;
    let position = this.#position;
    for (let n = 0; n < output.length; n++) {
      const start = Math.floor(position);
      const exact = (position - start) * PHASES;
      const phase = Math.floor(exact);
      const blend = exact - phase;
      const row = phase * taps;
      let low = 0;
      let high = 0;
      for (let k = 0; k < taps; k++) {
        const sample = history[start + k]!;
        low += sample * coefficients[row + k]!;
        high += sample * coefficients[row + taps + k]!;
      }
      output[n] = low + (high - low) * blend;
      position += step;
    }
    this.#position = position;
  }

  #compact(incoming: number): void {
    const used = Math.floor(this.#position);
    const kept = this.#filled - used;
    if (kept + incoming > this.#history.length) {
      const larger = new Float32Array(2 * (kept + incoming));
      larger.set(this.#history.subarray(used, this.#filled));
      this.#history = larger;
    } else {
      this.#history.copyWithin(0, used, this.#filled);
    }
    this.#filled = kept;
    this.#position -= used;
  }
}

function kernel(taps: number, cutoff: number): Float32Array {
  const rows = new Float32Array((PHASES + 1) * taps);
  for (let phase = 0; phase <= PHASES; phase++) {
    let sum = 0;
    for (let k = 0; k < taps; k++) {
      const x = k - (taps / 2 - 1) - phase / PHASES;
      const value = cutoff * sinc(cutoff * x) * kaiser(x / (taps / 2));
      rows[phase * taps + k] = value;
      sum += value;
    }
    // Unit gain at 0 Hz in every phase, or a constant would ripple.
    for (let k = 0; k < taps; k++) rows[phase * taps + k]! /= sum;
  }
  return rows;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

function kaiser(x: number): number {
  return Math.abs(x) >= 1 ? 0 : bessel0(BETA * Math.sqrt(1 - x * x)) / bessel0(BETA);
}

/** Modified Bessel function of the first kind, order 0, by its power series. */
function bessel0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-9 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
