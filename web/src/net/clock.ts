// The offset from this machine's clock to the relay's, learnt from ping pairs (PROTOCOL.md, "Clock").

/** As PROTOCOL.md says: the smallest round trip of the last minute wins. */
const MEMORY_US = 60_000_000;

interface Pair {
  atUs: number;
  offsetUs: number;
  roundTripUs: number;
}

export class RelayClock {
  #pairs: Pair[] = [];
  #best: Pair | null = null;
  #boot: string | null = null;

  /** Of that run of the relay: another one begins its clock anew. */
  begin(boot: string): void {
    if (boot === this.#boot) return;
    [this.#boot, this.#pairs, this.#best] = [boot, [], null];
  }

  /** Takes one answered ping; all but `relayUs` on this machine's clock. */
  learn(sentUs: number, receivedUs: number, relayUs: number): void {
    const roundTripUs = receivedUs - sentUs;
    if (roundTripUs < 0) return;
    const pair = { atUs: receivedUs, offsetUs: relayUs - (sentUs + receivedUs) / 2, roundTripUs };
    this.#pairs = this.#pairs.filter((p) => receivedUs - p.atUs < MEMORY_US);
    this.#pairs.push(pair);
    this.#best = this.#pairs.reduce((best, p) => (p.roundTripUs <= best.roundTripUs ? p : best));
  }

  /** Relay clock − own clock, or null before the first pair. */
  get offsetUs(): number | null {
    return this.#best?.offsetUs ?? null;
  }

  get roundTripUs(): number | null {
    return this.#best?.roundTripUs ?? null;
  }

  /** An instant as the header's capture time: modulo 2³², 0 only for unknown. */
  captureStamp(localUs: number): number {
    if (this.#best === null) return 0;
    return wrap32(Math.round(localUs + this.#best.offsetUs)) || 1;
  }
}

export function wrap32(us: number): number {
  const modulus = 2 ** 32;
  return ((us % modulus) + modulus) % modulus;
}

/** How long ago a capture stamp was, seen from a relay instant; within half the circle of 71 minutes. */
export function ageUs(captureUs: number, relayUs: number): number {
  const age = wrap32(relayUs - captureUs);
  return age < 2 ** 31 ? age : age - 2 ** 32;
}
