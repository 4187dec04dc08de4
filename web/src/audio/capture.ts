// The microphone, on the page's side: asks for it, and connects it to the network worker through the capture worklet.
// A faster source (MediaStreamTrackProcessor) only has to feed the same port.

import workletUrl from './capture.worklet.ts?worker&url';
import { MicrophoneSource } from './microphone-source.ts';
import { SAMPLE_RATE } from './units.ts';

/** A context that has come this far runs steadily; one that has not after `START_MS` is taken as it is. */
const MOVING_S = 0.1;
const START_MS = 600;

export interface Processing {
  echoCancellation: boolean;
  noiseSuppression: boolean;
  autoGainControl: boolean;
}

export type CaptureFailure = 'refused' | 'missing' | 'busy' | 'insecure' | 'broken';

export class CaptureError extends Error {
  readonly failure: CaptureFailure;

  constructor(failure: CaptureFailure, cause: unknown) {
    super(failure, { cause });
    this.failure = failure;
  }
}

export interface Capture {
  port: MessagePort;
  sampleRate: number;
  /** The microphone and its way into the page, browser's queue included; `onlatency` tells when it changes. */
  readonly latencyUs: number;
  onlatency: (latencyUs: number) => void;
  /** What would be heard as a cut is put off while somebody talks. */
  talking: boolean;
  stop(): void;
}

/** `ended` is called when the microphone goes away by itself: unplugged, or taken by a call. */
export async function startCapture(processing: Processing, ended: () => void): Promise<Capture> {
  const stream = await askForMicrophone(processing);
  const track = stream.getAudioTracks()[0]!;
  try {
    const { context, node, source } = await connect(track);
    track.onended = ended;
    const { port1, port2 } = new MessageChannel();
    node.port.postMessage(port1, [port1]);
    return {
      port: port2,
      sampleRate: context.sampleRate,
      get latencyUs() {
        return source.latencyUs;
      },
      set onlatency(tell: (latencyUs: number) => void) {
        source.onlatency = tell;
      },
      set talking(talking: boolean) {
        source.talking = talking;
      },
      stop: () => {
        track.onended = null;
        source.stop();
        void context.close();
      },
    };
  } catch (error) {
    track.stop();
    throw new CaptureError('broken', error);
  }
}

async function askForMicrophone(processing: Processing): Promise<MediaStream> {
  if (navigator.mediaDevices === undefined) throw new CaptureError('insecure', null);
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: { ...processing, channelCount: 1 } });
  } catch (error) {
    const name = error instanceof DOMException ? error.name : '';
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

interface Chain {
  context: AudioContext;
  node: AudioWorkletNode;
  source: MicrophoneSource;
}

/** At the microphone's own rate, because a browser that resamples does so in blocks that wait; the worker does not. */
async function connect(track: MediaStreamTrack): Promise<Chain> {
  const { sampleRate = SAMPLE_RATE } = track.getSettings();
  for (const options of [{ latencyHint: 0, sampleRate }, { latencyHint: 0 }]) {
    const context = new AudioContext(options);
    try {
      await context.audioWorklet.addModule(workletUrl);
      const node = new AudioWorkletNode(context, 'lanline-capture', { channelCount: 2, channelCountMode: 'max' });
      // A node that leads nowhere is not run by every browser; this one puts out silence.
      node.connect(context.destination);
      await context.resume();
      await running(context);
      return { context, node, source: new MicrophoneSource(context, track, node) };
    } catch (error) {
      void context.close();
      if (options.sampleRate === undefined) throw error;
    }
  }
  throw new Error('unreachable: the last try returns or throws');
}

/** Waits for the first callbacks, and not for ever: some browsers only run a context that has something to do. */
async function running(context: AudioContext): Promise<void> {
  for (let waited = 0; context.currentTime < MOVING_S && waited < START_MS; waited += 10) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
