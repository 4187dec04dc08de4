// When to come back after a lost socket: at once, then with growing pauses, each shortened by chance so that a room
// full of phones does not return in step.

const FIRST_MS = 250;
/** A relay that is started again sees everybody within 5 s. */
const LONGEST_MS = 4_000;

/** Pause before the `attempt`th try (0 is the first after the loss); `random` is in [0, 1). */
export function pauseMs(attempt: number, random: number): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
  return full * (0.5 + 0.5 * random);
}

export type Verdict = 'return' | 'ended' | 'replaced' | 'removed' | 'room_ended';

/** Closes of the relay that say why. */
const FINAL: Record<number, Verdict> = { 1000: 'ended', 4002: 'replaced', 4003: 'removed', 4004: 'room_ended' };

/** What a close means: some codes, or a goodbye that asks us not to return, end it; all else is worth another try. */
export function verdict(code: number, goodbye: { reconnect: boolean } | null): Verdict {
  const final = FINAL[code];
  if (goodbye?.reconnect === true) return 'return';
  return final ?? (goodbye === null ? 'return' : 'ended');
}

/** Refusals that a moment may change: whoever was in the room before waits for it. */
const PASSING: readonly string[] = ['full', 'rate_limited', 'too_many_sockets'];

export const passes = (code: string): boolean => PASSING.includes(code);

/** A socket that has been silent that long is gone, whatever the system says of it (the relay pings every second). */
export function silenceLimitMs(hidden: boolean): number {
  return hidden ? 10_000 : 5_000;
}
