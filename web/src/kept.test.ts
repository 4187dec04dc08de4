// Proves: a tab remembers its seat for as long as the relay holds it, and what let it in; broken memories do no harm.

import { beforeEach, expect, test, vi } from 'vitest';
import { forgetSeat, type KeptSeat, keepSeat, keptSeat, keyOf } from './kept.ts';

const SEAT: KeptSeat = {
  token: 't',
  mode: 'talk',
  name: 'Ada',
  colour: 3,
  muted: false,
  deafened: false,
  gains: { Grace: null, Tom: -6 },
  seen: 4,
  unsaid: [],
  atMs: 1_000,
};
/** Without gains the page would show somebody as heard whom the relay keeps silenced. */
const UNHEARD = [undefined, null].map((gains) => JSON.stringify({ ...SEAT, gains }));
let stored: Map<string, string>;

beforeEach(() => {
  stored = new Map();
  vi.stubGlobal('sessionStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
    removeItem: (key: string) => stored.delete(key),
  });
  return () => vi.unstubAllGlobals();
});

test('a seat is kept for 30 s and for its room', () => {
  keepSeat('lobby', SEAT);
  expect(keptSeat('lobby', 30_900)).toEqual(SEAT);
  expect(keptSeat('lobby', 31_000)).toBeNull();
  expect(keptSeat('other', 2_000)).toBeNull();
  forgetSeat('lobby');
  expect(keptSeat('lobby', 2_000)).toBeNull();
});

test.each(['', '{', 'null', '[]', '{"token":1}', '"text"', ...UNHEARD])('%j is no seat', (text) => {
  stored.set('lanline.seat.lobby', text);
  expect(keptSeat('lobby', 2_000)).toBeNull();
});

test('the key is that of the link, or of the last link that had one', () => {
  expect(keyOf('lobby', '')).toBeNull();
  expect(keyOf('lobby', '#abc')).toBe('abc');
  expect(keyOf('lobby', '')).toBe('abc');
  expect(keyOf('lobby', '#def')).toBe('def');
  expect(keyOf('other', '')).toBeNull();
});

test('where nothing may be stored the link still lets one in', () => {
  const refuse = () => {
    throw new Error('SecurityError');
  };
  vi.stubGlobal('sessionStorage', { getItem: refuse, setItem: refuse, removeItem: refuse });
  expect(keyOf('lobby', '#abc')).toBe('abc');
  expect(keyOf('lobby', '')).toBeNull();
  keepSeat('lobby', SEAT);
  expect(keptSeat('lobby', 2_000)).toBeNull();
});
