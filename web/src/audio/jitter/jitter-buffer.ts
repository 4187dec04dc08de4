// The jitter buffer: packets in when they come, a continuous 48 kHz signal out when it is due.
//
// The same idea as relay/engine/src/jitter. On TCP nothing is lost on the wire, only late: while a packet is missing
// the media time stands still, the gap is concealed, and the packet is played when it comes. The delay that this adds
// is taken out again: by steering the resampler while it is small, by removing pitch periods when it is not, by
// throwing the oldest away when it is far off, and in every pause. Time is an argument, in µs of the playback clock.

import type { Decoder } from '../opus.ts';
import { SAMPLE_RATE } from '../units.ts';
import { Arrivals } from './arrivals.ts';
import { Concealment } from './concealment.ts';
import { decide, NORMAL, PREEMPTIVE_EXPAND } from './decision.ts';
import type { Packet } from './packet.ts';
import { SampleQueue } from './sample-queue.ts';
import { Scaler } from './scaler.ts';
import { type JitterStats, nothingYet } from './stats.ts';
import { type Before, CONCEAL_STEP_SAMPLES, Stream } from './stream.ts';
import { SCALE_WINDOW } from './time-scale.ts';

type Phase = 'idle' | 'playing' | 'ending';

/** A hole in the media time longer than this (120 ms) is a pause, not a loss. */
const MAX_HOLE_SAMPLES = 5_760;
/** What is older than this is not played, unless the link is always that slow; what is less old is caught up with. */
const MAX_DELAY_US = 260_000;
const OVER_TARGET_US = 20_000;
/** So old may be the first that is played after others were too old. */
const RESUME_DELAY_US = 180_000;
/** All packets too late for this long: the timeline has moved, and zero with it. */
const REBASE_AFTER_US = 600_000;
/** Packets that share their arrival with a seam were held back for it: late by intent. */
const BURST_US = 10_000;
/** Media time that goes back by more than this is another timeline. */
const RESTART_SAMPLES = SAMPLE_RATE;
/** After a seam less than a packet too much is left alone for 5 s: the next seam may need it. */
const PATIENCE_SAMPLES = 5 * SAMPLE_RATE;
/** Two seconds of 20 ms packets; more can only be there after the device slept. */
const MAX_PACKETS = 100;

/** What steering by resampling may do, and the distances from the target at which it does all of it, and up to which it is alone. */
const MAX_STEER = 0.004;
const FULL_STEER_US = 8_000;
const STEERED_US = 10_000;
/** Worth waiting for while nothing is known: an audio device's own scheduling noise. */
const FIRST_GUESS_US = 8_000;

/** Packets that a decoder is run through after a jump, so that the next one decodes as it should. */
const WARM_UP_PACKETS = 3;
/** The end of what is cut off fades over 5 ms. */
const FADE_OUT_SAMPLES = 240;

const toUs = (samples: number): number => (samples / SAMPLE_RATE) * 1e6;
const toSamples = (us: number): number => Math.round((us / 1e6) * SAMPLE_RATE);

export class JitterBuffer {
  readonly #packets: Packet[] = [];
  readonly #arrivals = new Arrivals();
  readonly #stream: Stream;
  readonly #queue = new SampleQueue(SAMPLE_RATE / 4);
  readonly #scaler = new Scaler(this.#queue);
  readonly #concealment: Concealment;
  #ptimeSamples: number;
  /** Media time after the last sample of the queue. */
  #next = 0;
  #phase: Phase = 'idle';
  #before: Before = 'silence';
  #burstAtUs = Number.NEGATIVE_INFINITY;
  /** Media time after the newest packet that was inserted. */
  #newest = Number.NEGATIVE_INFINITY;
  /** Samples for which what a seam left over is still kept. */
  #patience = 0;
  #lateSinceUs: number | null = null;
  /** The packet that was due and not there last. */
  #missed: number | null = null;
  #captureTimestamp = 0;
  #captureUs = 0;
  #heldUs: number | null = null;
  #blockUs = 0;
  readonly #stats = nothingYet();

  constructor(newDecoder: () => Decoder, ptimeSamples: number) {
    this.#stream = new Stream(newDecoder);
    this.#concealment = new Concealment(this.#stream, this.#queue);
    this.#ptimeSamples = ptimeSamples;
  }

  /** Takes a packet that arrived at `nowUs`; packets of one socket come in order. */
  insert(nowUs: number, packet: Packet): void {
    if (packet.crossFade) {
      this.#cutOldEpoch(packet);
      this.#patience = PATIENCE_SAMPLES;
    }
    if (!packet.prime) {
      this.#stats.received += 1;
      if (packet.crossFade) this.#burstAtUs = nowUs;
      if (packet.payload.length > 0 && !packet.preRoll) this.#noteArrival(nowUs, packet);
    }
    this.#packets.push(packet);
    if (this.#packets.length > MAX_PACKETS) this.#discardFirst();
  }

  #noteArrival(nowUs: number, { timestamp, end: isLast }: Packet): void {
    // What overlaps with something that came before was held back for it, not by the link.
    const overlaps = timestamp < this.#newest && timestamp > this.#newest - RESTART_SAMPLES;
    const end = timestamp + this.#ptimeSamples;
    this.#newest = overlaps ? Math.max(this.#newest, end) : end;
    // A talker who stops does not wait until the last packet is full: it comes early.
    if (overlaps || (isLast && this.#arrivals.fastestUs !== null)) return;
    this.#arrivals.record(nowUs, timestamp, this.#ptimeSamples, nowUs - this.#burstAtUs > BURST_US);
  }

  /** Fills `out` with `length` samples that sound at `nowUs`; silence where nothing does. Gives whether anything sounds. */
  pull(nowUs: number, out: Float32Array, length: number): boolean {
    this.#blockUs = toUs(length);
    this.#scaler.played(length, 2 * this.#ptimeSamples);
    this.#patience = Math.max(0, this.#patience - length);
    this.#skipBacklog(nowUs);
    while ((this.#queue.length < length || this.#gathers(nowUs)) && this.#produce(nowUs, length));
    if (this.#phase !== 'idle') {
      this.#stats.levelUs = this.#levelUs(nowUs) ?? 0;
      this.#stats.targetUs = this.#targetUs;
    }
    const sounding = this.#queue.take(out, length) > 0;
    if (this.#phase === 'ending' && this.#queue.length === 0) this.#rest();
    return sounding;
  }

  /** How much faster than real time the signal should be consumed to come back to the target. */
  get steer(): number {
    if (this.#phase === 'idle') return 1;
    const { levelUs, targetUs } = this.#stats;
    const above = levelUs - this.#keptUs;
    if (above > 0 && this.#patience > 0 && above < toUs(this.#ptimeSamples)) return 1;
    const excess = above > 0 ? above : Math.min(0, levelUs - targetUs);
    const share = Math.max(-1, Math.min(1, excess / FULL_STEER_US));
    return Math.abs(share) < 0.1 ? 1 : 1 + MAX_STEER * share;
  }

  /** Capture time of the sample that is pulled next, relay clock modulo 2³² µs; 0 is unknown. */
  get captureUs(): number {
    if (this.#captureUs === 0 || this.#phase === 'idle') return 0;
    return this.#captureUs + toUs(this.#next - this.#queue.length - this.#captureTimestamp);
  }

  /** How long the relay had what is pulled next, µs; null is unknown. */
  get heldUs(): number | null {
    return this.#heldUs;
  }

  /** Read at once: the object is the same every time. */
  get stats(): Readonly<JitterStats> {
    this.#stats.concealedSamples = this.#concealment.samples;
    return this.#stats;
  }

  free(): void {
    this.#stream.free();
  }

  get #targetUs(): number {
    // The signal is pulled in blocks: a packet has to be there when the block with its first sample is made.
    const least = this.#arrivals.isLearning ? FIRST_GUESS_US : 0;
    return Math.max(least, this.#arrivals.targetUs) + this.#blockUs;
  }

  /** Down to here delay may be taken out: what packets needed a moment ago they may need again. */
  get #keptUs(): number {
    return this.#arrivals.recentUs + this.#blockUs;
  }

  /** How much later than the fastest packet could have it the sample is that is played next. */
  #levelUs(nowUs: number): number | null {
    const fastest = this.#arrivals.fastestUs;
    return fastest === null ? null : nowUs - toUs(this.#next - this.#queue.length) - fastest;
  }

  /** Makes more signal; false where there is nothing to be heard until the end of the block. */
  #produce(nowUs: number, block: number): boolean {
    const head = this.#packets[0];
    if (head === undefined) {
      if (this.#phase !== 'playing') return false;
      return this.#repeatIfDue(block) || this.#concealMissing();
    }
    if (head.prime) {
      this.#packets.shift();
      this.#stream.prime(head);
      return true;
    }
    if (this.#phase === 'ending') {
      // The next talkspurt starts when it is due, after the last sample of this one.
      if (this.#queue.length > 0) return false;
      this.#rest();
    }
    if (this.#phase === 'idle') return this.#begin(nowUs, block, head);
    const hole = head.timestamp - this.#next;
    if (hole > MAX_HOLE_SAMPLES || (head.marker && hole > 0) || hole < -SAMPLE_RATE) return this.#pause();
    if (hole > 0 && !this.#fillHole(nowUs, hole)) return true;
    this.#play(nowUs, head);
    return true;
  }

  /** Starts a talkspurt at the sample at which it is due: this is where the delay is set for free. */
  #begin(nowUs: number, block: number, head: Packet): boolean {
    if (head.payload.length === 0) {
      this.#packets.shift();
      return true;
    }
    const dueUs = toUs(head.timestamp) + (this.#arrivals.fastestUs ?? nowUs) + this.#targetUs;
    const wait = Math.max(0, toSamples(dueUs - nowUs)) - this.#queue.length;
    if (wait >= block) return false;
    if (wait > 0) this.#queue.appendSilence(wait);
    this.#next = head.timestamp;
    this.#phase = 'playing';
    this.#before = 'silence';
    this.#concealment.end();
    this.#patience = 0;
    return true;
  }

  #play(nowUs: number, head: Packet): void {
    this.#packets.shift();
    if (head.captureUs !== 0) {
      this.#captureUs = head.captureUs;
      this.#captureTimestamp = head.timestamp;
      this.#heldUs = head.heldUs;
    }
    if (head.end) this.#phase = 'ending';
    if (head.payload.length === 0) return;
    const skip = Math.max(0, this.#next - head.timestamp);
    // What another epoch has said already is not said twice.
    const samples = this.#stream.decode(head, this.#before, this.#concealment.gain, skip, this.#queue);
    if (samples < 0) {
      this.#stats.undecodable += 1;
      this.#concealment.conceal(Math.max(0, this.#ptimeSamples - skip));
      this.#next = Math.max(this.#next, head.timestamp + this.#ptimeSamples);
      this.#before = 'concealed';
      return;
    }
    this.#ptimeSamples = samples;
    if (samples <= skip) {
      this.#stats.discarded += 1;
      return;
    }
    this.#next = head.timestamp + samples;
    this.#stats.acceleratedSamples += this.#stream.leftOut;
    this.#scaler.hear(samples - skip - this.#stream.leftOut);
    this.#before = 'continuous';
    this.#concealment.end();
    if (this.#phase === 'playing' && !this.#gathers(nowUs)) this.#scale(nowUs);
  }

  /** A packet is due and not there: invent a little, less and less of it, and keep its place. */
  #concealMissing(): boolean {
    this.#countUnderrun();
    if (this.#concealment.givesUp) {
      this.#rest();
      return false;
    }
    this.#before = this.#concealment.step();
    return true;
  }

  /** The packet before the head was discarded on the way. False where more has to be made first. */
  #fillHole(nowUs: number, hole: number): boolean {
    const excess = (this.#levelUs(nowUs) ?? 0) - this.#keptUs;
    if (excess >= toUs(hole) / 2) {
      // There is delay to get rid of, and here is something that needs not be played.
      this.#next += hole;
      this.#before = 'skipped';
      return true;
    }
    const steps = Math.floor(hole / CONCEAL_STEP_SAMPLES);
    if (steps > 0) {
      this.#concealment.conceal(CONCEAL_STEP_SAMPLES);
      this.#next += CONCEAL_STEP_SAMPLES;
      this.#before = 'concealed';
      return false;
    }
    this.#next += hole;
    return true;
  }

  /** The head belongs to what comes after a pause whose end was not said. */
  #pause(): boolean {
    if (this.#before === 'continuous') this.#stream.concealStep(1, 0, this.#queue);
    this.#phase = 'ending';
    return this.#queue.length === 0;
  }

  #rest(): void {
    this.#phase = 'idle';
    this.#before = 'silence';
    this.#concealment.end();
    this.#scaler.rest();
  }

  /** Whether to decode one more packet ahead, because there is delay to take out and too little signal to do it in. */
  #gathers(nowUs: number): boolean {
    const head = this.#packets[0];
    if (this.#phase !== 'playing' || head === undefined || this.#queue.length >= SCALE_WINDOW) return false;
    if (head.prime || head.crossFade || head.timestamp !== this.#next) return false;
    return this.#decide(nowUs) > NORMAL;
  }

  /** See `decide`. What is small is left to steering, and after a seam less than a packet is left alone. */
  #decide(nowUs: number): number {
    const delayUs = this.#levelUs(nowUs);
    if (delayUs === null) return NORMAL;
    // Packets decoded ahead of their time had as much less of what is left over.
    const leftoverUs = toUs(this.#queue.length) % this.#blockUs;
    const { targetUs, recentUs, usualUs } = this.#arrivals;
    const levelUs = delayUs - leftoverUs;
    const decision = decide(levelUs, leftoverUs, targetUs, recentUs, usualUs, this.#blockUs);
    if (decision === PREEMPTIVE_EXPAND) return targetUs - levelUs > STEERED_US ? decision : NORMAL;
    const patient = this.#patience > 0 && decision < toUs(this.#ptimeSamples);
    return patient || decision < STEERED_US ? NORMAL : decision;
  }

  /** Takes a pitch period out of, or puts one into, what was just decoded. */
  #scale(nowUs: number): void {
    const decision = this.#decide(nowUs);
    if (decision === PREEMPTIVE_EXPAND) this.#stats.expandedSamples += this.#scaler.insertPeriod();
    else if (decision > NORMAL) this.#stats.acceleratedSamples += this.#scaler.removePeriod(decision);
  }

  /**
   * Repeats the period before what is left while a packet that is due is missing: it goes on better than what a decoder
   * makes up. Gives whether that made more signal.
   */
  #repeatIfDue(block: number): boolean {
    const last = this.#packets.at(-1);
    if (this.#phase !== 'playing' || this.#queue.length === 0 || this.#concealment.goesOn) return false;
    const missing = last === undefined ? this.#next : Math.max(this.#next, last.timestamp + this.#ptimeSamples);
    if (missing - this.#next + this.#queue.length >= block) return false;
    const inserted = this.#scaler.repeatHeard();
    if (inserted === 0) return false;
    this.#countUnderrun();
    this.#concealment.count(inserted);
    return true;
  }

  /** Once, however much is made up for the same packet. */
  #countUnderrun(): void {
    if (this.#missed !== this.#next) this.#stats.underruns += 1;
    this.#missed = this.#next;
  }

  /** Nothing old is ever played: what is too far behind goes, oldest first. */
  #skipBacklog(nowUs: number): void {
    const fastest = this.#arrivals.fastestUs;
    const head = this.#packets[0];
    if (head === undefined || fastest === null) return;
    const position = this.#phase === 'idle' ? head.timestamp : this.#next - this.#queue.length;
    const level = nowUs - toUs(position) - fastest;
    if (level <= Math.max(MAX_DELAY_US, this.#targetUs + OVER_TARGET_US)) {
      this.#lateSinceUs = null;
      return;
    }
    this.#lateSinceUs ??= nowUs;
    if (nowUs - this.#lateSinceUs > REBASE_AFTER_US) {
      this.#arrivals.rebase();
      const last = this.#packets.at(-1)!;
      this.#arrivals.record(nowUs, last.timestamp + this.#ptimeSamples, 0, false);
      this.#lateSinceUs = null;
      return;
    }
    const wanted = toSamples(nowUs - fastest - Math.max(RESUME_DELAY_US, this.#targetUs));
    const kept = this.#packets.findIndex((packet) => packet.timestamp + this.#ptimeSamples > wanted);
    const gone = kept < 0 ? this.#packets.length : kept;
    for (let i = gone; i > 0; i--) this.#discardFirst(i <= WARM_UP_PACKETS);
    const first = this.#packets[0];
    if (first === undefined || gone === 0 || this.#phase === 'idle') return;
    this.#queue.cutWithFade(FADE_OUT_SAMPLES);
    this.#before = 'resumed';
    this.#next = first.timestamp;
  }

  #discardFirst(warmUp = true): void {
    const packet = this.#packets.shift()!;
    if (packet.prime) {
      this.#stream.prime(packet);
      return;
    }
    this.#stats.discarded += 1;
    if (warmUp) this.#stream.passOver(packet);
    // The flag on a discarded packet moves to what follows it.
    if (packet.end && this.#phase === 'playing') this.#phase = 'ending';
  }

  /** What the old encoder has beyond the seam is not heard. */
  #cutOldEpoch(seam: Packet): void {
    for (let i = this.#packets.length - 1; i >= 0; i--) {
      const packet = this.#packets[i]!;
      if (packet.epoch !== seam.epoch && packet.timestamp >= seam.timestamp) this.#packets.splice(i, 1);
    }
  }
}
