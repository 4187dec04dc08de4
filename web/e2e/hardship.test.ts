// Proves: a page that is hidden, slowed down, or on a link that stalls comes back to its normal delay, and plays nothing
// old on the way.

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { BadLink } from './support/bad-link.ts';
import { connected, join, participant, type Visit } from './support/chromium.ts';
import { freePort } from './support/process.ts';
import { stage } from './support/stage.ts';

const port = await freePort();
const here = stage('austen-0890', BadLink.allowing(port));

/** A machine that is starved meanwhile says nothing about the page: one more try. */
const REAL_TIME = { retry: 2 };
/** So old may be what is heard, and so far above the usual delay what is back to normal. */
const OLDEST_MS = 300;
const NORMAL_MS = 30;
/** The device's own share here; the bound is on what the page adds. */
const DEVICE_MS = 40;
/** Reports are a tenth of a second apart. */
const IN_A_ROW = 5;

/** Ada talks, Grace listens: who is to suffer is opened by `open`. */
async function pair(open: (name: string, mode: 'talk' | 'listen') => Promise<Visit>) {
  const ada = await open('Ada', 'talk');
  const grace = await open('Grace', 'listen');
  await grace.page.getByTestId('delay').waitFor();
  await watch(grace.page);
  await usual(grace.page);
  return {
    ada,
    grace,
    [Symbol.asyncDispose]: async () => {
      await ada.page.context().close();
      await grace.page.context().close();
    },
  };
}

const direct = (room: string) => (name: string, mode: 'talk' | 'listen') =>
  join(here.browser, here.relay, room, name, mode);

/** Keeps every figure of the delay that the page shows, with its time. */
const watch = (page: Page) =>
  page.evaluate(() => {
    const seen: { atMs: number; ageMs: number }[] = [];
    const look = () => {
      const element = document.querySelector<HTMLElement>('[data-testid=delay]');
      if (element !== null && element.dataset.ageMs !== '') {
        seen.push({ atMs: performance.now(), ageMs: Number(element.dataset.ageMs) });
      }
    };
    new MutationObserver(look).observe(document.querySelector('.room-head')!, { subtree: true, attributes: true });
    Object.assign(globalThis, { seen });
  });

const seen = (page: Page, lastMs: number) =>
  page.evaluate((last) => {
    const { seen } = globalThis as unknown as { seen: { atMs: number; ageMs: number }[] };
    return seen.filter(({ atMs }) => performance.now() - atMs <= last).map(({ ageMs }) => ageMs);
  }, lastMs);

const median = (ages: number[]) => ages.sort((a, b) => a - b)[ages.length >> 1] ?? Number.NaN;

/** The delay as it is when nothing happens: the median of two seconds. */
async function usual(page: Page): Promise<number> {
  await pass(page, 2_500);
  return median(await seen(page, 2_000));
}

/** The delay that was reached: half a second of it in a row, for a busy machine may disturb the next one. */
const reached = (ages: number[]) =>
  Math.min(...ages.slice(IN_A_ROW - 1).map((_, n) => median(ages.slice(n, n + IN_A_ROW))));

/** Lets time pass by the page's own clock. */
const pass = (page: Page, ms: number) =>
  page.evaluate((until) => new Promise((resolve) => setTimeout(resolve, until)), ms);

/** `suffer` runs from now on; when it ends the delay has two seconds to be as it was, and nothing old may be heard at all. */
async function endures(grace: Page, suffer: () => Promise<void>): Promise<void> {
  const before = await usual(grace);
  const from = Date.now();
  await suffer();
  await pass(grace, 2_000);
  const after = reached(await seen(grace, 2_000));
  const oldest = Math.max(...(await seen(grace, Date.now() - from)));
  console.log(`delay before ${before} ms, after ${after} ms, the oldest heard ${oldest} ms`);
  expect(after).toBeLessThan(before + NORMAL_MS);
  expect(oldest).toBeLessThanOrEqual(OLDEST_MS + DEVICE_MS);
}

test.each(['talk', 'listen'] as const)(
  'a link that stalls for a second: who is behind it: %s',
  REAL_TIME,
  async (mode) => {
    const link = await BadLink.to(here.relay.port, port);
    const room = `stall-${mode}`;
    await using both = await pair((name, own) =>
      own === mode ? join(here.browser, link, room, name, own) : direct(room)(name, own),
    );
    const { grace } = both;
    await endures(grace.page, async () => {
      link.stall();
      await pass(grace.page, 1_000);
      link.recover();
    });
    await connected(both[mode === 'talk' ? 'ada' : 'grace'].page);
    link.close();
  },
);

test('processors six times slower', REAL_TIME, async () => {
  await using both = await pair(direct('slow'));
  const sessions = await Promise.all([both.ada, both.grace].map(({ page }) => page.context().newCDPSession(page)));
  const throttle = (rate: number) =>
    Promise.all(sessions.map((session) => session.send('Emulation.setCPUThrottlingRate', { rate })));
  await endures(both.grace.page, async () => {
    await throttle(6);
    await pass(both.grace.page, 3_000);
    await throttle(1);
  });
});

test('a page that is put away and stands still for eight seconds keeps its seat', REAL_TIME, async () => {
  await using both = await pair(direct('hidden'));
  const { page } = both.grace;
  const session = await page.context().newCDPSession(page);
  const shown = (hidden: boolean) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { value, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  const id = await participant(both.ada.page, 'Grace').getAttribute('data-id');
  await endures(page, async () => {
    await shown(true);
    await session.send('Page.setWebLifecycleState', { state: 'frozen' });
    await pass(both.ada.page, 8_000);
    await session.send('Page.setWebLifecycleState', { state: 'active' });
    await shown(false);
  });
  await connected(page);
  expect(await participant(both.ada.page, 'Grace').getAttribute('data-id')).toBe(id);
});
