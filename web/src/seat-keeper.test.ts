// Proves: a page that is thrown away without a word, hidden or not, has written down that it was there a moment ago.

import { beforeEach, expect, test, vi } from 'vitest';

vi.stubGlobal('location', { pathname: '/r/room' });
const { keptSeat } = await import('./kept.ts');
const { SeatKeeper } = await import('./seat-keeper.ts');
const store = await import('./ui/store.ts');

let page: EventTarget;

beforeEach(() => {
  vi.useFakeTimers();
  const stored = new Map<string, string>();
  page = new EventTarget();
  vi.stubGlobal('window', page);
  vi.stubGlobal('document', page);
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  });
  store.begin(null);
  return () => vi.useRealTimers();
});

const kept = () => keptSeat('room', Date.now());

test('without a token there is nothing to keep', () => {
  const keeper = new SeatKeeper('room', null);
  keeper.keep();
  expect(kept()).toBeNull();
  keeper.close();
});

test('a page that is hidden, and then thrown away, was there when it was hidden', () => {
  const keeper = new SeatKeeper('room', null);
  keeper.take('token');
  vi.advanceTimersByTime(60_000);
  expect(kept()).toBeNull();
  page.dispatchEvent(new Event('visibilitychange'));
  vi.advanceTimersByTime(20_000);
  expect(kept()).toMatchObject({ token: 'token' });
  keeper.close();
});

test('a page that has been hidden for long was there when the relay last answered', () => {
  const keeper = new SeatKeeper('room', null);
  keeper.take('token');
  for (let n = 0; n < 60; n++) {
    vi.advanceTimersByTime(2_000);
    keeper.answered();
  }
  vi.advanceTimersByTime(20_000);
  expect(kept()).toMatchObject({ token: 'token' });
  keeper.close();
});

test('what ended is kept no more', () => {
  const keeper = new SeatKeeper('room', null);
  keeper.take('token');
  keeper.close();
  vi.advanceTimersByTime(60_000);
  page.dispatchEvent(new Event('visibilitychange'));
  keeper.answered();
  expect(kept()).toBeNull();
});
