// Two pages of ours: A hears the room and talks, B listens and plays into the room.

import type { Browser, Page } from 'playwright-core';
import { connected, visit } from '../e2e/support/chromium.ts';
import type { Relay } from '../e2e/support/relay.ts';

export interface Pair {
  /** Gaps filled so far, and what the page itself says of its delay. */
  underruns(): Promise<number>;
  shownMs(): Promise<number>;
  close(): Promise<void>;
}

export async function lanline(browser: Browser, relay: Relay, processing: boolean): Promise<Pair> {
  const room = `bench-${processing}`;
  const listener = await enter(browser, relay, room, 'Ear', 'listen', processing);
  const talker = await enter(browser, relay, room, 'Mouth', 'talk', processing);
  // Who talks hears nothing, so that nothing but the talk can come back.
  await talker.getByTestId('deafen').click();
  const delay = listener.getByTestId('delay');
  // Before the first word there is none, and no underrun either.
  const figure = async (name: string) => ((await delay.count()) === 0 ? 0 : Number(await delay.getAttribute(name)));
  return {
    underruns: () => figure('data-underruns'),
    shownMs: () => figure('data-ms'),
    close: async () => {
      await talker.context().close();
      await listener.context().close();
    },
  };
}

async function enter(
  browser: Browser,
  relay: Relay,
  room: string,
  name: string,
  mode: 'talk' | 'listen',
  processing: boolean,
): Promise<Page> {
  const { page } = await visit(browser, relay, room);
  await page.evaluate(
    ([on]) => {
      for (const key of ['echo-cancellation', 'noise-suppression']) localStorage.setItem(`lanline.${key}`, on!);
      localStorage.setItem('lanline.volume', '0.3');
    },
    [processing ? 'on' : 'off'],
  );
  await page.getByTestId('name').fill(name);
  await page.getByTestId(mode === 'talk' ? 'join' : 'join-listen').click();
  await connected(page);
  return page;
}
