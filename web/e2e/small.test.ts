// Proves that a small screen, or a keyboard over a larger one, leaves everything that matters: the field of the chat is
// never covered, the talk control is whole, nothing is wider than the screen, and who talks is seen.

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { Bare } from './support/bare.ts';
import { connected, join, visit } from './support/chromium.ts';
import { stage } from './support/stage.ts';

const here = stage('austen-0890');

/** Phones upright and lying, with and without the keyboard, and a desktop at 400 %. */
const SIZES = [
  [320, 256],
  [320, 568],
  [360, 340],
  [360, 560],
  [375, 330],
  [375, 553],
  [390, 440],
  [390, 844],
  [412, 520],
  [568, 320],
  [600, 560],
  [844, 390],
  [1280, 800],
] as const;

test.each([1, 3])('at every size, with %i others', async (others) => {
  const room = `small-${others}`;
  const rest: Bare[] = [];
  for (let n = 0; n < others; n++) rest.push(await Bare.join(here.browser, here.relay, room, `Person ${n}`));
  const { page, complaints } = await visit(here.browser, here.relay, room, { reducedMotion: 'reduce' });
  await page.getByTestId('name').fill('Ada');
  await page.getByTestId('join').click();
  await connected(page);
  for (const typing of [false, true]) {
    for (const [width, height] of SIZES) {
      const where = `${width}x${height}, ${typing ? 'typing' : 'not typing'}`;
      await page.setViewportSize({ width, height });
      await page.getByTestId(typing ? 'chat-input' : 'mute').focus();
      await expect.poll(() => seen(page), { message: where }).toEqual({ onTop: true, over: 0, outside: [] });
      const lines = (await page.getByRole('log').boundingBox())!.height;
      if (typing) expect(lines, where).toBeGreaterThan(30);
    }
  }
  expect(complaints).toEqual([]);
  await page.context().close();
  for (const each of rest) await each.leave();
});

test('who talks is named above a list that scrolls, and everybody is counted', async () => {
  const rest: Bare[] = [];
  for (let n = 0; n < 4; n++) rest.push(await Bare.join(here.browser, here.relay, 'crowd', `Person ${n}`));
  const zelda = await join(here.browser, here.relay, 'crowd', 'Zelda');
  const { page, complaints } = await join(here.browser, here.relay, 'crowd', 'Ada', 'listen');
  await page.setViewportSize({ width: 360, height: 560 });
  expect(await page.getByTestId('count').textContent()).toBe('6 here');
  await page.getByTestId('talkers').getByText('Zelda', { exact: true }).waitFor();
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.getByTestId('talkers').waitFor({ state: 'detached' });
  expect(complaints).toEqual([]);
  await page.context().close();
  await zelda.page.context().close();
  for (const each of rest) await each.leave();
});

test('notices leave the talk control free, and the critical one is on top', async () => {
  const { page, complaints } = await visit(here.browser, here.relay, 'notices');
  await page.getByTestId('name').fill('Ada');
  await page.getByTestId('join-listen').click();
  await connected(page);
  const text = 'Please leave by the north door, and take nothing with you. '.repeat(12);
  for (const severity of ['info', 'critical', 'warning'] as const) {
    await here.relay.notify('notices', { severity, title: severity, text });
    await page.getByTestId('notice').filter({ hasText: severity }).waitFor();
  }
  const titles = await page.getByTestId('notice-title').allTextContents();
  expect(titles).toEqual(['critical', 'warning', 'info']);
  for (const [width, height] of [SIZES[2], SIZES[7]]) {
    await page.setViewportSize({ width, height });
    for (const id of ['unmute-listener', 'deafen', 'leave']) await page.getByTestId(id).click({ trial: true });
    await page.getByTestId('notice').first().getByRole('button').click({ trial: true });
  }
  const politeness = (severity: string) =>
    page.locator(`[data-severity=${severity}]`).evaluate((notice) => notice.closest('[aria-live]')!.ariaLive);
  expect(await politeness('info')).toBe('polite');
  expect(await politeness('warning')).toBe('assertive');
  expect(complaints).toEqual([]);
  await page.context().close();
});

/** Whether the middle of the chat's field is the field, by how much the page is too wide, and which controls are cut. */
const seen = (page: Page) =>
  page.evaluate(() => {
    const input = document.querySelector('[data-testid=chat-input]')!;
    const { x, y, width, height } = input.getBoundingClientRect();
    const { scrollWidth, clientWidth } = document.documentElement;
    const outside = [...document.querySelectorAll<HTMLElement>('.talk-bar button, .room-tools button, .composer *')]
      .filter((element) => {
        const box = element.getBoundingClientRect();
        return box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight;
      })
      .map((element) => element.dataset.testid ?? element.tagName);
    const onTop = document.elementFromPoint(x + width / 2, y + height / 2) === input;
    return { onTop, over: scrollWidth - clientWidth, outside };
  });
