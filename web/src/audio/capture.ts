// The microphone, on the page's side: asks for it and hands it to the network worker. Chromium gives the track's own
// samples; elsewhere a capture worklet does, and there is an audio context in between.

import { addModule, PartMissing } from '../parts.ts';
import { begun, NeverBegan } from './begun.ts';
import workletUrl from './capture.worklet.ts?worker&url';
import { keepRunning, standsStill } from './keep-running.ts';
import { SlidingMinimum } from './sliding-minimum.ts';
import { SAMPLE_RATE } from './units.ts';

const LOOK_MS = 100;
/** A track may come silenced and be let go a moment later; what is silenced for longer was a call. */
const INTERRUPTED_MS = 1_000;
/** Nobody need be told of what was silenced for less. */
const NOTICED_MS = 300;
// Chromium's processing holds sound back and does not say so. It works on bands of 16 kHz:
/** what splits them and puts them together again (measured, with the next line, beside a track without processing); */
const BANDS_US = 600;
/** noise suppression looks at 256 samples and moves on by 160; */
const NOISE_SUPPRESSION_US = 6_000;
/** echo cancellation makes blocks of 64 samples of frames of 80, and fades each into the next one. */
const ECHO_CANCELLATION_US = 8_000;
/** A latency that moved by less than this is not worth telling. */
const TELL_US = 2_000;

export interface Processing {
  echoCancellation: boolean;
  noiseSuppression: boolean;
  autoGainControl: boolean;
  /** Empty: the one that the system prefers. */
  deviceId: string;
}

/** `withheld`: this browser gives pages no microphone, as those inside of messengers do. */
export type CaptureFailure = 'refused' | 'missing' | 'busy' | 'insecure' | 'withheld' | 'broken';

export class CaptureError extends Error {
  readonly failure: CaptureFailure;

  constructor(failure: CaptureFailure, cause: unknown) {
    super(failure, { cause });
    this.failure = failure;
  }
}

/** What the worker reads: to be transferred to it. */
export type CaptureFeed =
  | { via: 'track'; stream: ReadableStream<AudioData> }
  | { via: 'worklet'; port: MessagePort; sampleRate: number };

export interface Capture {
  feed: CaptureFeed;
  /** Age of a sample when the browser hands it over, as far as it tells; `onlatency` says when it changes. */
  readonly latencyUs: number;
  onlatency: (latencyUs: number) => void;
  /** Whether the browser does what it was asked against echo. */
  readonly echoCancelled: boolean;
  /** The system holds the microphone back: a call, another program. */
  readonly interrupted: boolean;
  /** Told when the system begins to hold it back, and when it lets it go. */
  oninterrupted: (interrupted: boolean) => void;
  stop(): void;
}

/**
 * `ended` is called when the microphone goes away by itself, unplugged or taken by a call, and when it may come back.
 * Throws a `CaptureError` that says why there is none, or `PartMissing`.
 */
export async function startCapture(processing: Processing, ended: () => void): Promise<Capture> {
  const stream = await askForMicrophone(processing);
  const track = stream.getAudioTracks()[0]!;
  try {
    const connection = await connect(track, ended);
    const latency = new TrackLatency(track);
    track.onended = ended;
    const interruption = new Interruption(track, ended);
    return {
      feed: connection.feed,
      echoCancelled: !processing.echoCancellation || track.getSettings().echoCancellation !== false,
      get interrupted() {
        return track.muted || track.readyState === 'ended' || !connection.running;
      },
      get latencyUs() {
        return latency.us;
      },
      set onlatency(tell: (latencyUs: number) => void) {
        latency.onchange = tell;
      },
      set oninterrupted(tell: (interrupted: boolean) => void) {
        interruption.tellTo(tell);
      },
      stop: () => {
        track.onended = null;
        interruption.stop();
        latency.stop();
        connection.close();
        track.stop();
      },
    };
  } catch (error) {
    track.stop();
    throw error instanceof PartMissing ? error : new CaptureError('broken', error);
  }
}

/** Throws a `CaptureError` that says why there is none. */
export async function askForMicrophone({ deviceId, ...processing }: Processing): Promise<MediaStream> {
  if (navigator.mediaDevices?.getUserMedia === undefined)
    throw new CaptureError(globalThis.isSecureContext ? 'withheld' : 'insecure', null);
  try {
    // A chosen device that is gone is no reason to fail: without `exact` the browser takes another.
    const device = deviceId === '' ? {} : { deviceId };
    return await navigator.mediaDevices.getUserMedia({ audio: { ...processing, ...device, channelCount: 1 } });
  } catch (error) {
    // Not of its class: WebKit's OverconstrainedError is no DOMException.
    const { name } = error as { name?: string };
    const failure: CaptureFailure =
      name === 'NotAllowedError' || name === 'SecurityError'
        ? 'refused'
        : name === 'NotFoundError' || name === 'OverconstrainedError'
          ? 'missing'
          : name === 'NotReadableError' || name === 'AbortError'
            ? 'busy'
            : 'broken';
    throw new CaptureError(failure, error);
  }
}

interface Connection {
  feed: CaptureFeed;
  /** Samples come as long as the track has some; after an interruption by itself. */
  readonly running: boolean;
  close(): void;
}

async function connect(track: MediaStreamTrack, stopped: () => void): Promise<Connection> {
  if (typeof MediaStreamTrackProcessor === 'undefined') return connectWorklet(track, stopped);
  const { readable } = new MediaStreamTrackProcessor({ track });
  return { feed: { via: 'track', stream: readable }, running: true, close: () => {} };
}

/** At the microphone's own rate, because a browser that resamples does so in blocks that wait; the worker does not. */
async function connectWorklet(track: MediaStreamTrack, stopped: () => void): Promise<Connection> {
  // WebKit says 0, and Firefox nothing.
  const rate = track.getSettings().sampleRate || SAMPLE_RATE;
  try {
    return await connectAt(track, stopped, { latencyHint: 0, sampleRate: rate });
  } catch (error) {
    // It is not for the rate that nothing was said.
    if (error instanceof NeverBegan) throw error;
    return connectAt(track, stopped, { latencyHint: 0 });
  }
}

async function connectAt(
  track: MediaStreamTrack,
  stopped: () => void,
  options: AudioContextOptions,
): Promise<Connection> {
  const context = new AudioContext(options);
  try {
    await addModule(context, workletUrl);
    const node = new AudioWorkletNode(context, 'lanline-capture', { channelCount: 2, channelCountMode: 'max' });
    // A node that leads nowhere is not run by every browser; this one puts out silence.
    context
      .createMediaStreamSource(new MediaStream([track]))
      .connect(node)
      .connect(context.destination);
    await begun(context.resume());
    const { port1, port2 } = new MessageChannel();
    node.port.postMessage(port1, [port1]);
    const feed: CaptureFeed = { via: 'worklet', port: port2, sampleRate: context.sampleRate };
    const rest = keepRunning(context, () => {
      // One that is hidden gets no microphone; it looks when it is seen again.
      if (!document.hidden) stopped();
    });
    return {
      feed,
      get running() {
        return !standsStill(context);
      },
      close: () => {
        rest();
        void context.close();
      },
    };
  } catch (error) {
    void context.close();
    throw error;
  }
}

/** A track that the system has silenced, and lets go again: it lives, and nothing of it comes. */
class Interruption {
  readonly #track: MediaStreamTrack;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #noticed = false;
  #tell: (interrupted: boolean) => void = () => {};

  /** `over`: after one that may have changed more than this track. */
  constructor(track: MediaStreamTrack, over: () => void) {
    this.#track = track;
    let mutedAtMs = Number.POSITIVE_INFINITY;
    track.onmute = () => {
      mutedAtMs = performance.now();
      this.#notice();
    };
    track.onunmute = () => {
      clearTimeout(this.#timer);
      this.#set(false);
      if (performance.now() - mutedAtMs >= INTERRUPTED_MS) over();
    };
    if (track.muted) this.#notice();
  }

  tellTo(tell: (interrupted: boolean) => void): void {
    this.#tell = tell;
    if (this.#noticed) tell(true);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#track.onmute = null;
    this.#track.onunmute = null;
  }

  #notice(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#set(true), NOTICED_MS);
  }

  #set(interrupted: boolean): void {
    if (interrupted === this.#noticed) return;
    this.#noticed = interrupted;
    this.#tell(interrupted);
  }
}

/** Gain control works on the whole band, sample by sample. */
function processingUs({ noiseSuppression, echoCancellation }: MediaTrackSettings): number {
  const stages = (noiseSuppression ? NOISE_SUPPRESSION_US : 0) + (echoCancellation ? ECHO_CANCELLATION_US : 0);
  return stages === 0 ? 0 : BANDS_US + stages;
}

/** What the browser says of the way from the microphone to us, the block that a sample waits for not counted. */
class TrackLatency {
  readonly #track: MediaStreamTrack;
  readonly #timer: ReturnType<typeof setInterval> | null;
  /** Length of a block: Chromium's latency is that of the first sample in it, ours that of the last. */
  readonly #blockUs: number;
  readonly #processingUs: number;
  /** The framer counts from the blocks that came soonest, and so does this: the latency of one that stood in line is no news. */
  readonly #least = new SlidingMinimum();
  us: number;
  onchange: (latencyUs: number) => void = () => {};

  constructor(track: MediaStreamTrack) {
    this.#track = track;
    const settings = track.getSettings();
    this.#blockUs = ((settings as { latency?: number }).latency ?? 0) * 1e6;
    this.#processingUs = track.stats === undefined ? 0 : processingUs(settings);
    this.us = this.#processingUs;
    this.#timer = track.stats === undefined ? null : setInterval(() => this.#look(), LOOK_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  #look(): void {
    const { latency = 0 } = this.#track.stats ?? {};
    if (latency <= 0 || latency >= 1000) return;
    this.#least.update(performance.now() * 1000, latency * 1000);
    const us = Math.max(0, (this.#least.value ?? 0) - this.#blockUs) + this.#processingUs;
    if (Math.abs(us - this.us) < TELL_US) return;
    this.us = us;
    this.onchange(this.us);
  }
}
