// Where the time between mouth and ear goes. Pure.

/** In the order in which the sound passes them; they add up to the whole. */
export const STAGES = ['capture', 'packet', 'uplink', 'buffer', 'mix', 'downlink', 'jitter', 'device'] as const;

/**
 * Milliseconds in each.
 *
 * - `capture`: the talker's microphone, to the last sample of a packet; nothing where nobody says.
 * - `packet`: a sample waits until its packet is full, and the codec looks ahead: the same for every sample.
 * - `uplink`: from the talker's page to the relay, and their microphone where nobody says.
 * - `buffer`: in the relay's jitter buffer; nothing where packets are forwarded.
 * - `mix`: waiting for the tick of a mix; nothing where packets are forwarded.
 * - `downlink`: from the relay to here, at its fastest.
 * - `jitter`: in the jitter buffer here.
 * - `device`: from the jitter buffer to the loudspeaker.
 */
export type Stages = Record<(typeof STAGES)[number], number>;

export interface Measured {
  totalMs: number;
  /** As the talker says; null where nobody does. */
  captureMs: number | null;
  packetMs: number;
  /** In the relay, for later packets and for the tick of a mix. */
  bufferedMs: number;
  waitedMs: number;
  /** Shortest round trip to the relay. */
  roundTripMs: number;
  jitterMs: number;
  deviceMs: number;
}

/** What was measured by itself is taken as it is; what is left of the whole is the way up. */
export function split(measured: Measured): Stages {
  let left = measured.totalMs;
  const take = (ms: number) => {
    const taken = Math.max(0, Math.min(left, ms));
    left -= taken;
    return taken;
  };
  const device = take(measured.deviceMs);
  const jitter = take(measured.jitterMs);
  const downlink = take(measured.roundTripMs / 2);
  const mix = take(measured.waitedMs);
  const buffer = take(measured.bufferedMs);
  const packet = take(measured.packetMs);
  const capture = take(measured.captureMs ?? 0);
  return { capture, packet, uplink: left, buffer, mix, downlink, jitter, device };
}

export const sum = (stages: Stages): number => STAGES.reduce((all, stage) => all + stages[stage], 0);

/** Each a step of `share` from the one to the other: they go on adding up. */
export function blend(from: Stages, to: Stages, share: number): Stages {
  return each((stage) => from[stage] + share * (to[stage] - from[stage]));
}

/** Whole milliseconds that add up to the whole as it is rounded: the largest remainders are rounded up. */
export function rounded(stages: Stages): Stages {
  const down = each((stage) => Math.floor(stages[stage]));
  const missing = Math.round(sum(stages)) - sum(down);
  const up = [...STAGES].sort((a, b) => stages[b] - down[b] - (stages[a] - down[a])).slice(0, missing);
  return each((stage) => down[stage] + (up.includes(stage) ? 1 : 0));
}

const each = (of: (stage: (typeof STAGES)[number]) => number): Stages =>
  Object.fromEntries(STAGES.map((stage) => [stage, of(stage)])) as Stages;
