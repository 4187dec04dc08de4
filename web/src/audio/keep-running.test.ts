// Proves: a context that was stopped is resumed, one that does not go on is told, and an interruption is waited out.

import { beforeEach, expect, test, vi } from 'vitest';
import { keepRunning } from './keep-running.ts';

class Context extends EventTarget {
  state = 'running';
  asked = 0;
  readonly #obeys: boolean;

  constructor(obeys: boolean) {
    super();
    this.#obeys = obeys;
  }

  resume(): Promise<void> {
    this.asked += 1;
    if (this.#obeys) queueMicrotask(() => this.become('running'));
    return this.#obeys ? Promise.resolve() : Promise.reject(new Error('not now'));
  }

  become(state: string): void {
    this.state = state;
    this.dispatchEvent(new Event('statechange'));
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  return () => vi.useRealTimers();
});

test('what was suspended goes on', async () => {
  const context = new Context(true);
  const gone = vi.fn();
  keepRunning(context, gone);
  context.become('suspended');
  await vi.advanceTimersByTimeAsync(5_000);
  expect(context.state).toBe('running');
  expect(gone).not.toHaveBeenCalled();
});

test('what stays suspended is gone', async () => {
  const context = new Context(false);
  const gone = vi.fn();
  keepRunning(context, gone);
  context.become('suspended');
  await vi.advanceTimersByTimeAsync(999);
  expect(gone).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(gone).toHaveBeenCalledOnce();
});

test('an interruption is not argued with, and what it leaves suspended is resumed', async () => {
  const context = new Context(true);
  const gone = vi.fn();
  keepRunning(context, gone);
  context.become('interrupted');
  await vi.advanceTimersByTimeAsync(60_000);
  expect(context.asked).toBe(0);
  context.become('suspended');
  await vi.advanceTimersByTimeAsync(5_000);
  expect(context.state).toBe('running');
  expect(gone).not.toHaveBeenCalled();
});

test('nobody is told after the end of the watch', async () => {
  const context = new Context(false);
  const gone = vi.fn();
  const end = keepRunning(context, gone);
  context.become('suspended');
  end();
  context.become('suspended');
  await vi.advanceTimersByTimeAsync(5_000);
  expect(gone).not.toHaveBeenCalled();
});
