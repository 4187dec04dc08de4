// The speaker, on the page's side. Browser echo cancellation sees what an AudioContext at the device's own rate plays
// into its destination, and in Firefox nothing else: so no rate is asked for, and the worklet resamples.

import type { FromPlayout, ToPlayout } from '../net/messages.ts';
import { addModule } from '../parts.ts';
import workletUrl from './playout.worklet.ts?worker&url';
import { playThrough } from './speaker.ts';

export interface Playout {
  context: AudioContext;
  /** Where the network worker sends packets. */
  port: MessagePort;
  setVolume(volume: number): void;
  /** It plays there, or cannot, once that is over. */
  setSpeaker(deviceId: string): Promise<void>;
  stop(): void;
}

export type PlayoutReport = Extract<FromPlayout, { kind: 'report' }>;

/** Has to begin inside a click: `context` is made there. */
export async function startPlayout(
  context: AudioContext,
  opus: ArrayBuffer | null,
  report: (report: PlayoutReport) => void,
): Promise<Playout> {
  await addModule(context, workletUrl);
  const node = new AudioWorkletNode(context, 'lanline-playout', {
    numberOfInputs: 0,
    outputChannelCount: [2],
    processorOptions: { opus },
  });
  const { port1, port2 } = new MessageChannel();
  const send = (message: ToPlayout, transfer: Transferable[] = []) => node.port.postMessage(message, transfer);
  await new Promise<void>((resolve, reject) => {
    node.port.onmessage = ({ data }: MessageEvent<FromPlayout>) => {
      if (data.kind === 'ready') resolve();
      else if (data.kind === 'failed') reject(new CodecError());
      else report(data);
    };
    node.onprocessorerror = () => reject(new CodecError());
  });
  send({ kind: 'packets', port: port1 }, [port1]);
  node.connect(context.destination);
  return {
    context,
    port: port2,
    setVolume: (volume) => send({ kind: 'volume', volume }),
    setSpeaker: (deviceId) => playThrough(context, deviceId),
    stop: () => {
      node.disconnect();
      // It is closed already where one left before it had begun.
      context.close().catch(() => {});
    },
  };
}

export class CodecError extends Error {}
