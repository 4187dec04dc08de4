// Proves, in virtual time and with a lossless codec: what goes in comes out, at the delay the link deserves; what is
// late is played and the delay comes back; what is old is never played; seams and ends are clean.

import { describe, expect, test } from 'vitest';
import { BLOCK, Device, LosslessDecoder, largestStep, PTIME, packet, rms, stream, tone } from './harness.ts';
import type { Packet } from './packet.ts';

const TONE_STEP = 0.5 * 2 * Math.PI * (200 / 48_000) * 1.05;

describe('on a perfect link', () => {
  test('every sample comes out once, in order, and nothing is concealed', () => {
    const device = new Device();
    device.play(
      stream(0, 100, () => 0),
      1990,
    );
    const start = device.heard.findIndex((s) => s !== 0) - 1;
    const wrong = device.heard.slice(start, start + 90 * PTIME).filter((s, i) => Math.abs(s - tone(i)) > 1e-6);
    expect(wrong).toEqual([]);
    expect(device.buffer.stats.concealedSamples).toBe(0);
  });

  test('the delay beyond the packet itself is a few milliseconds', () => {
    const device = new Device();
    device.play(
      stream(0, 500, () => 3),
      10_000,
    );
    expect(device.levelsUs.at(-1)).toBeLessThan(15_000);
    device.play(
      stream(510, 600, () => 3),
      12_000,
    );
    expect(device.levelsUs.at(-1)).toBeLessThan(8_000);
  });

  test('steering asks to play faster while there is more delay than needed', () => {
    const device = new Device();
    device.play(
      stream(0, 100, () => 0),
      1900,
    );
    const { levelUs, targetUs } = device.buffer.stats;
    expect(Math.sign(device.buffer.steer - 1)).toBe(
      Math.abs(levelUs - targetUs) < 800 ? 0 : Math.sign(levelUs - targetUs),
    );
    expect(Math.abs(device.buffer.steer - 1)).toBeLessThanOrEqual(0.004);
  });
});

describe('on a link with jitter', () => {
  const jitter = (n: number) => (n % 4 === 0 ? 35 : n % 3) + 2;

  test('the delay is learnt within a second and then nothing is concealed', () => {
    const device = new Device();
    device.play(stream(0, 400, jitter), 2000);
    const { concealedSamples: early, expandedSamples } = device.buffer.stats;
    expect(early + expandedSamples).toBeGreaterThan(0);
    device.play(
      stream(0, 400, jitter).filter((a) => a.atUs > 2_000_000),
      7900,
    );
    expect(device.buffer.stats.concealedSamples).toBe(early);
    expect(device.buffer.stats.targetUs).toBeGreaterThan(30_000);
    expect(device.buffer.stats.targetUs).toBeLessThan(55_000);
  });

  test('when the jitter goes the delay goes too', () => {
    const device = new Device();
    device.play(
      stream(0, 3500, (n) => (n < 300 ? jitter(n) : 2)),
      69_000,
    );
    expect(device.buffer.stats.targetUs).toBeLessThan(10_000);
    expect(device.levelsUs.at(-1)).toBeLessThan(25_000);
  });
});

test('what packets needed within the last half second is not given up', () => {
  const device = new Device();
  const late = (n: number) => (n >= 250 && n < 253 ? 60 - (n - 250) * 20 : 0);
  const arrivals = stream(0, 400, late);
  device.play(arrivals, 5400);
  expect(device.levelsUs.at(-1)).toBeGreaterThan(45_000);
  // Only what the joint with the concealment left out.
  const joint = device.buffer.stats.acceleratedSamples;
  expect(joint).toBeLessThanOrEqual(360);
  device.play(
    arrivals.filter((a) => a.atUs > 5_400_000),
    7500,
  );
  expect(device.buffer.stats.acceleratedSamples).toBeGreaterThan(joint);
  expect(device.levelsUs.at(-1)).toBeLessThan(25_000);
});

describe('after a stall', () => {
  const stalled = (ms: number) => (n: number) => (n >= 200 && n < 200 + ms / 20 ? ms - (n - 200) * 20 : 0);

  test('of 100 ms everything is played, and the delay is back within two seconds', () => {
    const device = new Device();
    device.play(stream(0, 400, stalled(100)), 7900);
    expect(device.buffer.stats.discarded).toBe(0);
    expect(Math.max(...device.levelsUs)).toBeGreaterThan(80_000);
    const after = device.levelsUs[Math.floor((6100 * 48) / 128)]!;
    expect(after).toBeLessThan(25_000);
  });

  test('of a second what is old is thrown away, at once', () => {
    const device = new Device();
    device.play(stream(0, 400, stalled(1000)), 7900);
    expect(device.buffer.stats.discarded).toBeGreaterThan(30);
    const highestFrom = (ms: number) => Math.max(...device.levelsUs.slice(Math.floor((ms * 48) / 128)));
    expect(highestFrom(5050)).toBeLessThan(200_000);
    expect(highestFrom(6000)).toBeLessThan(40_000);
    expect(device.buffer.stats.targetUs).toBeLessThan(15_000);
  });

  test('the sound fades into silence and does not click', () => {
    const device = new Device();
    device.play(stream(0, 400, stalled(1000)), 7900);
    expect(rms(device.between(4300, 4900))).toBe(0);
    expect(rms(device.between(5200, 7000))).toBeCloseTo(0.3535, 2);
  });

  test('a timeline that moved for good is followed within a second', () => {
    const device = new Device();
    device.play(
      stream(0, 400, (n) => (n < 100 ? 0 : 800)),
      8700,
    );
    expect(rms(device.between(4200, 8600))).toBeGreaterThan(0.3);
    expect(device.levelsUs.at(-1)).toBeLessThan(40_000);
  });
});

describe('talkspurts', () => {
  test('nothing is concealed after an end', () => {
    const device = new Device();
    const make = (n: number) => packet(n * PTIME, tone, { marker: n === 0, end: n === 9 });
    device.play(
      stream(0, 10, () => 0, make),
      1000,
    );
    expect(device.buffer.stats.concealedSamples).toBe(0);
    expect(device.buffer.stats.underruns).toBe(0);
    expect(rms(device.between(300, 1000))).toBe(0);
  });

  test('a last packet that comes early does not make those after it late', () => {
    const device = new Device();
    const fields = (n: number) => ({ marker: n === 0 || n === 101, end: n === 100 });
    device.play(
      stream(
        0,
        250,
        (n) => (n === 100 ? 5 : 25),
        (n) => packet(n * PTIME, tone, fields(n)),
      ),
      5000,
    );
    expect(device.buffer.stats.targetUs).toBeLessThan(5_000);
    expect(device.buffer.stats.expandedSamples).toBe(0);
  });

  test('an empty end ends it as well', () => {
    const device = new Device();
    const make = (n: number) =>
      n === 9 ? packet(n * PTIME, tone, { end: true, payload: new Uint8Array(0) }) : packet(n * PTIME, tone);
    device.play(
      stream(0, 10, () => 0, make),
      1000,
    );
    expect(device.buffer.stats.concealedSamples).toBeLessThan(PTIME);
    expect(rms(device.between(400, 1000))).toBe(0);
  });

  test('the next one starts at its own media time', () => {
    const device = new Device();
    const make = (n: number) => packet(n * PTIME, tone, { marker: n === 0 || n === 50, end: n === 9 || n === 59 });
    device.play([...stream(0, 10, () => 0, make), ...stream(50, 60, () => 0, make)], 2000);
    const starts = [device.heard.findIndex((s) => s !== 0), device.heard.findIndex((s, i) => i > 20_000 && s !== 0)];
    expect(Math.abs(starts[1]! - starts[0]! - 50 * PTIME)).toBeLessThan(20 * 48);
    expect(device.buffer.stats.concealedSamples).toBe(0);
  });

  test('pre-roll that comes in one burst is played later than usual, and as usual within half a second', () => {
    const device = new Device();
    const make = (n: number) =>
      packet(n * PTIME, tone, { marker: n === 0 || n === 50, preRoll: n >= 50 && n < 52, end: n === 9 });
    const late = (n: number) => (n >= 50 && n < 53 ? (52 - n) * 20 : 0);
    device.play([...stream(0, 10, () => 0, make), ...stream(50, 200, late, make)], 3900);
    const levelUs = (ms: number) => device.levelsUs[Math.floor((ms * 48) / BLOCK)]!;
    const [usualUs, cameAtMs] = [levelUs(150), 53 * 20];
    expect(levelUs(cameAtMs + 5) - usualUs).toBeGreaterThan(20_000);
    // What little is left is taken out by steering, which this device does not do.
    expect(levelUs(cameAtMs + 500) - usualUs).toBeLessThan(5_000);
    expect(device.buffer.stats.targetUs).toBeLessThan(14_000);
    expect(device.buffer.stats.discarded).toBe(0);
  });
});

describe('discarded on the way', () => {
  test('a short hole is filled, and the media time goes on', () => {
    const device = new Device();
    device.play(
      stream(0, 100, () => 0).filter(({ packet: p }) => p.timestamp !== 50 * PTIME),
      1900,
    );
    const { concealedSamples, expandedSamples, acceleratedSamples } = device.buffer.stats;
    expect(concealedSamples + expandedSamples).toBeGreaterThan(0);
    expect(concealedSamples).toBeLessThan(3 * PTIME);
    expect(acceleratedSamples).toBeLessThan(2 * PTIME);
    expect(device.levelsUs.at(-1)).toBeLessThan(35_000);
  });

  test('what does not decode is concealed', () => {
    const device = new Device();
    const make = (n: number) => packet(n * PTIME, tone, n === 20 ? { payload: new Uint8Array(3) } : {});
    device.play(
      stream(0, 100, () => 0, make),
      1900,
    );
    expect(device.buffer.stats.undecodable).toBe(1);
    expect(rms(device.between(800, 1800))).toBeCloseTo(0.3535, 2);
  });
});

describe('epochs', () => {
  const switched =
    (overlap: number) =>
    (n: number): Packet => {
      if (n < 50) return packet(n * PTIME, tone);
      return packet((n - overlap) * PTIME, tone, { epoch: 7, crossFade: n === 50 });
    };

  test('at a seam the timeline goes on without a click', () => {
    const device = new Device();
    device.play(
      stream(0, 100, () => 0, switched(0)),
      1900,
    );
    expect(largestStep(device.between(100, 1900))).toBeLessThan(TONE_STEP * 1.5);
    expect(device.buffer.stats.concealedSamples).toBe(0);
  });

  test('primes are decoded and not heard', () => {
    const device = new Device();
    const arrivals = stream(0, 100, () => 0, switched(0));
    const seam = arrivals[50]!;
    const loud = (n: number) => packet((50 - n) * PTIME, () => 0.9, { epoch: 7, prime: true });
    arrivals.splice(50, 0, { atUs: seam.atUs, packet: loud(2) }, { atUs: seam.atUs, packet: loud(1) });
    device.play(arrivals, 1900);
    expect(Math.max(...device.heard)).toBeLessThan(0.51);
    expect(device.buffer.stats.received).toBe(94);
  });

  test('what overlaps is not played twice', () => {
    const device = new Device();
    device.play(
      stream(0, 100, () => 0, switched(2)),
      1900,
    );
    expect(largestStep(device.between(100, 1700))).toBeLessThan(TONE_STEP * 2);
  });

  /** The first packet of the new epoch begins 17.5 ms before the old one ended: 2.5 ms of it are new. */
  const overlapping = (make: (timestamp: number) => number): ((n: number) => Packet) => {
    return (n) => {
      if (n < 50) return packet(n * PTIME, make);
      return packet(n * PTIME - 840, make, { epoch: 7, crossFade: n === 50 });
    };
  };

  const onTime = (n: number) => (n < 50 ? 0 : -17.5);

  test('of a packet that begins before the old one ended only the rest is heard, and the timeline goes on', () => {
    const device = new Device();
    device.play(stream(0, 100, onTime, overlapping(tone)), 1900);
    const start = device.heard.findIndex((s) => s !== 0) - 1;
    const seam = 50 * PTIME;
    const wrong = device.heard
      .slice(start, start + 90 * PTIME)
      .filter((s, i) => (i < seam || i >= seam + 480) && Math.abs(s - tone(i)) > 1e-6);
    expect(wrong).toEqual([]);
    expect(device.buffer.stats.concealedSamples).toBe(0);
    expect(device.buffer.stats.discarded).toBe(0);
  });

  test('a cross-fade that the first packet is too short for goes on in the next', () => {
    const device = new Device();
    device.play(
      stream(
        0,
        100,
        onTime,
        overlapping(() => 0.5),
      ),
      1900,
    );
    // Lossless concealment is silence, so at the seam the fade comes up from nothing.
    const seam = device.heard.findIndex((s) => s !== 0) + 50 * PTIME;
    const fade = device.heard.slice(seam, seam + 480);
    expect(fade.filter((s, i) => Math.abs(s - (0.5 * (i + 0.5)) / 480) > 1e-6)).toEqual([]);
    expect(device.heard[seam + 480]).toBe(0.5);
  });

  test('the level is that of the sample played next: a seam on time does not move it', () => {
    const device = new Device();
    device.play(stream(0, 100, onTime, overlapping(tone)), 1900);
    const around = device.levelsUs.slice(Math.floor((900 * 48) / 128), Math.floor((1080 * 48) / 128));
    expect(Math.max(...around) - Math.min(...around)).toBeLessThan(4_000);
  });

  test('what overlaps, and what comes with it, stays out of the arrival statistics', () => {
    const device = new Device();
    const make = (n: number) => {
      const epoch = Math.floor(n / 10);
      return packet(n * PTIME - (epoch % 2) * 840, tone, { epoch, crossFade: n % 10 === 0 && n > 0 });
    };
    // At every seam two packets are held back for it.
    const late = (n: number) =>
      (n % 10 === 0 && n > 0 ? 22 : n % 10 === 1 && n > 1 ? 2 : 0) - (Math.floor(n / 10) % 2) * 17.5;
    device.play(stream(0, 200, late, make), 3900);
    expect(device.buffer.stats.targetUs).toBeLessThan(12_000);
  });

  test('less than a packet that a seam left over stays for the next seam, for five seconds', () => {
    const device = new Device();
    const make = (n: number) => packet(n * PTIME, tone, { epoch: n < 50 ? 0 : 1, crossFade: n === 50 });
    // The new feed is faster by 10 ms.
    const arrivals = stream(0, 500, (n) => (n < 50 ? 20 : 10), make);
    device.play(arrivals, 5500);
    expect(device.levelsUs.at(-1)).toBeGreaterThan(15_000);
    expect(device.buffer.stats.acceleratedSamples).toBe(0);
    expect(device.buffer.steer).toBe(1);
    device.play(
      arrivals.filter((a) => a.atUs > 5_500_000),
      7500,
    );
    expect(device.buffer.stats.acceleratedSamples).toBeGreaterThan(0);
  });

  test('old decoders are freed', () => {
    LosslessDecoder.live = 0;
    const device = new Device();
    const make = (n: number) => packet(n * PTIME, tone, { epoch: Math.floor(n / 5), crossFade: n % 5 === 0 });
    device.play(
      stream(0, 100, () => 0, make),
      1900,
    );
    expect(LosslessDecoder.live).toBeLessThanOrEqual(2);
    device.buffer.free();
    expect(LosslessDecoder.live).toBe(0);
  });

  test('the gain of a packet is applied', () => {
    const device = new Device();
    const make = (n: number) => packet(n * PTIME, tone, { gainHalfDb: n < 50 ? 0 : -12 });
    device.play(
      stream(0, 100, () => 0, make),
      1900,
    );
    expect(rms(device.between(500, 900)) / rms(device.between(1200, 1800))).toBeCloseTo(10 ** (6 / 20), 1);
  });
});

test('the capture time of what is heard follows the sample, and how long the relay had it is known', () => {
  const device = new Device();
  const make = (n: number) =>
    packet(n * PTIME, tone, { captureUs: 1_000_000 + n * 20_000, heldUs: n < 50 ? 0 : 8_000 });
  expect(device.buffer.heldUs).toBeNull();
  device.play(
    stream(0, 100, () => 0, make),
    1500,
  );
  const behind = 1_000_000 + device.nowUs - device.buffer.captureUs;
  expect(behind).toBeGreaterThan(20_000);
  expect(behind).toBeLessThan(45_000);
  expect(device.buffer.heldUs).toBe(8_000);
});

test('a device that slept does not play what piled up', () => {
  const device = new Device();
  device.play(
    stream(0, 50, () => 0),
    1000,
  );
  const pile = stream(50, 600, () => 0).map((a) => ({ ...a, atUs: 1_000_000 }));
  const after = stream(600, 650, () => 0).map((a) => ({ ...a, atUs: a.atUs - 11_000_000 }));
  device.play([...pile, ...after], 1900);
  expect(device.levelsUs.at(-1)).toBeLessThan(60_000);
});
