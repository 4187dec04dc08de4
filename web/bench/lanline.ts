// Two pages of ours: A hears the room and talks, B listens and plays into the room.

import type { Browser } from 'playwright-core';
import { join } from '../e2e/support/chromium.ts';
import type { Relay } from '../e2e/support/relay.ts';
import type { Microphone } from './microphone.ts';

export interface Look {
  /** Of its delay, ms; 0 where it says none. */
  shownMs: number;
  /** Where the time goes, ms, of what was heard last; nothing where nobody says. */
  stages: Record<string, number>;
}

export interface Pair {
  /** Gaps filled so far. */
  underruns(): Promise<number>;
  /** What the page itself says now. Looked at in one question, for each costs the machine that is measured. */
  look(): Promise<Look>;
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
    listener.evaluate(() => {
      const {
        underruns = '0',
        ms = '0',
        stages = '',
      } = document.querySelector<HTMLElement>('[data-testid=delay]')?.dataset ?? {};
      return { underruns, ms, stages };
    });
  return {
    underruns: async () => Number((await delay()).underruns),
    look: async () => {
      const { ms, stages } = await delay();
      return { shownMs: Number(ms), stages: stages === '' ? {} : (JSON.parse(stages) as Record<string, number>) };
    },
    close: async () => {
      await talker.context().close();
      await listener.context().close();
    },
  };
}
