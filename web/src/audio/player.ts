// From packets to the samples of one render quantum: jitter buffer at 48 kHz, then the device's own rate.
// Time is an argument, in µs of the playback context's clock.

import { JitterBuffer } from './jitter/jitter-buffer.ts';
import type { Packet } from './jitter/packet.ts';
import type { JitterStats } from './jitter/stats.ts';
import { levelOf, rms } from './level.ts';
import type { Decoder } from './opus.ts';
import { Resampler } from './resampler.ts';
import { LOOK_AHEAD_US, MAX_PTIME_SAMPLES, SAMPLE_RATE } from './units.ts';

/** More than a render quantum needs at any pair of rates we meet. */
const SCRATCH_SAMPLES = 2 * MAX_PTIME_SAMPLES;
/** Volume changes take about 10 ms of samples, so they do not click. */
const VOLUME_STEP = 1 / 480;

export class Player {
  readonly #newDecoder: () => Decoder;
  readonly #resampler: Resampler;
  readonly #scratch = new Float32Array(SCRATCH_SAMPLES);
  #buffer: JitterBuffer;
  #volume = 1;
  #wantedVolume = 1;
  #sounding = false;
  /** How many samples of silence went into the resampler last. */
  #silent = 0;
  #waitedUs = 0;
  #loudest = 0;

  constructor(newDecoder: () => Decoder, outputRate: number) {
    this.#newDecoder = newDecoder;
    this.#resampler = new Resampler(SAMPLE_RATE, outputRate);
    this.#buffer = new JitterBuffer(newDecoder, MAX_PTIME_SAMPLES);
  }

  /** A new session: nothing of the old timeline is left. */
  begin(ptimeSamples: number): void {
    this.#buffer.free();
    this.#buffer = new JitterBuffer(this.#newDecoder, ptimeSamples);
  }

  /** `waitedUs`: how long it waited in the relay for the tick of a mix. */
  insert(nowUs: number, packet: Packet, waitedUs = 0): void {
    this.#buffer.insert(nowUs, packet);
    if (!packet.prime) this.#waitedUs = waitedUs;
  }

  set volume(volume: number) {
    this.#wantedVolume = volume;
  }

  render(nowUs: number, out: Float32Array): void {
    this.#resampler.steer = this.#buffer.steer;
    const needed = this.#resampler.needed(out.length);
    if (needed > 0) {
      this.#sounding = this.#buffer.pull(nowUs, this.#scratch, needed);
      this.#silent = this.#sounding ? 0 : this.#silent + needed;
      if (this.#silent > needed + 2 * this.#resampler.lookaheadSamples) {
        // Silence between nothing but silence needs no filter.
        out.fill(0);
        this.#volume = this.#wantedVolume;
        return;
      }
      this.#resampler.push(this.#scratch, needed);
    }
    this.#resampler.pull(out);
    this.#loudest = Math.max(this.#loudest, rms(out));
    if (this.#volume === 1 && this.#wantedVolume === 1) return;
    for (let i = 0; i < out.length; i++) {
      const away = this.#wantedVolume - this.#volume;
      this.#volume += Math.max(-VOLUME_STEP, Math.min(VOLUME_STEP, away));
      out[i]! *= this.#volume;
    }
  }

  /** The loudest quantum since this was last asked, before the volume, −dBov. */
  takeLevel(): number {
    const level = levelOf(this.#loudest);
    this.#loudest = 0;
    return level;
  }

  get sounding(): boolean {
    return this.#sounding;
  }

  /** Capture time of the sample that is rendered next, relay clock modulo 2³² µs; 0 is unknown. */
  get captureUs(): number {
    const { captureUs } = this.#buffer;
    if (captureUs === 0) return 0;
    return captureUs - LOOK_AHEAD_US - (this.#resampler.heldSamples / SAMPLE_RATE) * 1e6;
  }

  /** How long the relay had it, µs; null is unknown. */
  get heldUs(): number | null {
    return this.#buffer.heldUs;
  }

  /** How much of that was for the tick of a mix; ticks keep their distance, so the newest packet speaks for all. */
  get waitedUs(): number {
    return Math.min(this.#waitedUs, this.heldUs ?? 0);
  }

  get stats(): Readonly<JitterStats> {
    return this.#buffer.stats;
  }
}
