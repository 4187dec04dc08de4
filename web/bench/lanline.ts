// Two pages of ours: A hears the room and talks, B listens and plays into the room.

import type { Browser } from 'playwright-core';
import { join } from '../e2e/support/chromium.ts';
import type { Relay } from '../e2e/support/relay.ts';
import type { Microphone } from './microphone.ts';

/** What a page says of itself, ms. */
export interface Look {
  /** Its delay. */
  shownMs: number;
  /** What its jitter buffer aims at, and what it holds. */
  targetMs: number;
  levelMs: number;
  /** Where the time goes, of what was heard last. */
  stages: Record<string, number>;
}

export interface Pair {
  /** Gaps filled so far. */
  underruns(): Promise<number>;
  /** As it is now; null where it says nothing. Looked at in one question, for each costs the machine that is measured. */
  look(): Promise<Look | null>;
  close(): Promise<void>;
}

export async function lanline(browser: Browser, relay: Relay, microphone: Microphone): Promise<Pair> {
  const room = 'bench';
  const as = (on: boolean) => (on ? 'on' : 'off');
  const kept = {
    'echo-cancellation': as(microphone.echoCancellation),
    'noise-suppression': as(microphone.noiseSuppression),
    'automatic-gain': as(microphone.autoGainControl),
    volume: '0.3',
  };
  const { page: listener } = await join(browser, relay, room, 'Ear', 'listen', kept);
  const { page: talker } = await join(browser, relay, room, 'Mouth', 'talk', kept);
  // Who talks hears nothing, so that nothing but the talk can come back.
  await talker.getByTestId('deafen').click();
  // Before the first word there is none, and no underrun either.
  const delay = () =>
    listener.evaluate(() => ({ ...document.querySelector<HTMLElement>('[data-testid=delay]')?.dataset }));
  return {
    underruns: async () => Number((await delay()).underruns ?? 0),
    look: async () => {
      const { ms, targetMs, levelMs, stages = '' } = await delay();
      if (stages === '') return null;
      const said = JSON.parse(stages) as Record<string, number>;
      return { shownMs: Number(ms), targetMs: Number(targetMs), levelMs: Number(levelMs), stages: said };
    },
    close: async () => {
      await talker.context().close();
      await listener.context().close();
    },
  };
}
