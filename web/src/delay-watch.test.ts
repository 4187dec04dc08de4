// Proves: of a link of one's own that is weak one is told whether anything is heard or not, and of those of others only by
// what is heard; a slow device is not taken for a weak link; and no delay is shown long after the last word.

import { beforeEach, expect, test, vi } from 'vitest';
import type { PlayoutReport } from './audio/playout.ts';

vi.stubGlobal('location', { pathname: '/r/room' });
vi.stubGlobal('navigator', { userAgent: '' });

const { nothingYet } = await import('./audio/jitter/stats.ts');
const { DelayWatch } = await import('./delay-watch.ts');
const { wrap32 } = await import('./net/clock.ts');
const store = await import('./ui/store.ts');

const [OWN, OTHER] = [1, 2];
const RATE = 48_000;
const MS_US = 1_000;

let watch: InstanceType<typeof DelayWatch>;

beforeEach(() => {
  vi.useFakeTimers();
  watch = new DelayWatch();
  const participant = (id: number) => ({
    id,
    name: String(id),
    colour: 0,
    role: 'talker' as const,
    muted: false,
    talking: id === OTHER,
    away: false,
    microphoneMs: null,
  });
  store.roomState.value = { ...store.roomState.value, ownId: OWN, participants: [OWN, OTHER].map(participant) };
  return () => vi.useRealTimers();
});

const withheld = (packets: number) => watch.learnUplink({ lagMs: 0, withheld: packets, overdue: 0 });
const roundTrip = (ms: number) => watch.learnClock(0, 4 * MS_US, ms * MS_US);

/** Sound of that age, whose delay is nobody's but its talker's. */
function hear(ageMs: number): void {
  const context = {
    sampleRate: RATE,
    currentTime: performance.now() / 1000,
    baseLatency: 0,
    outputLatency: 0,
    getOutputTimestamp: () => ({}),
  };
  const report: PlayoutReport = {
    kind: 'report',
    stats: nothingYet(),
    captureUs: wrap32((performance.timeOrigin + performance.now() - ageMs) * MS_US),
    heldUs: 0,
    waitedUs: 0,
    frame: (performance.now() / 1000) * RATE,
    level: 20,
  };
  watch.report(context as unknown as AudioContext, report);
}

test.each<[string, () => void, () => void]>([
  ['packets that were not sent', () => withheld(3), () => withheld(3)],
  ['a long round trip', () => roundTrip(200), () => roundTrip(4)],
])('while nothing is played one is told of one’s own weak link by %s, and for five seconds', async (_, weak, calm) => {
  watch.rest();
  weak();
  expect(store.weakLinks.value).toEqual([OWN]);
  calm();
  await vi.advanceTimersByTimeAsync(4_900);
  calm();
  expect(store.weakLinks.value).toEqual([OWN]);
  await vi.advanceTimersByTimeAsync(200);
  calm();
  expect(store.weakLinks.value).toEqual([]);
});

test('who turns the sound off is told no more of the links of others, and of their own still', () => {
  roundTrip(4);
  hear(400);
  withheld(1);
  expect(store.weakLinks.value).toEqual([OWN, OTHER]);
  watch.rest();
  expect(store.weakLinks.value).toEqual([OWN]);
});

test('the delay of what was heard is shown until nothing was for 10 s, whether anything is played or not', async () => {
  roundTrip(4);
  hear(60);
  await vi.advanceTimersByTimeAsync(10_000);
  roundTrip(4);
  expect(store.delayMs.value).not.toBeNull();
  await vi.advanceTimersByTimeAsync(1_000);
  roundTrip(4);
  expect(store.delayMs.value).toBeNull();
  hear(60);
  expect(store.delayMs.value).not.toBeNull();
});

test('a link that is as before is not painted again', () => {
  const told = vi.fn();
  withheld(1);
  const end = store.weakLinks.subscribe(told);
  withheld(2);
  withheld(3);
  expect(told).toHaveBeenCalledOnce();
  end();
});

test('packets that this device was too slow for are its own, and say nothing of the link', async () => {
  const overdue = (packets: number) => watch.learnUplink({ lagMs: 0, withheld: 0, overdue: packets });
  overdue(2);
  expect([store.slowDevice.value, store.weakLinks.value]).toEqual([true, []]);
  await vi.advanceTimersByTimeAsync(5_000);
  overdue(2);
  expect(store.slowDevice.value).toBe(false);
});
