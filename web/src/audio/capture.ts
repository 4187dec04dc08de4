// The microphone, on the page's side: asks for it, and connects it to the network worker through the capture worklet.
// A faster source (MediaStreamTrackProcessor) only has to feed the same port.

import workletUrl from './capture.worklet.ts?worker&url';
import { SAMPLE_RATE } from './units.ts';

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
  latencyUs: number;
  stop(): void;
}

/** `ended` is called when the microphone goes away by itself: unplugged, or taken by a call. */
export async function startCapture(processing: Processing, ended: () => void): Promise<Capture> {
  const stream = await askForMicrophone(processing);
  const track = stream.getAudioTracks()[0]!;
  let context: AudioContext | null = null;
  try {
    const chain = await connect(stream);
    context = chain.context;
    track.onended = ended;
    const { port1, port2 } = new MessageChannel();
    chain.node.port.postMessage(port1, [port1]);
    const latency = (track.getSettings() as { latency?: number }).latency;
    return {
      port: port2,
      sampleRate: context.sampleRate,
      latencyUs: typeof latency === 'number' && latency < 1 ? latency * 1e6 : 0,
      stop: () => {
        track.onended = null;
        track.stop();
        void chain.context.close();
      },
    };
  } catch (error) {
    track.stop();
    void context?.close();
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

/** Media time is 48 kHz, so the browser may as well resample; where it can't, the worker does. */
async function connect(stream: MediaStream): Promise<{ context: AudioContext; node: AudioWorkletNode }> {
  for (const options of [{ latencyHint: 0, sampleRate: SAMPLE_RATE }, { latencyHint: 0 }]) {
    const context = new AudioContext(options);
    try {
      await context.audioWorklet.addModule(workletUrl);
      const source = context.createMediaStreamSource(stream);
      const node = new AudioWorkletNode(context, 'lanline-capture', { channelCount: 2, channelCountMode: 'max' });
      // A node that leads nowhere is not run by every browser; this one puts out silence.
      source.connect(node).connect(context.destination);
      await context.resume();
      return { context, node };
    } catch (error) {
      void context.close();
      if (options.sampleRate === undefined) throw error;
    }
  }
  throw new Error('unreachable: the last try returns or throws');
}
