// What the page, the network worker and the playout worklet say to each other.

import type { CaptureFeed } from '../audio/capture.ts';
import type { Packet } from '../audio/jitter/packet.ts';
import type { JitterStats } from '../audio/jitter/stats.ts';
import type { Unsaid } from './outbox.ts';
import type { Start } from './session.ts';
import type { RelayMessage } from './text.ts';
import type { Entry, Refusal } from './ticket.ts';

export type ToWorker =
  | {
      kind: 'start';
      origin: string;
      entry: Entry;
      start: Start;
      opus: ArrayBuffer | null;
      playout: MessagePort | null;
      intent: Intent;
    }
  /** Another playout worklet takes over. */
  | { kind: 'playout'; playout: MessagePort }
  | { kind: 'capture'; feed: CaptureFeed; latencyUs: number }
  | { kind: 'capture_latency'; latencyUs: number }
  | { kind: 'intent'; intent: Intent }
  | { kind: 'chat'; text: string }
  | { kind: 'identity'; name: string; colour: number | null }
  | { kind: 'gain'; participant: number; db: number | null }
  /** The last token is. */
  | { kind: 'kept' }
  /** The seat is given up for one with another role; the answer is `role`. */
  | { kind: 'role'; role: Entry['role'] }
  | { kind: 'hidden'; hidden: boolean }
  | { kind: 'retry' }
  | { kind: 'stop' };

/** What a person wants of microphone and sound, all of it each time; the worker finds out what changed. */
export interface Intent {
  /** The others are told. */
  muted: boolean;
  deafened: boolean;
  /** Nothing is sent, without a word to anybody: the button of push-to-talk is up. */
  closed: boolean;
  /** Everything is sent, whether it is speech or not. */
  continuous: boolean;
  /** Another bit rate than the room's. */
  bitrate: number | null;
}

/**
 * `lagMs`: age of the newest sample when its packet left. `withheld`: packets not sent because the link took none; `overdue`:
 * because the worker came to them too late.
 */
export type FromWorker =
  | { kind: 'link'; link: Link }
  | { kind: 'message'; message: RelayMessage }
  | { kind: 'clock'; offsetUs: number; roundTripUs: number; lastUs: number }
  | { kind: 'uplink'; level: number; talking: boolean; lagMs: number; withheld: number; overdue: number }
  /** Packets that the relay left out on their way to here, so far. */
  | { kind: 'left_out'; packets: number }
  | { kind: 'token'; token: string }
  | { kind: 'unsaid'; unsaid: readonly Unsaid[] }
  | { kind: 'role'; refusal: Refusal | null }
  | { kind: 'codec_failed' };

export type Link =
  | { state: 'connecting' }
  | { state: 'open' }
  | { state: 'lost'; attempt: number; retryMs: number }
  /** The relay does not want us, or let us go for good. */
  | { state: 'ended'; why: Refusal };

export type ToPlayout =
  | { kind: 'begin'; ptimeSamples: number }
  /** `waitedUs`: for the tick of a mix. */
  | { kind: 'packet'; packet: Packet; waitedUs: number }
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
      /** How long the relay had it, µs; null is unknown. */
      heldUs: number | null;
      /** How much of that it waited for the tick of a mix, as the newest packet says. */
      waitedUs: number;
      frame: number;
      /** Loudest since the last report, −dBov. */
      level: number;
    };

/** Blocks from the capture worklet: 10 ms at the capture context's rate. */
export type CaptureBlock = Float32Array<ArrayBuffer>;
