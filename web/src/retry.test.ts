// Proves: what fails is tried again after growing pauses, so often and no more, and what has come is not asked for again.

import { beforeEach, expect, test, vi } from 'vitest';
import { type Outcome, Retry } from './retry.ts';

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

test('three times more after growing pauses, then no more by itself, and that is said once', async () => {
  const triedMs: number[] = [];
  const outcomes: Outcome[] = [];
  const retry = new Retry(() => {
    triedMs.push(Date.now() - begunMs);
    outcomes.push(retry.failed());
  });
  const begunMs = Date.now();
  outcomes.push(retry.failed());
  await vi.advanceTimersByTimeAsync(60_000);
  expect(triedMs).toEqual([1_000, 4_000, 10_000]);
  expect(outcomes).toEqual(['waits', 'waits', 'waits', 'given_up']);
  expect(retry.failing).toBe(true);
  expect(retry.failed()).toBe('still_not');
});

test('what came meanwhile is not tried again, and fails anew from the first pause on', async () => {
  const attempt = vi.fn();
  const retry = new Retry(attempt);
  retry.failed();
  retry.failed();
  retry.end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(attempt).not.toHaveBeenCalled();
  expect(retry.failing).toBe(false);
  retry.failed();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(attempt).toHaveBeenCalledOnce();
});

test('what failed before its pause was over waits for the next one only', async () => {
  const attempt = vi.fn();
  const retry = new Retry(attempt);
  retry.failed();
  retry.failed();
  await vi.advanceTimersByTimeAsync(2_900);
  expect(attempt).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(100);
  expect(attempt).toHaveBeenCalledOnce();
});
