// Proves: what a late callback left in the queue is seen, its saw-tooth and the clocks' origins are not.

import { expect, test } from 'vitest';
import { CaptureQueue } from './capture-queue.ts';

/** Looks ten times a second: blocks of 23 ms go in, the context takes 10 ms at a time and stands still as told. */
function look(queue: CaptureQueue, fromMs: number, untilMs: number, stoodStillMs: number): void {
  for (let ms = fromMs; ms < untilMs; ms += 100) {
    const inMs = Math.floor(ms / 23) * 23;
    const outMs = 500 + Math.floor((ms - stoodStillMs) / 10) * 10;
    queue.observe(ms * 1000, inMs * 1000, outMs * 1000);
  }
}

test('a queue that only breathes is left alone', () => {
  const queue = new CaptureQueue();
  look(queue, 0, 60_000, 0);
  expect(queue.excessUs).toBeLessThan(8_000);
  expect(queue.worthEmptying(false)).toBe(false);
});

test('what a stall left there is seen, and cut out in mid-speech if it is much', () => {
  const queue = new CaptureQueue();
  look(queue, 0, 10_000, 0);
  look(queue, 10_000, 20_000, 40);
  expect(queue.excessUs).toBeGreaterThan(30_000);
  expect(queue.excessUs).toBeLessThan(50_000);
  expect(queue.worthEmptying(true)).toBe(true);
});

test('a little waits for a pause', () => {
  const queue = new CaptureQueue();
  look(queue, 0, 10_000, 0);
  look(queue, 10_000, 20_000, 10);
  expect(queue.worthEmptying(true)).toBe(false);
  expect(queue.worthEmptying(false)).toBe(true);
});

test('a new queue is learnt anew', () => {
  const queue = new CaptureQueue();
  look(queue, 0, 10_000, 0);
  look(queue, 10_000, 20_000, 40);
  queue.reset();
  expect(queue.excessUs).toBe(0);
  look(queue, 20_000, 30_000, 40);
  expect(queue.worthEmptying(false)).toBe(false);
});
