// Age-bounded sending. The page cannot see how much the kernel holds for a slow link, so two signs decide: what the
// browser itself still holds (bufferedAmount), and how long the oldest ping has gone unanswered. While the gate is
// shut packets are not even encoded, so the encoder and the relay's decoder stay in step and nothing old is sent later.

/** At most this much audio may wait in the browser. */
const BUFFERED_MS = 100;
/** A link that has not answered for this long is stalled; what is sent now would be too old when it gets through. */
const UNANSWERED_MS = 400;
/** Header, WebSocket frame and TLS record around a packet. */
const OVERHEAD_BYTES = 16 + 8 + 29;

export class UplinkGate {
  readonly #maxBufferedBytes: number;
  readonly #unanswered = new Map<number, number>();

  constructor(bitrate: number, ptimeMs: number) {
    const packetBytes = (bitrate / 8) * (ptimeMs / 1000) + OVERHEAD_BYTES;
    this.#maxBufferedBytes = Math.max(1, Math.floor(BUFFERED_MS / ptimeMs)) * packetBytes;
  }

  pingSent(t: number, nowMs: number): void {
    this.#unanswered.set(t, nowMs);
  }

  /** Pongs come in order: one answers everything sent before it. Gives when it was sent, or null for a stranger. */
  pongReceived(t: number): number | null {
    const sentMs = this.#unanswered.get(t);
    if (sentMs === undefined) return null;
    for (const [key, at] of this.#unanswered) if (at <= sentMs) this.#unanswered.delete(key);
    return sentMs;
  }

  open(nowMs: number, bufferedBytes: number): boolean {
    if (bufferedBytes > this.#maxBufferedBytes) return false;
    for (const at of this.#unanswered.values()) return nowMs - at <= UNANSWERED_MS;
    return true;
  }
}
