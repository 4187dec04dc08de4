// The delay over the last minute, split by stage, and what there is to say about it. Pure: time is an argument.

/** Add up to the whole, in the order in which the sound passes them. */
export interface Stages {
  /** A sample waits until its packet is full, and the codec looks ahead: the same for every sample. */
  packetMs: number;
  /** What else there is from the talker's microphone to the relay: their device and their link. */
  uplinkMs: number;
  /** In the relay: its jitter buffer, and the wait for the next mix; nothing where packets are forwarded. */
  heldMs: number;
  /** From the relay to here, at its fastest. */
  downlinkMs: number;
  /** In the jitter buffer here. */
  jitterMs: number;
  /** From the jitter buffer to the loudspeaker. */
  deviceMs: number;
}

export interface Sample {
  atMs: number;
  totalMs: number;
  stages: Stages;
}

export interface Measured {
  totalMs: number;
  packetMs: number;
  heldMs: number;
  /** Shortest round trip to the relay. */
  roundTripMs: number;
  bufferMs: number;
  deviceMs: number;
}

/** What was measured by itself is taken as it is; what is left of the whole was before it came to the relay. */
export function split({ totalMs, packetMs, heldMs, roundTripMs, bufferMs, deviceMs }: Measured): Stages {
  let left = totalMs;
  const take = (ms: number) => {
    const taken = Math.max(0, Math.min(left, ms));
    left -= taken;
    return taken;
  };
  const device = take(deviceMs);
  const jitter = take(bufferMs);
  const downlink = take(roundTripMs / 2);
  const held = take(heldMs);
  const packet = take(packetMs);
  return { packetMs: packet, uplinkMs: left, heldMs: held, downlinkMs: downlink, jitterMs: jitter, deviceMs: device };
}

const MEMORY_MS = 60_000;
/** Twice a second is enough for an eye. */
const EVERY_MS = 500;

export class DelayHistory {
  #samples: Sample[] = [];
  #concealed: { atMs: number; totalMs: number }[] = [];

  /** `concealedMs`: all that was concealed so far. True if it was taken into the picture. */
  add(nowMs: number, measured: Measured | null, concealedMs: number): boolean {
    const last = this.#concealed.at(-1);
    if (last !== undefined && nowMs - last.atMs < EVERY_MS) return false;
    // The count begins anew with each session.
    if (last !== undefined && concealedMs < last.totalMs) this.#concealed = [];
    this.#concealed = recent([...this.#concealed, { atMs: nowMs, totalMs: concealedMs }], nowMs);
    if (measured !== null) {
      this.#samples.push({ atMs: nowMs, totalMs: measured.totalMs, stages: split(measured) });
    }
    this.#samples = recent(this.#samples, nowMs);
    return true;
  }

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  /** Of the last minute. */
  get concealedMs(): number {
    return (this.#concealed.at(-1)?.totalMs ?? 0) - (this.#concealed[0]?.totalMs ?? 0);
  }
}

const recent = <T extends { atMs: number }>(all: T[], nowMs: number): T[] =>
  all.filter(({ atMs }) => nowMs - atMs <= MEMORY_MS);

export type Verdict = 'good' | 'fair' | 'poor' | 'own_link' | 'their_link' | 'device';

/** Below this a conversation is as easy as in one room... */
const GOOD_MS = 150;
/** ...and above this people begin to talk into each other's words (ITU-T G.114 puts it at 400 at the latest). */
const FAIR_MS = 250;
const SLOW_DEVICE_MS = 120;
const SLOW_ROUND_TRIP_MS = 120;

/** `roundTripMs`: the last one, not the shortest. */
export function judge(totalMs: number, stages: Stages, roundTripMs: number): Verdict {
  if (totalMs <= GOOD_MS) return 'good';
  if (totalMs <= FAIR_MS) return 'fair';
  if (stages.deviceMs >= SLOW_DEVICE_MS) return 'device';
  if (roundTripMs >= SLOW_ROUND_TRIP_MS) return 'own_link';
  return stages.uplinkMs + stages.heldMs + stages.jitterMs > totalMs / 2 ? 'their_link' : 'poor';
}
