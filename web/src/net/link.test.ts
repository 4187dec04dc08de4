// Proves: the pure decisions about the link, each with time as a number: clock, way back, and the gate of the uplink.

import { describe, expect, test } from 'vitest';
import { ArrivalReport } from './arrival-report.ts';
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

  test('of another run of the relay nothing is known yet, and of the same one all', () => {
    const clock = new RelayClock();
    clock.begin('run-1');
    clock.learn(0, 1_000, 500_500);
    clock.begin('run-1');
    expect(clock.offsetUs).toBe(500_000);
    clock.begin('run-2');
    expect([clock.offsetUs, clock.roundTripUs, clock.captureStamp(1000)]).toEqual([null, null, 0]);
    clock.learn(2_000_000, 2_009_000, 104_500);
    expect(clock.offsetUs).toBe(-1_900_000);
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
    expect(pauseMs(100, 1)).toBe(4000);
    expect(pauseMs(3, 0)).toBe(1000);
  });

  test('a normal close or a final goodbye ends the session, everything else does not', () => {
    expect(verdict(1000, null)).toBe('ended');
    expect(verdict(1001, { reconnect: false })).toBe('ended');
    expect(verdict(1001, { reconnect: true })).toBe('return');
    expect(verdict(1006, null)).toBe('return');
    expect(verdict(4000, null)).toBe('return');
  });

  test('who was replaced, removed, or saw the room end does not return by themselves', () => {
    expect(verdict(4002, { reconnect: false })).toBe('replaced');
    expect(verdict(4003, { reconnect: false })).toBe('removed');
    expect(verdict(4004, null)).toBe('room_ended');
  });

  test('a hidden page is more patient', () => {
    expect(silenceLimitMs(true)).toBeGreaterThan(silenceLimitMs(false));
  });
});

describe('arrival report', () => {
  test('says the last number at once, then at most every 100 ms, and the rest when nothing follows', () => {
    const report = new ArrivalReport();
    expect(report.came(7, 0)).toBe(7);
    expect([20, 40, 60, 80].map((ms) => report.came(7 + ms / 20, ms))).toEqual([null, null, null, null]);
    expect(report.came(12, 100)).toBe(12);
    expect(report.came(13, 120)).toBeNull();
    expect(report.due(199)).toBeNull();
    expect(report.due(200)).toBe(13);
    expect(report.due(1000)).toBeNull();
  });
});

describe('uplink gate', () => {
  const payload = 160;
  const message = payload + 16;
  const packet = payload + 53;

  /** A packet every 20 ms and a ping every 100 while the gate is open; pongs as `pong` says. How many were sent. */
  function send(gate: UplinkGate, fromMs: number, packets: number, pong: (pingMs: number) => number): number {
    let sent = 0;
    const pongs: { t: number; atMs: number }[] = [];
    for (let n = 0; n < packets; n++) {
      const now = fromMs + n * 20;
      while (pongs.length > 0 && pongs[0]!.atMs <= now) gate.pongReceived(pongs.shift()!.t, now, 5);
      if (n % 5 === 0) {
        gate.pingSent(now, now);
        pongs.push({ t: now, atMs: pong(now) });
      }
      if (!gate.open(now, 0)) continue;
      gate.packetSent(message, now);
      sent += 1;
    }
    return sent;
  }

  test('shuts when the browser holds more than 100 ms of audio', () => {
    const gate = new UplinkGate(64_000, 20);
    expect(gate.open(0, 5 * packet)).toBe(true);
    expect(gate.open(0, 5 * packet + 1)).toBe(false);
  });

  test('of music, which has more bytes, it is 100 ms too', () => {
    const gate = new UplinkGate(64_000, 20);
    gate.bitrate = 96_000;
    const larger = (96_000 / 8) * 0.02 + 53;
    expect(gate.open(0, 5 * larger)).toBe(true);
    expect(gate.open(0, 5 * larger + 1)).toBe(false);
  });

  test('stays open on a link that answers', () => {
    expect(send(new UplinkGate(64_000, 20), 1000, 500, (ms) => ms + 5)).toBe(500);
    expect(send(new UplinkGate(64_000, 20), 1000, 500, (ms) => ms + 60)).toBe(500);
  });

  test('shuts soon on a link that stops answering, and opens with the next pong', () => {
    const gate = new UplinkGate(64_000, 20);
    send(gate, 1000, 50, (ms) => ms + 5);
    const intoTheStall = send(gate, 2000, 50, () => Number.POSITIVE_INFINITY);
    expect(intoTheStall).toBeLessThanOrEqual(14);
    expect(intoTheStall).toBeGreaterThanOrEqual(8);
    expect(gate.pongReceived(2900, 3000, 5)).toBe(2900);
    expect(gate.open(3000, 0)).toBe(true);
  });

  test('sends no more than a slow link takes', () => {
    const gate = new UplinkGate(64_000, 20);
    // A link that takes a packet every 60 ms; a ping is answered when all before it has come.
    let freeMs = 0;
    let sent = 0;
    let worstMs = 0;
    const pongs: { t: number; atMs: number }[] = [];
    for (let now = 0; now < 10_000; now += 20) {
      while (pongs.length > 0 && pongs[0]!.atMs <= now) gate.pongReceived(pongs.shift()!.t, now, 5);
      if (now % 100 === 0) {
        gate.pingSent(now, now);
        pongs.push({ t: now, atMs: Math.max(now, freeMs) + 5 });
      }
      if (!gate.open(now, 0)) continue;
      gate.packetSent(message, now);
      sent += 1;
      freeMs = Math.max(now, freeMs) + 60;
      if (now > 2000) worstMs = Math.max(worstMs, freeMs - now);
    }
    expect(sent).toBeGreaterThan(140);
    expect(worstMs).toBeLessThanOrEqual(400);
  });

  test('shuts while a ping has gone unanswered for 400 ms, and opens with its pong', () => {
    const gate = new UplinkGate(64_000, 20);
    gate.pingSent(1, 1000);
    gate.pingSent(2, 1250);
    expect(gate.open(1400, 0)).toBe(true);
    expect(gate.open(1401, 0)).toBe(false);
    expect(gate.pongReceived(1, 1401, 5)).toBe(1000);
    expect(gate.open(1401, 0)).toBe(true);
    expect(gate.open(1651, 0)).toBe(false);
  });

  test('one pong answers all pings before it, and a stranger answers none', () => {
    const gate = new UplinkGate(64_000, 20);
    gate.pingSent(1, 0);
    gate.pingSent(2, 100);
    expect(gate.pongReceived(7, 200, 5)).toBeNull();
    expect(gate.pongReceived(2, 200, 5)).toBe(100);
    expect(gate.open(10_000, 0)).toBe(true);
  });
});
