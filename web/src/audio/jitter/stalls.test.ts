// Proves: a link that stalls for a second every ten is heard at its normal delay two seconds later, every time.

import { expect, test } from 'vitest';
import { BLOCK, Device, PTIME, packet, rms, stream, tone } from './harness.ts';

const PERIOD = 500;
const STALL = 50;
/** What is under way when the link stalls, and the newest that waits for it (PROTOCOL.md): all else is discarded. */
const UNDER_WAY = 5;
const NEWEST = 6;
const STALLS = 6;

/** How many packets after its period a stall begins: no stall keeps to the second. */
const begins = (period: number) => (period % 3) * 2;
const phaseOf = (n: number) => (n % PERIOD) - begins(Math.floor(n / PERIOD));
const stalled = (n: number) => n >= PERIOD && phaseOf(n) >= 0 && phaseOf(n) < STALL;

/** What a stall holds back comes when it is over; before and after packets are up to 12 ms late. */
const delayMs = (n: number) => Math.max((n * 7919) % 12, stalled(n) ? (STALL - phaseOf(n)) * 20 : 0);
const discarded = (n: number) => stalled(n) && phaseOf(n) >= UNDER_WAY && phaseOf(n) < STALL - NEWEST;

test('one second every ten', () => {
  const arrivals = stream(0, PERIOD * (STALLS + 1), delayMs, (n) =>
    packet(n * PTIME, tone, { marker: n === 0 }),
  ).filter((_, n) => !discarded(n));
  const device = new Device();
  const levelAtMs = (ms: number) => {
    const later = arrivals.findIndex(({ atUs }) => atUs > ms * 1000);
    device.play(arrivals.splice(0, later), ms);
    return device.buffer.stats.levelUs / 1000;
  };
  for (let n = 1; n <= STALLS; n++) {
    const startsMs = n * 10_000 + begins(n) * 20;
    const before = levelAtMs(startsMs);
    expect(levelAtMs(startsMs + 3_000)).toBeLessThan(before + 5);
  }
  // Concealment of this codec is silence: what is heard was said.
  const ages = device.levelsUs.filter((_, n) => rms(device.heard.slice(n * BLOCK, (n + 1) * BLOCK)) > 0.01);
  expect(ages.length).toBeGreaterThan(device.levelsUs.length / 2);
  expect(Math.max(...ages)).toBeLessThan(300_000);
});
