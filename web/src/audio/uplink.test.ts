// Proves: what is said goes out complete and in order, silence costs nothing, and mute is mute.

import { describe, expect, test } from 'vitest';
import type { UpPacket } from '../net/wire.ts';
import { type Frame, Framer } from './framer.ts';
import { audioLevel } from './level.ts';
import { type Obstacle, Uplink } from './uplink.ts';

const PTIME = 960;

function setUp() {
  const sent: UpPacket[] = [];
  const count = { link: 0, device: 0 };
  const uplink = new Uplink(PTIME, {
    encode: (pcm) => Uint8Array.of(Math.round(pcm[0]! * 100)),
    // Half of full scale is speech, a tenth and more may be the rise to it.
    hears: (pcm) => ({ speech: pcm[0]! >= 0.5, rise: pcm[0]! >= 0.1 ? 'from_start' : 'none' }),
    captureStamp: (us) => us,
    send: (packet) => sent.push(packet),
    withheld: (by) => {
      count[by] += 1;
    },
  });
  let n = 0;
  const say = (values: number[], obstacle: Obstacle | null = null) => {
    for (const value of values) {
      const frame: Frame = { pcm: new Float32Array(PTIME).fill(value), timestamp: n * PTIME, capturedUs: n * 20_000 };
      uplink.take(frame, obstacle);
      n += 1;
    }
  };
  return { sent, count, uplink, say };
}

describe('uplink', () => {
  const HANGOVER = Array(13).fill(0);

  test('a talkspurt begins with 40 ms of what rose to it and a marker, goes on for 250 ms, and its last packet says so', () => {
    const { sent, say } = setUp();
    say([0, 0.1, 0.2, 0.3, 0.5, 0.6, ...HANGOVER, 0, 0]);
    expect(sent.slice(0, 4).map((p) => [p.timestamp / PTIME, p.payload[0], p.marker, p.preRoll, p.end])).toEqual([
      [2, 20, true, true, false],
      [3, 30, false, true, false],
      [4, 50, false, false, false],
      [5, 60, false, false, false],
    ]);
    expect(sent.map((p) => p.timestamp / PTIME).slice(4)).toEqual(HANGOVER.map((_, n) => 6 + n));
    expect(sent.map((p) => p.end)).toEqual(sent.map((_, n) => n === sent.length - 1));
    expect(sent.map((p) => p.sequence)).toEqual(sent.map((_, n) => n));
    expect(sent.slice(0, 5).map((p) => p.captureUs)).toEqual([40_000, 60_000, 80_000, 100_000, 120_000]);
  });

  test('what did not rise is no part of it', () => {
    const { sent, say } = setUp();
    say([0.3, 0, 0.5]);
    expect(sent.map((p) => [p.timestamp / PTIME, p.marker, p.preRoll])).toEqual([[2, true, false]]);
  });

  test('in silence nothing is sent', () => {
    const { sent, say } = setUp();
    say(Array(100).fill(0.4));
    expect(sent).toEqual([]);
  });

  test('who sends continuously sends silence too, and ends when they no longer do', () => {
    const { sent, uplink, say } = setUp();
    uplink.continuous = true;
    say(Array(50).fill(0));
    expect(sent.length).toBe(50);
    expect(sent.map((p) => p.marker)).toEqual(sent.map((_, n) => n === 0));
    expect(sent.some((p) => p.end || p.preRoll)).toBe(false);
    uplink.continuous = false;
    say(HANGOVER);
    expect(sent.length).toBe(63);
    expect(sent.at(-1)!.end).toBe(true);
  });

  test('mute in mid-talkspurt ends it at once, and nothing follows', () => {
    const { sent, uplink, say } = setUp();
    say([0.9, 0.9]);
    uplink.mute(true);
    say([0.9, 0.9]);
    expect(sent.at(-1)).toMatchObject({ end: true, muted: true, timestamp: 2 * PTIME });
    expect(sent.at(-1)!.payload.length).toBe(0);
    expect(sent.length).toBe(3);
  });

  test('nothing said before unmuting goes out as pre-roll', () => {
    const { sent, uplink, say } = setUp();
    say([0.3, 0.3]);
    uplink.mute(true);
    say([0.4, 0.4]);
    uplink.mute(false);
    say([0.9]);
    expect(sent.map((p) => [p.timestamp / PTIME, p.marker, p.preRoll])).toEqual([[4, true, false]]);
  });

  test('while the link is full nothing is encoded, and the flags move on', () => {
    const { sent, say } = setUp();
    say([0.9, 0.9], 'link');
    say([0.9]);
    expect(sent.map((p) => [p.timestamp / PTIME, p.marker])).toEqual([[2, true]]);
    say(HANGOVER, 'link');
    say([0], 'link');
    say([0]);
    expect(sent.at(-1)).toMatchObject({ end: true, timestamp: 17 * PTIME });
    expect(sent.length).toBe(2);
  });

  test('what a full link does not take is counted, pre-roll too; silence and mute are not', () => {
    const { count, uplink, say } = setUp();
    say([0, 0, 0.2, 0.3], 'link');
    expect(count.link).toBe(0);
    say([0.9], 'link');
    expect(count.link).toBe(3);
    say([0.9]);
    say([0.9, 0.9], 'link');
    expect(count.link).toBe(5);
    uplink.mute(true);
    say([0.9], 'link');
    expect(count.link).toBe(5);
  });

  test('what this device came to too late is not sent either, and is put down to the device', () => {
    const { sent, count, say } = setUp();
    say([0, 0.2, 0.9], 'device');
    expect(sent).toEqual([]);
    expect(count).toEqual({ link: 0, device: 2 });
    say([0.9], 'link');
    expect(count).toEqual({ link: 1, device: 2 });
    say([0.9]);
    expect(sent).toMatchObject([{ marker: true, timestamp: 4 * PTIME }]);
  });

  test('a talkspurt of which nothing got through needs no end', () => {
    const { sent, say } = setUp();
    say([0.9, ...HANGOVER], 'link');
    say([0, 0]);
    expect(sent).toEqual([]);
  });
});

describe('framer', () => {
  const collect = (framer: Framer, blocks: [length: number, atUs: number][]) => {
    const frames: Frame[] = [];
    for (const [length, atUs] of blocks) {
      framer.push(new Float32Array(length), atUs, (f) => frames.push({ ...f, pcm: f.pcm.slice() }));
    }
    return frames;
  };

  test('frames are exact whatever the blocks are', () => {
    const frames = collect(new Framer(48_000, 960, 0, 0), [
      [500, 0],
      [500, 0],
      [3000, 0],
    ]);
    expect(frames.map((f) => f.timestamp)).toEqual([0, 960, 1920, 2880]);
  });

  test('a device of 44.1 kHz gives frames at 48 kHz', () => {
    const blocks = Array.from({ length: 100 }, (_, n): [number, number] => [441, (n + 1) * 10_000]);
    const frames = collect(new Framer(44_100, 480, 0, 7), blocks);
    expect(frames.length).toBeGreaterThanOrEqual(98);
    expect(frames[10]!.timestamp).toBe(7 + 4800);
    expect(frames[10]!.capturedUs).toBeCloseTo(100_000, -2);
  });

  test.each([44_100, 16_000, 96_000])('a device of %i Hz does not keep a frame waiting for the next block', (rate) => {
    const blocks = Array.from({ length: 1000 }, (_, n): [number, number] => [rate / 100, (n + 1) * 10_000]);
    expect(collect(new Framer(rate, 960, 0, 0), blocks).length).toBe(500);
  });

  test('the capture time is that of the first sample, less the latency of the device, and does not jitter', () => {
    const late = [0, 3_000, 500, 9_000, 0];
    const blocks = late.map((us, n): [number, number] => [960, (n + 1) * 20_000 + us]);
    const frames = collect(new Framer(48_000, 960, 5_000, 0), blocks);
    expect(frames.map((f) => f.capturedUs)).toEqual([-5_000, 15_000, 35_000, 55_000, 75_000]);
  });

  test('after a capture that slept the media time has gone on', () => {
    const frames = collect(new Framer(48_000, 960, 0, 0), [
      [960, 20_000],
      [960, 40_000],
      [960, 10_060_000],
      [960, 10_080_000],
    ]);
    expect(frames.at(-1)!.timestamp - frames[1]!.timestamp).toBe(10_040_000 * 0.048);
    expect(frames.at(-1)!.capturedUs).toBe(10_060_000);
  });
});

describe('a capture that fell behind', () => {
  const run = (lateMs: (n: number) => number) => {
    const framer = new Framer(48_000, 960, 0, 0);
    let last: { timestamp: number; capturedUs: number; atUs: number } | null = null;
    let arrivedUs = 0;
    for (let n = 1; n <= 200; n++) {
      arrivedUs = Math.max(arrivedUs, (n * 20 + lateMs(n)) * 1000);
      const atUs = arrivedUs;
      framer.push(new Float32Array(960), atUs, (f) => {
        last = { timestamp: f.timestamp, capturedUs: f.capturedUs, atUs };
      });
    }
    return last!;
  };

  test('and lost 500 ms of sound is fresh again soon, and its media time has gone on', () => {
    const { timestamp, capturedUs, atUs } = run((n) => (n < 100 ? 0 : 500));
    expect(atUs - capturedUs).toBe(20_000);
    expect(timestamp).toBe(199 * 960 + 24_000);
  });

  test('and comes in one burst has lost nothing', () => {
    const { timestamp, capturedUs, atUs } = run((n) => (n >= 100 && n < 125 ? 500 - (n - 100) * 20 : 0));
    expect(atUs - capturedUs).toBe(20_000);
    expect(timestamp).toBe(199 * 960);
  });
});

test('the level is −dBov', () => {
  expect(audioLevel(new Float32Array(960))).toBe(127);
  expect(audioLevel(new Float32Array(960).fill(1))).toBe(0);
  expect(audioLevel(new Float32Array(960).fill(0.1))).toBe(20);
});
