// Proves: who has a weak link is told so, with the sound on or off, for as long after its last sign as the page's rule says.

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { SHOWN_MS, WEAK_ROUND_TRIP_MS } from '../src/ui/weak-links.ts';
import { BadLink } from './support/bad-link.ts';
import { connected, join, participant, visit } from './support/chromium.ts';
import { whenCalm } from './support/machine.ts';
import { freePort } from './support/process.ts';
import { stage } from './support/stage.ts';

const own = await freePort();
const here = stage('austen-0890', BadLink.allowing(own));

/** A sign is told, and looked at, ten times a second, and painted some time later: both it and what follows from it. */
const PAINTED_MS = 500;

test('a link that stalls is shown as a weak one, for a while, and to who has turned the sound off too', async () => {
  const link = await BadLink.to(here.relay.port, own);
  const grace = await join(here.browser, here.relay, 'weak', 'Grace');
  const { page, complaints } = await visit(here.browser, link, 'weak');
  await page.addInitScript(() => {
    const contexts: AudioContext[] = [];
    const Original = AudioContext;
    class Kept extends Original {
      constructor(options?: AudioContextOptions) {
        super(options);
        contexts.push(this);
      }
    }
    Object.assign(globalThis, { AudioContext: Kept, contexts });
  });
  await page.reload();
  await page.getByTestId('name').fill('Ada');
  await page.getByTestId('join').click();
  await connected(page);
  await page.getByTestId('delay').waitFor();
  await watchSigns(page);
  const marked = (yes: boolean) => participant(page, 'Ada').and(page.locator(`[data-weak=${yes}]`));
  const stall = async () => {
    await marked(false).waitFor();
    link.stall();
    await marked(true).getByText('weak link').waitFor();
    link.recover();
    await marked(false).waitFor();
    const shownMs = await page.evaluate(() => {
      const { signs } = globalThis as unknown as { signs: Signs };
      return signs.endedMs - signs.lastMs;
    });
    expect(shownMs).toBeGreaterThan(SHOWN_MS - PAINTED_MS);
    expect(shownMs).toBeLessThan(SHOWN_MS + PAINTED_MS);
  };
  await whenCalm(stall);
  await page.getByTestId('deafen').click();
  await page.waitForFunction(() => {
    const { contexts } = globalThis as unknown as { contexts: AudioContext[] };
    return contexts.every(({ state }) => state === 'suspended');
  });
  await whenCalm(stall);
  expect([...complaints, ...grace.complaints]).toEqual([]);
  await page.context().close();
  await grace.page.context().close();
  link.close();
});

interface Signs {
  /** When the page last learnt of one. */
  lastMs: number;
  /** When the mark went. */
  endedMs: number;
}

/** Keeps when the page shows what is a sign to it, and when it takes the mark away, by its own clock. */
const watchSigns = (page: Page): Promise<void> =>
  page.evaluate((longMs) => {
    const person = document.querySelector<HTMLElement>('[data-testid=participant][data-self=true]')!;
    const mute = document.querySelector<HTMLElement>('[data-testid=mute]')!;
    const signs: Signs = { lastMs: 0, endedMs: 0 };
    let [withheld, weak] = [mute.dataset.withheld, person.dataset.weak];
    new MutationObserver(() => {
      const nowMs = performance.now();
      if (mute.dataset.withheld !== withheld || Number(mute.dataset.roundTripMs) >= longMs) signs.lastMs = nowMs;
      if (person.dataset.weak === 'false' && weak === 'true') signs.endedMs = nowMs;
      [withheld, weak] = [mute.dataset.withheld, person.dataset.weak];
    }).observe(document.body, { subtree: true, attributes: true });
    Object.assign(globalThis, { signs });
  }, WEAK_ROUND_TRIP_MS);
