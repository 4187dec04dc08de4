// Proves: what is learned of arrivals, and what is decided, is what the relay's jitter buffer learns and decides.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Arrivals } from './arrivals.ts';
import { decide, NORMAL, PREEMPTIVE_EXPAND } from './decision.ts';

const PACKET_SAMPLES = 960;
const PACKET_US = 20_000;

interface Link {
  name: string;
  delays_us: number[];
  learned: { packets: number; fastest_us: number; target_us: number; usual_us: number; recent_us: number }[];
}

interface Decided {
  level_us: number;
  leftover_us: number;
  target_us: number;
  recent_us: number;
  usual_us: number;
  block_us: number;
  operation: string;
  most_us: number;
}

const vectors = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../../samples/playout/${name}.json`, import.meta.url), 'utf8'));
const links = vectors('arrivals') as Link[];
const decisions = vectors('decisions') as Decided[];

test.each(links)('arrivals: $name', ({ delays_us, learned }) => {
  const arrivals = new Arrivals();
  const found: Link['learned'] = [];
  let last = 0;
  delays_us.forEach((delay, n) => {
    last = Math.max(last, n * PACKET_US + delay);
    arrivals.record(last, n * PACKET_SAMPLES, PACKET_SAMPLES, true);
    if (!learned.some(({ packets }) => packets === n + 1)) return;
    const { targetUs, usualUs, recentUs } = arrivals;
    const fastestUs = arrivals.fastestUs!;
    found.push({ packets: n + 1, fastest_us: fastestUs, target_us: targetUs, usual_us: usualUs, recent_us: recentUs });
  });
  expect(found).toEqual(learned);
});

test('decisions', () => {
  const decided = decisions.map((v) => ({
    ...v,
    ...named(decide(v.level_us, v.leftover_us, v.target_us, v.recent_us, v.usual_us, v.block_us)),
  }));
  expect(decided).toEqual(decisions);
});

function named(decision: number): { operation: string; most_us: number } {
  if (decision === NORMAL) return { operation: 'normal', most_us: 0 };
  if (decision === PREEMPTIVE_EXPAND) return { operation: 'preemptive expand', most_us: 0 };
  return { operation: 'accelerate', most_us: decision };
}
