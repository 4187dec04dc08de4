// Proves: a link that stalls for a second again and again is heard at its normal delay two seconds later, every time,
// also where speech has no pitch, and nothing old is heard.

import { expect, test } from 'vitest';
import { BLOCK, Device, PTIME, packet, rms, type Signal, stream, tone } from './harness.ts';

const FIRST = 300;
const STALL = 50;
/** What is under way when the link stalls, and the newest that waits for it (PROTOCOL.md): all else is discarded. */
const UNDER_WAY = 5;
const NEWEST = 6;
const STALLS = 4;
/** Virtual time, but a lot of it, on a machine that may be busy. */
const PATIENCE_MS = 60_000;
/** So much more delay than before is back to normal; the rest is steered away. */
const NORMAL_MS = 30;

const hiss: Signal = (t) => ((Math.imul(t + 1, 0x9e3779b1) >>> 8) % 8_000) / 8_000 - 0.5;

test.each(
  [8, 10].flatMap((seconds) => [
    { seconds, signal: tone, of: 'a tone' },
    { seconds, signal: hiss, of: 'a hiss' },
  ]),
)(
  'one second every $seconds, of $of',
  ({ seconds, signal }) => {
    const period = seconds * 50;
    /** No stall keeps to the second. */
    const begins = (stall: number) => FIRST + stall * period + (stall % 3) * 2;
    const phaseOf = (n: number) => n - begins(Math.max(0, Math.floor((n - FIRST) / period)));
    const stalled = (n: number) => phaseOf(n) >= 0 && phaseOf(n) < STALL;
    // What a stall holds back comes when it is over; before and after packets are up to 12 ms late.
    const delayMs = (n: number) => Math.max((n * 7919) % 12, stalled(n) ? (STALL - phaseOf(n)) * 20 : 0);
    const discarded = (n: number) => stalled(n) && phaseOf(n) >= UNDER_WAY && phaseOf(n) < STALL - NEWEST;

    const arrivals = stream(0, begins(STALLS), delayMs, (n) => packet(n * PTIME, signal, { marker: n === 0 })).filter(
      (_, n) => !discarded(n),
    );
    const device = new Device();
    const levelAtMs = (ms: number) => {
      const later = arrivals.findIndex(({ atUs }) => atUs > ms * 1000);
      device.play(arrivals.splice(0, later), ms);
      return device.buffer.stats.levelUs / 1000;
    };
    const before = levelAtMs(begins(0) * 20);
    for (let stall = 0; stall < STALLS; stall++) {
      expect(levelAtMs(begins(stall) * 20 + 3_000)).toBeLessThan(before + NORMAL_MS);
    }
    // Concealment of this codec is silence: what is heard was said.
    const ages = device.levelsUs.filter((_, n) => rms(device.heard.slice(n * BLOCK, (n + 1) * BLOCK)) > 0.01);
    expect(ages.length).toBeGreaterThan(device.levelsUs.length / 2);
    expect(Math.max(...ages)).toBeLessThan(300_000);
  },
  PATIENCE_MS,
);
