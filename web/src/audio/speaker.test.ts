// Proves: the speaker that was chosen last is the one that plays, and none of them holds up the next.

import { expect, test, vi } from 'vitest';
import { playThrough } from './speaker.ts';

/** An output whose changes come to their end when a test says so. */
class Output {
  sinkId = '';
  readonly asked: string[] = [];
  #done: { to: string; resolve: () => void; reject: () => void }[] = [];

  setSinkId(to: string): Promise<void> {
    this.asked.push(to);
    return new Promise((resolve, reject) => this.#done.push({ to, resolve, reject }));
  }

  finish(how: 'there' | 'gone' = 'there'): void {
    const { to, resolve, reject } = this.#done.shift()!;
    if (how === 'there') this.sinkId = to;
    if (how === 'there') resolve();
    else reject();
  }
}

const play = (output: Output, id: string) => playThrough(output as unknown as AudioContext, id);
const settle = () => new Promise((resolve) => setTimeout(resolve));

test('who goes back to the speaker of before while another is on its way gets it', async () => {
  const output = new Output();
  const there = play(output, 'headset');
  const back = play(output, '');
  await settle();
  output.finish();
  await there;
  await settle();
  output.finish();
  await back;
  expect(output.sinkId).toBe('');
  expect(output.asked).toEqual(['headset', '']);
});

test('the speaker that plays is not asked for again', async () => {
  const output = new Output();
  await play(output, '');
  expect(output.asked).toEqual([]);
});

test('a speaker that is gone is passed over', async () => {
  const output = new Output();
  const gone = play(output, 'gone');
  const next = play(output, 'headset');
  await settle();
  output.finish('gone');
  await gone;
  await settle();
  output.finish();
  await next;
  expect(output.sinkId).toBe('headset');
});

test('a speaker that does not answer is passed over after a while', async () => {
  vi.useFakeTimers();
  const output = new Output();
  void play(output, 'silent');
  void play(output, 'headset');
  await vi.advanceTimersByTimeAsync(4_900);
  expect(output.asked).toEqual(['silent']);
  await vi.advanceTimersByTimeAsync(200);
  expect(output.asked).toEqual(['silent', 'headset']);
  vi.useRealTimers();
});

test('a browser without a choice plays where the system likes', async () => {
  await expect(playThrough({} as AudioContext, 'headset')).resolves.toBeUndefined();
});
