// From a microphone track into a running capture context, with as little as possible waiting in between.

import { CaptureQueue } from './capture-queue.ts';

const LOOK_MS = 100;
/** The first callbacks of a context and of a device come unsteadily; what they left in the queue goes once they don't. */
const STEADY_MS = 2_500;
/** By then the new source has sound in it. */
const SETTLE_S = 0.05;
const FADE_S = 0.005;
/** A latency that moved by less than this is not worth telling. */
const TELL_US = 2_000;

/** Chromium only: what the track has given so far, and how old it was. */
interface TrackStats {
  deliveredFramesDuration: number;
  latency: number;
}

interface Source {
  track: MediaStreamTrack;
  node: MediaStreamAudioSourceNode;
  gain: GainNode;
}

export class MicrophoneSource {
  readonly #context: AudioContext;
  readonly #track: MediaStreamTrack;
  readonly #into: AudioNode;
  readonly #queue = new CaptureQueue();
  readonly #timer: ReturnType<typeof setInterval> | null;
  readonly #steadyAtMs = performance.now() + STEADY_MS;
  #steady = false;
  #source: Source;
  #latencyUs: number;
  #toldUs: number;
  talking = false;
  /** Called with the age of the newest sample that the context has, when that changes. */
  onlatency: (latencyUs: number) => void = () => {};

  /** The context has to run already: what comes before its first callback would wait in the queue for ever. */
  constructor(context: AudioContext, track: MediaStreamTrack, into: AudioNode) {
    this.#context = context;
    this.#track = track;
    this.#into = into;
    this.#source = this.#connect(track, 1);
    const { latency } = track.getSettings() as { latency?: number };
    this.#latencyUs = typeof latency === 'number' && latency < 1 ? latency * 1e6 : 0;
    this.#toldUs = this.#latencyUs;
    this.#timer = stats(track) === null ? null : setInterval(() => this.#look(), LOOK_MS);
  }

  get latencyUs(): number {
    return this.#toldUs;
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#disconnect(this.#source);
    this.#track.stop();
  }

  #look(): void {
    const now = stats(this.#track);
    if (now === null || this.#context.state !== 'running') return;
    const nowMs = performance.now();
    this.#queue.observe(nowMs * 1000, now.deliveredFramesDuration * 1000, this.#context.currentTime * 1e6);
    if (now.latency > 0 && now.latency < 1000) this.#latencyUs += (now.latency * 1000 - this.#latencyUs) / 8;
    const begins = !this.#steady && nowMs > this.#steadyAtMs;
    if (begins || this.#queue.worthEmptying(this.talking)) this.#renew();
    const latencyUs = this.#latencyUs + this.#queue.excessUs;
    if (Math.abs(latencyUs - this.#toldUs) < TELL_US) return;
    this.#toldUs = latencyUs;
    this.onlatency(latencyUs);
  }

  /** A new source has an empty queue. The old one goes on until there is sound in the new one. */
  #renew(): void {
    const old = this.#source;
    const at = this.#context.currentTime + SETTLE_S;
    this.#source = this.#connect(this.#track.clone(), 0);
    fade(this.#source.gain.gain, 0, 1, at);
    fade(old.gain.gain, 1, 0, at);
    setTimeout(() => this.#disconnect(old), (2 * SETTLE_S + FADE_S) * 1000);
    this.#queue.reset();
    this.#steady = true;
  }

  #connect(track: MediaStreamTrack, volume: number): Source {
    const node = this.#context.createMediaStreamSource(new MediaStream([track]));
    const gain = new GainNode(this.#context, { gain: volume });
    node.connect(gain).connect(this.#into);
    return { track, node, gain };
  }

  #disconnect({ track, node, gain }: Source): void {
    node.disconnect();
    gain.disconnect();
    // The first track belongs to the caller, who may still look at it; copies end with their source.
    if (track !== this.#track) track.stop();
  }
}

function fade(param: AudioParam, from: number, to: number, at: number): void {
  param.setValueAtTime(from, at);
  param.linearRampToValueAtTime(to, at + FADE_S);
}

function stats(track: MediaStreamTrack): TrackStats | null {
  const { stats } = track as { stats?: Partial<TrackStats> };
  return typeof stats?.deliveredFramesDuration === 'number' ? (stats as TrackStats) : null;
}
