// Proves: the delay worth waiting for follows the link, learns quickly, forgets, and is not fooled by rare stalls.

import { describe, expect, test } from 'vitest';
import { Arrivals, Histogram } from './arrivals.ts';

const PACKET = 960;

/** Packets every 20 ms, each late by what `delayMs` says of its number, arriving in order. */
function feed(arrivals: Arrivals, from: number, to: number, delayMs: (n: number) => number): void {
  let last = 0;
  for (let n = from; n < to; n++) {
    last = Math.max(last, (n * 20 + delayMs(n)) * 1000);
    arrivals.record(last, n * PACKET, PACKET, true);
  }
}

describe('arrivals', () => {
  test('a perfect link asks for next to nothing', () => {
    const arrivals = new Arrivals();
    feed(arrivals, 0, 500, () => 7);
    expect(arrivals.targetUs).toBeLessThanOrEqual(2_500);
  });

  test('jitter is learned within a second', () => {
    const arrivals = new Arrivals();
    feed(arrivals, 0, 50, (n) => (n % 5 === 0 ? 40 : 2));
    expect(arrivals.targetUs).toBeGreaterThan(38_000);
    expect(arrivals.targetUs).toBeLessThan(50_000);
  });

  test('a rare stall does not size the buffer', () => {
    const arrivals = new Arrivals();
    feed(arrivals, 0, 3000, (n) => (n % 1500 === 700 ? 900 : 2));
    expect(arrivals.targetUs).toBeLessThanOrEqual(3_000);
  });

  test('nor does one hiccup in the first seconds', () => {
    const arrivals = new Arrivals();
    feed(arrivals, 0, 250, (n) => (n === 200 ? 100 : 2));
    expect(arrivals.targetUs).toBeLessThanOrEqual(5_000);
  });

  test('stalls that recur do', () => {
    const arrivals = new Arrivals();
    feed(arrivals, 0, 3000, (n) => (n % 100 === 70 ? 200 : 2));
    expect(arrivals.targetUs).toBeGreaterThan(195_000);
  });

  test('but not those that no buffer bridges, however often they come', () => {
    for (const apart of [50, 100, 400, 450, 500, 550]) {
      const arrivals = new Arrivals();
      feed(arrivals, 0, 3000, (n) => (n % apart === 20 ? 900 : 2));
      expect(arrivals.targetUs).toBeLessThanOrEqual(5_000);
    }
  });

  test('a faster route is the new zero at once, a slower one after a while', () => {
    const arrivals = new Arrivals();
    feed(arrivals, 0, 100, () => 50);
    feed(arrivals, 100, 200, () => 10);
    expect(arrivals.fastestUs).toBeCloseTo(10_000, 3);
    feed(arrivals, 200, 500, () => 30);
    expect(arrivals.fastestUs).toBeCloseTo(30_000, 3);
  });

  test('a link that gets slower for good is no reason to wait longer', () => {
    const arrivals = new Arrivals();
    feed(arrivals, 0, 250, (n) => (n < 5 ? 2 : 18));
    expect(arrivals.fastestUs).toBeCloseTo(18_000, 3);
    expect(arrivals.targetUs).toBeLessThanOrEqual(3_500);
  });

  test('what packets needed in the last half second to second is known, and then forgotten', () => {
    const arrivals = new Arrivals();
    const late = (n: number) => (n === 1005 ? 60 : 2);
    feed(arrivals, 0, 1006, late);
    expect(arrivals.targetUs).toBeLessThan(5_000);
    expect(arrivals.recentUs).toBeCloseTo(58_000, 3);
    feed(arrivals, 1006, 1028, late);
    expect(arrivals.recentUs).toBeCloseTo(58_000, 3);
    feed(arrivals, 1028, 1055, late);
    expect(arrivals.recentUs).toBe(arrivals.targetUs);
  });

  test('what is late by intent does not count', () => {
    const arrivals = new Arrivals();
    feed(arrivals, 0, 200, () => 2);
    for (let n = 200; n < 300; n++) arrivals.record((n * 20 + 62) * 1000, n * PACKET, PACKET, false);
    expect(arrivals.targetUs).toBeLessThanOrEqual(4_000);
  });
});

describe('histogram', () => {
  test('an empty one asks for nothing', () => {
    expect(new Histogram().quantileUs(0.95)).toBe(0);
  });

  test('one delay is believed at once', () => {
    const histogram = new Histogram();
    histogram.add(12_300);
    expect(histogram.quantileUs(0.95)).toBe(13_000);
  });

  test('what is long past is forgotten', () => {
    const histogram = new Histogram();
    for (let i = 0; i < 100; i++) histogram.add(90_000);
    for (let i = 0; i < 200; i++) histogram.add(2_000);
    expect(histogram.quantileUs(0.95)).toBe(3_000);
  });

  test('a shift moves what is known and loses nothing', () => {
    const histogram = new Histogram();
    histogram.add(10_000);
    expect(histogram.shift(5_400)).toBe(400);
    expect(histogram.quantileUs(0.95)).toBe(16_000);
    expect(histogram.shift(-12_000)).toBe(0);
    expect(histogram.quantileUs(0.95)).toBe(4_000);
    histogram.shift(-900_000);
    expect(histogram.quantileUs(0.95)).toBe(1_000);
    histogram.shift(900_000);
    expect(histogram.quantileUs(0.95)).toBe(512_000);
  });

  test('delays outside the range count at its ends', () => {
    const histogram = new Histogram();
    histogram.add(-5);
    histogram.add(1e9);
    expect(histogram.quantileUs(1)).toBe(512_000);
  });
});
