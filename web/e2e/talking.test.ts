// Proves: push to talk under finger and space bar; mute and deafen as others see and hear them; one tab in a room.

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { connected, join, participant } from './support/chromium.ts';
import { stage } from './support/stage.ts';

const here = stage('austen-0890');

const talking = (page: Page, yes: boolean) =>
  participant(page, 'Ada')
    .and(page.locator(`[data-talking=${yes}]`))
    .waitFor();

test('push to talk: held it talks, tapped twice it stays, and the space bar does the same', async () => {
  const { page, complaints } = await join(here.browser, here.relay, 'push', 'Ada');
  const grace = await join(here.browser, here.relay, 'push', 'Grace', 'listen');
  await talking(grace.page, true);
  await page.getByTestId('talk-mode').click();
  await talking(grace.page, false);
  // A button that is up is not a mute: nobody is told.
  expect(await participant(grace.page, 'Ada').getAttribute('data-muted')).toBe('false');

  const button = page.getByTestId('push');
  const { x, y } = (await button.boundingBox())!;
  await page.mouse.move(x + 40, y + 20);
  await page.mouse.down();
  await talking(grace.page, true);
  await page.mouse.move(x + 40, y - 300);
  expect(await button.getAttribute('aria-pressed')).toBe('true');
  // Longer than a tap, which would be half of a double one.
  await page.waitForFunction((since) => performance.now() - since > 600, await page.evaluate(() => performance.now()));
  await page.mouse.up();
  await talking(grace.page, false);

  await button.dblclick();
  await talking(grace.page, true);
  expect(await button.getAttribute('aria-pressed')).toBe('true');
  await button.click();
  await talking(grace.page, false);

  await page.keyboard.down('Space');
  await talking(grace.page, true);
  await page.keyboard.up('Space');
  await talking(grace.page, false);
  await page.getByTestId('chat-input').focus();
  await page.keyboard.type('a b');
  expect(await button.getAttribute('aria-pressed')).toBe('false');
  expect([...complaints, ...grace.complaints]).toEqual([]);
  await page.context().close();
  await grace.page.context().close();
});

test('push to talk: what can only press the button, and not hold it, turns it on and off', async () => {
  const { page, complaints } = await join(here.browser, here.relay, 'press', 'Ada');
  const grace = await join(here.browser, here.relay, 'press', 'Grace', 'listen');
  await page.getByTestId('talk-mode').click();
  await talking(grace.page, false);
  const button = page.getByTestId('push');
  const on = () => button.getAttribute('aria-pressed');
  await button.focus();
  await page.keyboard.press('Enter');
  await talking(grace.page, true);
  expect(await on()).toBe('true');
  await page.keyboard.press('Enter');
  await talking(grace.page, false);
  // An Enter key that is held repeats.
  for (let n = 0; n < 4; n++) await page.keyboard.down('Enter');
  expect(await on()).toBe('true');
  await page.keyboard.up('Enter');
  await page.keyboard.press('Enter');
  expect(await on()).toBe('false');
  // The space bar holds, on the button too.
  await page.keyboard.down('Space');
  expect(await on()).toBe('true');
  await page.keyboard.up('Space');
  expect(await on()).toBe('false');
  const screenReaders = [
    (element: HTMLElement) => element.click(),
    // What Chromium sends when its accessibility is told to press: a mouse without weight, and at the click still down.
    (element: HTMLElement) => {
      const mouse = { pointerId: 1, pointerType: 'mouse', isPrimary: true, bubbles: true, cancelable: true };
      element.dispatchEvent(new PointerEvent('pointerdown', { ...mouse, buttons: 1 }));
      element.dispatchEvent(new PointerEvent('pointerup', mouse));
      element.dispatchEvent(new PointerEvent('click', { ...mouse, buttons: 1, detail: 1 }));
    },
  ];
  for (const press of screenReaders) {
    await button.evaluate(press);
    await talking(grace.page, true);
    expect(await on()).toBe('true');
    await button.evaluate(press);
    await talking(grace.page, false);
    expect(await on()).toBe('false');
  }
  // One also ends what two taps have latched.
  await button.dblclick();
  expect(await on()).toBe('true');
  await button.evaluate(screenReaders[1]!);
  expect(await on()).toBe('false');
  expect([...complaints, ...grace.complaints]).toEqual([]);
  await page.context().close();
  await grace.page.context().close();
});

test('who turns the sound off hears nothing, and still talks', async () => {
  const { page } = await join(here.browser, here.relay, 'deaf', 'Ada');
  const grace = await join(here.browser, here.relay, 'deaf', 'Grace');
  await talking(grace.page, true);
  await grace.page.getByTestId('deafen').click();
  const heard = () => grace.page.locator('[data-testid=delay]').getAttribute('data-heard');
  await expect.poll(heard, { timeout: 10_000 }).toBe('127');
  await participant(page, 'Grace').and(page.locator('[data-talking=true]')).waitFor();
  await grace.page.getByTestId('deafen').click();
  await expect.poll(heard, { timeout: 10_000 }).not.toBe('127');
  await page.context().close();
  await grace.page.context().close();
});

test('somebody is muted for one pair of ears only', async () => {
  const { page, complaints } = await join(here.browser, here.relay, 'gains', 'Ada');
  const grace = await join(here.browser, here.relay, 'gains', 'Grace', 'listen');
  const zoe = await join(here.browser, here.relay, 'gains', 'Zoë', 'listen');
  const heard = (of: Page) => () => of.locator('[data-testid=delay]').getAttribute('data-heard');
  await expect.poll(heard(grace.page), { timeout: 10_000 }).not.toBe('127');
  await participant(grace.page, 'Ada').getByTestId('person').click();
  await grace.page.getByTestId('person-volume').fill('-12');
  expect(await grace.page.getByTestId('person-db').textContent()).toBe('−12 dB');
  await grace.page.getByTestId('person-silence').click();
  await grace.page.getByTestId('sheet-close').click();
  await participant(grace.page, 'Ada').and(grace.page.locator('[data-silenced=true]')).waitFor();
  await expect.poll(heard(grace.page), { timeout: 10_000 }).toBe('127');
  await expect.poll(heard(zoe.page), { timeout: 10_000 }).not.toBe('127');
  // Who comes back under another id is still the one that was muted.
  await page.getByTestId('leave').click();
  await participant(grace.page, 'Ada').waitFor({ state: 'detached' });
  await page.getByTestId('join').click();
  await talking(zoe.page, true);
  await participant(grace.page, 'Ada').waitFor();
  expect(await heard(grace.page)()).toBe('127');
  expect([...complaints, ...grace.complaints, ...zoe.complaints]).toEqual([]);
  for (const each of [page, grace.page, zoe.page]) await each.context().close();
});

test('the ring of somebody who is silenced stays still while others are heard', async () => {
  const ada = await join(here.browser, here.relay, 'rings', 'Ada');
  const tom = await join(here.browser, here.relay, 'rings', 'Tom');
  const grace = await join(here.browser, here.relay, 'rings', 'Grace', 'listen');
  const tile = async (name: string) => (await participant(grace.page, name).elementHandle())!;
  await participant(grace.page, 'Ada').getByTestId('person').click();
  await grace.page.getByTestId('person-silence').click();
  await grace.page.getByTestId('sheet-close').click();
  const levels = await grace.page.evaluate(
    ([adas, toms]) =>
      new Promise<string[]>((resolve) => {
        const level = (tile: HTMLElement | SVGElement) => tile.style.getPropertyValue('--level');
        const seen: string[] = [];
        new MutationObserver(() => {
          if (level(toms!) === '0.00') return;
          seen.push(level(adas!));
          if (seen.length === 10) resolve(seen);
        }).observe(toms!, { attributeFilter: ['style'] });
      }),
    [await tile('Ada'), await tile('Tom')],
  );
  expect(new Set(levels)).toEqual(new Set(['0.00']));
  for (const { page } of [ada, tom, grace]) await page.context().close();
});

test('a second tab in the same room says so, and can take over', async () => {
  const { page } = await join(here.browser, here.relay, 'tabs', 'Ada');
  const second = await page.context().newPage();
  await second.goto(here.relay.link('tabs'));
  await second.getByTestId('join').click();
  await second.locator('[data-testid=failure][data-kind=elsewhere]').waitFor();
  await second.getByTestId('retry').click();
  await connected(second);
  await page.locator('[data-testid=failure][data-kind=elsewhere]').waitFor();
  await page.context().close();
});
