// Proves: the pure decisions about the link, each with time as a number: clock, way back, and the gate of the uplink.

import { describe, expect, test } from 'vitest';
import { ageUs, RelayClock } from './clock.ts';
import { pauseMs, silenceLimitMs, verdict } from './reconnect.ts';
import { UplinkGate } from './uplink-gate.ts';

describe('relay clock', () => {
  test('is unknown before the first pair, and a capture time is then 0', () => {
    const clock = new RelayClock();
    expect(clock.offsetUs).toBeNull();
    expect(clock.captureStamp(1000)).toBe(0);
  });

  test('believes the pair with the smallest round trip', () => {
    const clock = new RelayClock();
    clock.learn(0, 40_000, 1_000_000);
    clock.learn(100_000, 102_000, 1_081_000);
    clock.learn(200_000, 290_000, 1_200_000);
    expect(clock.offsetUs).toBe(980_000);
    expect(clock.roundTripUs).toBe(2_000);
  });

  test('forgets a pair after a minute', () => {
    const clock = new RelayClock();
    clock.learn(0, 1_000, 500_500);
    clock.learn(61_000_000, 61_010_000, 61_505_100);
    expect(clock.offsetUs).toBe(500_100);
  });

  test('an instant that would be 0 is sent as 1', () => {
    const clock = new RelayClock();
    clock.learn(0, 0, 0);
    expect(clock.captureStamp(2 ** 32)).toBe(1);
    expect(clock.captureStamp(2 ** 32 + 5)).toBe(5);
  });

  test('the age of a stamp holds across the wrap', () => {
    expect(ageUs(2 ** 32 - 10, 2 ** 32 + 20)).toBe(30);
    expect(ageUs(20, 10)).toBe(-10);
  });
});

describe('coming back', () => {
  test('pauses grow, stay bounded, and differ by chance', () => {
    expect([0, 1, 2, 3].map((n) => pauseMs(n, 1))).toEqual([250, 500, 1000, 2000]);
    expect(pauseMs(100, 1)).toBe(8000);
    expect(pauseMs(3, 0)).toBe(1000);
  });

  test('a normal close or a final goodbye ends the session, everything else does not', () => {
    expect(verdict(1000, null)).toBe('ended');
    expect(verdict(1001, { reconnect: false })).toBe('ended');
    expect(verdict(1001, { reconnect: true })).toBe('return');
    expect(verdict(1006, null)).toBe('return');
    expect(verdict(4000, null)).toBe('return');
  });

  test('a hidden page is more patient', () => {
    expect(silenceLimitMs(true)).toBeGreaterThan(silenceLimitMs(false));
  });
});

describe('uplink gate', () => {
  test('shuts when the browser holds more than 100 ms of audio', () => {
    const gate = new UplinkGate(64_000, 20);
    const packet = 160 + 53;
    expect(gate.open(0, 5 * packet)).toBe(true);
    expect(gate.open(0, 5 * packet + 1)).toBe(false);
  });

  test('shuts while a ping has gone unanswered for 400 ms, and opens with its pong', () => {
    const gate = new UplinkGate(64_000, 20);
    gate.pingSent(1, 1000);
    gate.pingSent(2, 1250);
    expect(gate.open(1400, 0)).toBe(true);
    expect(gate.open(1401, 0)).toBe(false);
    expect(gate.pongReceived(1)).toBe(1000);
    expect(gate.open(1401, 0)).toBe(true);
    expect(gate.open(1651, 0)).toBe(false);
  });

  test('one pong answers all pings before it, and a stranger answers none', () => {
    const gate = new UplinkGate(64_000, 20);
    gate.pingSent(1, 0);
    gate.pingSent(2, 100);
    expect(gate.pongReceived(7)).toBeNull();
    expect(gate.pongReceived(2)).toBe(100);
    expect(gate.open(10_000, 0)).toBe(true);
  });
});
