// What the page, the network worker and the playout worklet say to each other.

import type { CaptureFeed } from '../audio/capture.ts';
import type { JitterStats } from '../audio/jitter/jitter-buffer.ts';
import type { Packet } from '../audio/jitter/packet.ts';
import type { PageMessage, RelayMessage } from './text.ts';

export type ToWorker =
  | { kind: 'start'; url: string; opus: ArrayBuffer | null; playout: MessagePort | null; muted: boolean }
  | { kind: 'capture'; feed: CaptureFeed; latencyUs: number }
  | { kind: 'capture_latency'; latencyUs: number }
  | { kind: 'mute'; muted: boolean }
  | { kind: 'say'; message: PageMessage }
  | { kind: 'hidden'; hidden: boolean }
  | { kind: 'retry' }
  | { kind: 'stop' };

/**
 * `lagMs`: age of the newest sample when its packet left. `withheld`: packets not sent because link or worker were behind.
 */
export type FromWorker =
  | { kind: 'link'; link: Link }
  | { kind: 'message'; message: RelayMessage }
  | { kind: 'clock'; offsetUs: number; roundTripUs: number }
  | { kind: 'uplink'; level: number; talking: boolean; lagMs: number; withheld: number }
  | { kind: 'codec_failed' };

export type Link =
  | { state: 'connecting' }
  | { state: 'open' }
  | { state: 'lost'; attempt: number; retryMs: number }
  /** The relay does not want us, or let us go for good. */
  | { state: 'ended'; reason: string };

export type ToPlayout =
  | { kind: 'begin'; ptimeSamples: number }
  | { kind: 'packet'; packet: Packet }
  | { kind: 'packets'; port: MessagePort }
  | { kind: 'volume'; volume: number };

export type FromPlayout =
  | { kind: 'ready' }
  | { kind: 'failed' }
  | {
      kind: 'report';
      stats: JitterStats;
      /** Capture time of the sample at `frame` of the context, relay clock modulo 2³² µs; 0 while nothing sounds. */
      captureUs: number;
      frame: number;
    };

/** Blocks from the capture worklet: 10 ms at the capture context's rate. */
export type CaptureBlock = Float32Array<ArrayBuffer>;
