// Proves: a seat outlives a reload, a lost link and a relay that was killed or updated; what was written meanwhile is said once; and
// whoever is to be out stays out, with words.

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { BadLink } from './support/bad-link.ts';
import { connected, join, participant } from './support/chromium.ts';
import { freePort } from './support/process.ts';
import { stage } from './support/stage.ts';

const port = await freePort();
const here = stage('austen-0890', BadLink.allowing(port));

/** What the chat says: lines, comings and goings. */
const lines = (page: Page) => page.locator('.lines li').allTextContents();
const texts = (page: Page) => page.getByTestId('chat-text').allTextContents();
const idOf = (page: Page, name: string) => participant(page, name).getAttribute('data-id');

async function write(page: Page, text: string): Promise<void> {
  await page.getByTestId('chat-input').fill(text);
  await page.getByTestId('chat-send').click();
}

test('a reload keeps the seat, mute and lines, and nobody sees one leave', async () => {
  const ada = await join(here.browser, here.relay, 'reload', 'Ada');
  const grace = await join(here.browser, here.relay, 'reload', 'Grace', 'listen');
  await participant(ada.page, 'Grace').waitFor();
  await write(ada.page, 'before');
  await write(grace.page, 'from Grace');
  await ada.page.getByText('from Grace').waitFor();
  await ada.page.getByTestId('mute').click();
  await participant(grace.page, 'Ada').and(grace.page.locator('[data-muted=true]')).waitFor();
  const id = await idOf(grace.page, 'Ada');
  const seen = await lines(grace.page);

  await ada.page.reload();
  await connected(ada.page);
  await ada.page.getByTestId('chat-text').nth(1).waitFor();
  expect(await texts(ada.page)).toEqual(['before', 'from Grace']);
  expect(await ada.page.getByTestId('notice').count()).toBe(0);
  expect(await ada.page.getByTestId('mute').textContent()).toContain('You are muted');
  expect(await idOf(grace.page, 'Ada')).toBe(id);
  expect(await participant(grace.page, 'Ada').getAttribute('data-muted')).toBe('true');
  expect(await lines(grace.page)).toEqual(seen);

  // And it still talks.
  await ada.page.getByTestId('mute').click();
  await participant(grace.page, 'Ada').and(grace.page.locator('[data-talking=true]')).waitFor();
  expect([...ada.complaints, ...grace.complaints]).toEqual([]);
  await ada.page.context().close();
  await grace.page.context().close();
});

test('who was silenced before a reload is shown so after it, is not heard, and may be heard again', async () => {
  const ada = await join(here.browser, here.relay, 'silenced', 'Ada');
  const grace = await join(here.browser, here.relay, 'silenced', 'Grace', 'listen');
  const heard = () => grace.page.getByTestId('delay').getAttribute('data-heard');
  const adaTalks = () => participant(grace.page, 'Ada').and(grace.page.locator('[data-talking=true]')).waitFor();
  const silence = async () => {
    await participant(grace.page, 'Ada').getByTestId('person').click();
    await grace.page.getByTestId('person-silence').click();
    await grace.page.getByTestId('sheet-close').click();
  };
  await adaTalks();
  await silence();
  await expect.poll(heard, { timeout: 10_000 }).toBe('127');

  await grace.page.reload();
  await connected(grace.page);
  await participant(grace.page, 'Ada').and(grace.page.locator('[data-silenced=true]')).waitFor();
  await adaTalks();
  // There is a delay as soon as anything was heard. Who came after that reload has one by now.
  const zoe = await join(here.browser, here.relay, 'silenced', 'Zoë', 'listen');
  await zoe.page.getByTestId('delay').waitFor();
  expect(await grace.page.getByTestId('delay').count()).toBe(0);
  await silence();
  await expect.poll(heard, { timeout: 10_000 }).not.toBe('127');
  expect([...ada.complaints, ...grace.complaints, ...zoe.complaints]).toEqual([]);
  for (const { page } of [ada, grace, zoe]) await page.context().close();
});

test('a lost link is shown as away, and what was written meanwhile is said once, by both', async () => {
  const link = await BadLink.to(here.relay.port, port);
  const ada = await join(here.browser, link, 'away', 'Ada');
  const grace = await join(here.browser, here.relay, 'away', 'Grace', 'listen');
  await participant(ada.page, 'Grace').waitFor();
  const seen = await lines(grace.page);
  link.cut();
  await participant(grace.page, 'Ada').and(grace.page.locator('[data-away=true]')).waitFor();
  await ada.page.locator('[data-testid=status][data-state=lost]').waitFor();
  await write(grace.page, 'while Ada was away');
  await write(ada.page, 'while I was away');
  await ada.page.getByTestId('unsaid').waitFor();
  link.recover();
  await connected(ada.page);
  await participant(grace.page, 'Ada').and(grace.page.locator('[data-away=false]')).waitFor();
  for (const { page } of [ada, grace]) {
    await page.getByTestId('chat-text').nth(1).waitFor();
    expect(await texts(page)).toEqual(['while Ada was away', 'while I was away']);
  }
  expect(await ada.page.getByTestId('unsaid').count()).toBe(0);
  expect((await lines(grace.page)).filter((line) => /joined|left/.test(line))).toEqual(seen);
  await ada.page.context().close();
  await grace.page.context().close();
  link.close();
});

test('a relay that is killed and started again has everybody back within 5 s, by themselves', async () => {
  const ada = await join(here.browser, here.relay, 'killed', 'Ada');
  const grace = await join(here.browser, here.relay, 'killed', 'Grace', 'listen');
  await participant(grace.page, 'Ada').and(grace.page.locator('[data-talking=true]')).waitFor();
  await here.relay.down('SIGKILL');
  await ada.page.locator('[data-testid=status][data-state=lost]').waitFor();
  // Nobody hears one now, and the talk control does not say so.
  await ada.page.locator('[data-testid=mute].waits').getByText('Reconnecting…').waitFor();
  expect(await participant(ada.page, 'Ada').getAttribute('data-talking')).toBe('false');
  await write(ada.page, 'typed in between');
  await here.relay.up();
  const up = Date.now();
  await connected(ada.page);
  await connected(grace.page);
  await participant(grace.page, 'Ada').and(grace.page.locator('[data-talking=true]')).waitFor();
  const ms = Date.now() - up;
  console.log(`back, and heard, ${ms} ms after the relay`);
  expect(ms).toBeLessThan(5_000);
  await grace.page.getByText('typed in between').waitFor();
  expect(await texts(grace.page)).toEqual(['typed in between']);
  await ada.page.context().close();
  await grace.page.context().close();
});

test('a relay that was updated meanwhile is told, and a reload fetches its page into the same seat', async () => {
  const ada = await join(here.browser, here.relay, 'updated', 'Ada', 'listen');
  const id = await idOf(ada.page, 'Ada');
  const front = `${here.relay.origin}/`;
  // No relay here has another page; the names of its scripts can be others.
  await ada.page.route(front, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({
      response: answer,
      body: (await answer.text()).replaceAll('/assets/index-', '/assets/index-2'),
    });
  });
  await here.relay.down();
  await ada.page.locator('[data-testid=status][data-state=lost]').waitFor();
  expect(await ada.page.getByTestId('updated').count()).toBe(0);
  await here.relay.up();
  await ada.page.getByTestId('updated').waitFor();

  await ada.page.unroute(front);
  await ada.page.addInitScript(() => {
    const { text } = Response.prototype;
    Response.prototype.text = async function () {
      const told = await text.call(this);
      // Drawn, if there is anything to draw.
      const looked = () => Object.assign(globalThis, { looked: true });
      if (new URL(this.url).pathname === '/') requestAnimationFrame(() => requestAnimationFrame(looked));
      return told;
    };
  });
  await ada.page.getByTestId('reload').click();
  await ada.page.waitForFunction(() => 'looked' in globalThis);
  await connected(ada.page);
  expect(await idOf(ada.page, 'Ada')).toBe(id);
  expect(await ada.page.getByTestId('updated').count()).toBe(0);
  expect(ada.complaints).toEqual([]);
  await ada.page.context().close();
});

test('a seat that was taken elsewhere is not fought for', async () => {
  const ada = await join(here.browser, here.relay, 'replaced', 'Ada', 'listen');
  const seat = await ada.page.evaluate(() => sessionStorage.getItem('lanline.seat.replaced')!);
  const other = await here.browser.newContext({ ignoreHTTPSErrors: true });
  await other.addInitScript((kept) => {
    sessionStorage.getItem('lanline.seat.replaced') ?? sessionStorage.setItem('lanline.seat.replaced', kept);
  }, seat);
  const page = await other.newPage();
  await page.goto(here.relay.link('replaced'));
  await connected(page);
  await ada.page.locator('[data-testid=failure][data-kind=replaced]').waitFor();
  expect(await page.getByTestId('participant').count()).toBe(1);
  await other.close();
  await ada.page.context().close();
});
