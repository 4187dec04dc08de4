// Proves: one lock is held while it is wanted, and none is left over, however late it was granted.

import { beforeEach, expect, test, vi } from 'vitest';
import { WakeLock } from './wake-lock.ts';

let held: number;
let grant: (() => void)[];

const settled = () => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  held = 0;
  grant = [];
  const request = () =>
    new Promise((resolve) => {
      grant.push(() => {
        held += 1;
        let released = false;
        resolve({
          release: async () => {
            if (!released) held -= 1;
            released = true;
          },
        });
      });
    });
  vi.stubGlobal('navigator', { wakeLock: { request } });
  return () => vi.unstubAllGlobals();
});

test('it is held until the end', async () => {
  const lock = new WakeLock();
  void lock.keep();
  grant[0]!();
  await settled();
  expect(held).toBe(1);
  lock.end();
  await settled();
  expect(held).toBe(0);
});

test('one that is granted after the end is let go', async () => {
  const lock = new WakeLock();
  void lock.keep();
  lock.end();
  grant[0]!();
  await settled();
  expect(held).toBe(0);
});

test('of two that were asked for one is held', async () => {
  const lock = new WakeLock();
  void lock.keep();
  void lock.keep();
  grant[0]!();
  grant[1]!();
  await settled();
  expect(held).toBe(1);
  lock.end();
  await settled();
  expect(held).toBe(0);
});

test.each([{}, { wakeLock: { request: () => Promise.reject(new Error('power is low')) } }])(
  'a browser that gives none is no harm',
  async (navigator) => {
    vi.stubGlobal('navigator', navigator);
    const lock = new WakeLock();
    await lock.keep();
    lock.end();
  },
);
