// From packets to signal: decoders, epochs, gain and concealment.

import type { Decoder } from '../opus.ts';
import { MAX_PTIME_SAMPLES } from '../units.ts';
import { Amplifier } from './amplifier.ts';
import type { Packet } from './packet.ts';
import type { SampleQueue } from './sample-queue.ts';
import { bestJoint, continueFade, crossFade } from './time-scale.ts';

/** How the signal before a packet went on. */
export type Before = 'continuous' | 'silence' | 'concealed' | 'skipped' | 'resumed';

/** Length of the fade between two epochs: 10 ms. */
const SEAM_SAMPLES = 480;
/** Signal of a packet that is looked at for a joint with concealment, and the fade at the joint: 12.5 and 5 ms. */
const JOINT_SEARCH_SAMPLES = 600;
const JOINT_FADE_SAMPLES = 240;
const WORTH_A_JOINT = 0.3;
/** libopus conceals in steps of 2.5 ms. */
export const CONCEAL_STEP_SAMPLES = 120;
const SILENCE = new Float32Array(JOINT_FADE_SAMPLES);

export class Stream {
  readonly #newDecoder: () => Decoder;
  readonly #frame = new Float32Array(MAX_PTIME_SAMPLES);
  readonly #tail = new Float32Array(JOINT_FADE_SAMPLES);
  readonly #seam = new Float32Array(SEAM_SAMPLES);
  readonly #step = new Float32Array(CONCEAL_STEP_SAMPLES);
  readonly #amplifier = new Amplifier();
  #epoch: number | null = null;
  #decoder: Decoder | null = null;
  /** The decoder that primes of the next epoch have gone through. */
  #primedEpoch: number | null = null;
  #primed: Decoder | null = null;
  /** How much of `#seam`, which is how the old epoch would have gone on, is faded out already. */
  #faded = SEAM_SAMPLES;
  /** Samples that the joint of the last decoded packet left out. */
  leftOut = 0;

  constructor(newDecoder: () => Decoder) {
    this.#newDecoder = newDecoder;
  }

  prime(packet: Packet): void {
    if (this.#primedEpoch !== packet.epoch) {
      this.#primed?.free();
      this.#primed = this.#newDecoder();
      this.#primedEpoch = packet.epoch;
    }
    this.#primed!.decode(packet.payload, this.#frame);
  }

  /** Runs a packet through the decoder unheard, so that the next one decodes as it should. */
  passOver(packet: Packet): void {
    this.#switchTo(packet.epoch);
    if (packet.payload.length > 0) this.#decoder!.decode(packet.payload, this.#frame);
  }

  /**
   * Decodes a packet, joins it to what went before, and appends all but its first `skip` samples.
   * Gives the samples it spans, negative where it does not decode; `leftOut` says how many of them the joint did.
   * `heard` is the gain at which concealment sounds by now.
   */
  decode(packet: Packet, before: Before, heard: number, skip: number, queue: SampleQueue): number {
    this.leftOut = 0;
    const changes = this.#epoch !== packet.epoch;
    const fresh = this.#decoder === null || before === 'silence' || before === 'resumed';
    if (fresh) {
      this.#faded = SEAM_SAMPLES;
    } else if (changes) {
      this.#continueInto(this.#seam, heard);
      this.#faded = 0;
    }
    const seam = this.#faded < SEAM_SAMPLES;
    if (!seam && !fresh && before !== 'continuous') this.#continueInto(this.#tail, heard);
    this.#switchTo(packet.epoch);
    const samples = this.#decoder!.decode(packet.payload, this.#frame);
    if (samples <= skip) return samples;
    this.#amplifier.play(this.#frame, samples, packet.gainHalfDb, !fresh && !changes);
    const length = samples - skip;
    if (seam) this.#faded += continueFade(this.#seam, this.#faded, this.#frame, skip, length);
    else this.#join(before, fresh, heard, skip, length);
    queue.append(this.#frame, skip + this.leftOut, length - this.leftOut);
    return samples;
  }

  #join(before: Before, fresh: boolean, heard: number, from: number, length: number): void {
    if (before === 'resumed') {
      crossFade(SILENCE, 0, this.#frame, from, Math.min(JOINT_FADE_SAMPLES, length));
    } else if (before === 'concealed' || before === 'skipped') {
      if (fresh || length < JOINT_FADE_SAMPLES) return;
      // The delay has grown by what was concealed: the place that fits is looked for ahead, not behind. Nearly faded
      // out, it does not matter.
      const search = before === 'concealed' && heard > WORTH_A_JOINT;
      if (search) this.leftOut = bestJoint(this.#tail, this.#frame, from, Math.min(length, JOINT_SEARCH_SAMPLES));
      crossFade(this.#tail, 0, this.#frame, from + this.leftOut, JOINT_FADE_SAMPLES);
    }
  }

  /** Appends 2.5 ms of concealment, fading linearly between two gains. */
  concealStep(from: number, to: number, queue: SampleQueue): void {
    if (this.#decoder === null) {
      queue.appendSilence(CONCEAL_STEP_SAMPLES);
      return;
    }
    this.#decoder.conceal(this.#step);
    this.#amplifier.fade(this.#step, from, to);
    this.#faded += continueFade(this.#seam, this.#faded, this.#step, 0, CONCEAL_STEP_SAMPLES);
    queue.append(this.#step, 0, CONCEAL_STEP_SAMPLES);
  }

  free(): void {
    this.#decoder?.free();
    this.#primed?.free();
    this.#decoder = null;
    this.#primed = null;
    this.#epoch = null;
    this.#primedEpoch = null;
  }

  /** How the old signal would have gone on. */
  #continueInto(pcm: Float32Array, heard: number): void {
    this.#decoder!.conceal(pcm);
    const gain = this.#amplifier.level * heard;
    if (gain !== 1) for (let i = 0; i < pcm.length; i++) pcm[i]! *= gain;
  }

  #switchTo(epoch: number): void {
    if (this.#epoch === epoch) return;
    this.#decoder?.free();
    if (this.#primedEpoch === epoch) {
      this.#decoder = this.#primed;
    } else {
      this.#primed?.free();
      this.#decoder = this.#newDecoder();
    }
    this.#primed = null;
    this.#primedEpoch = null;
    this.#epoch = epoch;
  }
}
