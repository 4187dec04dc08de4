// Two pages of ours: A hears the room and talks, B listens and plays into the room.

import type { Browser } from 'playwright-core';
import { join } from '../e2e/support/chromium.ts';
import type { Relay } from '../e2e/support/relay.ts';
import type { Microphone } from './microphone.ts';

export interface Pair {
  /** Gaps filled so far, and what the page itself says of its delay. */
  underruns(): Promise<number>;
  shownMs(): Promise<number>;
  /** Where the page says the time goes, ms, of what was heard last; nothing where nobody says. */
  stages(): Promise<Record<string, number>>;
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
  const delay = listener.getByTestId('delay');
  // Before the first word there is none, and no underrun either.
  const figure = async (name: string) => ((await delay.count()) === 0 ? 0 : Number(await delay.getAttribute(name)));
  return {
    underruns: () => figure('data-underruns'),
    shownMs: () => figure('data-ms'),
    stages: async () => {
      const shown = (await delay.count()) === 0 ? '' : await delay.getAttribute('data-stages');
      return shown ? (JSON.parse(shown) as Record<string, number>) : {};
    },
    close: async () => {
      await talker.context().close();
      await listener.context().close();
    },
  };
}
