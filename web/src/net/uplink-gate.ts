// Age-bounded sending. The page cannot see how much the kernel holds for a slow link, so three signs decide: what the
// browser itself still holds (bufferedAmount), how much was sent since the last ping that was answered, and how long the
// oldest ping has gone unanswered. While the gate is shut packets are not even encoded, so the encoder and the relay's
// decoder stay in step and nothing old is sent later.

import { Pace } from './pace.ts';

/** At most this much audio may wait in the browser. */
const BUFFERED_MS = 100;
/** While anything is on its way pings are about this far apart, so that much of it always goes unanswered … */
export const PING_SENDING_MS = 100;
/** … and this much more may, beyond the shortest round trip: timers are late, and so are links. */
const SLACK_MS = 150;
/** A round trip longer than this is not taken for the network's own. */
const LONGEST_ROUND_TRIP_MS = 200;
/** A link that has not answered for this long is stalled; what is sent now would be too old when it gets through. */
const UNANSWERED_MS = 400;
/** Header, WebSocket frame and TLS record around a packet. */
const OVERHEAD_BYTES = 16 + 8 + 29;

interface Ping {
  atMs: number;
  /** All that was sent before it. */
  sentBytes: number;
}

export class UplinkGate {
  readonly #ptimeMs: number;
  #maxBufferedBytes = 0;
  readonly #pace: Pace;
  readonly #unanswered = new Map<number, Ping>();
  #sentBytes = 0;
  #answeredBytes = 0;

  constructor(bitrate: number, ptimeMs: number) {
    this.#ptimeMs = ptimeMs;
    this.bitrate = bitrate;
    this.#pace = new Pace(ptimeMs * 1000, packetBytes(bitrate, ptimeMs), budgetUs(0));
  }

  /** Of what is sent from now on; the pace learns it from what is sent. */
  set bitrate(bitrate: number) {
    const packets = Math.max(1, Math.floor(BUFFERED_MS / this.#ptimeMs));
    this.#maxBufferedBytes = packets * packetBytes(bitrate, this.#ptimeMs);
  }

  packetSent(messageBytes: number, nowMs: number): void {
    const bytes = messageBytes + OVERHEAD_BYTES - 16;
    this.#sentBytes += bytes;
    this.#pace.wrote(us(nowMs), bytes);
  }

  pingSent(t: number, nowMs: number): void {
    this.#unanswered.set(t, { atMs: nowMs, sentBytes: this.#sentBytes });
  }

  /** Pongs come in order: one answers everything sent before it. Gives when it was sent, or null for a stranger. */
  pongReceived(t: number, nowMs: number, shortestRoundTripMs: number): number | null {
    const ping = this.#unanswered.get(t);
    if (ping === undefined) return null;
    for (const [key, { atMs }] of this.#unanswered) if (atMs <= ping.atMs) this.#unanswered.delete(key);
    this.#answeredBytes = ping.sentBytes;
    this.#pace.budgetUs = budgetUs(shortestRoundTripMs);
    this.#pace.drained(us(nowMs), this.#onTheWay);
    return ping.atMs;
  }

  /** Whether a ping would tell something new about what was sent. */
  get waits(): boolean {
    return this.#onTheWay > 0;
  }

  open(nowMs: number, bufferedBytes: number): boolean {
    if (bufferedBytes > this.#maxBufferedBytes || this.#onTheWay >= this.#pace.limit) return false;
    for (const { atMs } of this.#unanswered.values()) return nowMs - atMs <= UNANSWERED_MS;
    return true;
  }

  get #onTheWay(): number {
    return this.#sentBytes - this.#answeredBytes;
  }
}

const packetBytes = (bitrate: number, ptimeMs: number): number =>
  Math.round((bitrate / 8) * (ptimeMs / 1000)) + OVERHEAD_BYTES;

const us = (ms: number): number => Math.round(ms * 1000);

const budgetUs = (roundTripMs: number): number =>
  us(PING_SENDING_MS + SLACK_MS + Math.min(roundTripMs, LONGEST_ROUND_TRIP_MS));
