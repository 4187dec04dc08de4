// Proves: axe finds nothing serious on any screen, in both colour schemes. What still moves in has not its own colours
// yet, so nothing moves.

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { problems } from './support/axe.ts';
import { connected, join, visit } from './support/chromium.ts';
import { stage } from './support/stage.ts';

const here = stage();

async function sheet(page: Page, opener: string): Promise<string[]> {
  await page.getByTestId(opener).click();
  const found = await problems(page);
  await page.getByTestId('sheet-close').click();
  return found;
}

test.each(['light', 'dark'] as const)('nothing serious, %s', async (colorScheme) => {
  const room = `axe-${colorScheme}`;
  const grace = await join(here.browser, here.relay, room, 'Grace');
  const { page } = await visit(here.browser, here.relay, room, { colorScheme, reducedMotion: 'reduce' });
  await page.getByTestId('sound-check').click();
  await page.getByTestId('sound-settings').click();
  await page.getByTestId('join').click();
  expect(await problems(page), 'join').toEqual([]);

  await page.getByTestId('name').fill('Ada');
  await page.getByTestId('join').click();
  await connected(page);
  await page.getByTestId('chat-input').fill('Hello');
  await page.getByTestId('chat-send').click();
  await page.getByTestId('delay').waitFor();
  expect(await problems(page), 'room').toEqual([]);
  await page.getByTestId('mute').click();
  await page.getByTestId('deafen').click();
  await here.relay.notify(room, { severity: 'warning', title: 'Doors', text: 'Five minutes.' });
  await page.getByTestId('notice').waitFor();
  expect(await problems(page), 'muted, with a notice').toEqual([]);
  await page.getByTestId('notice').getByRole('button').click();
  await page.getByTestId('talk-mode').click();
  expect(await problems(page), 'push to talk').toEqual([]);
  expect(await sheet(page, 'person'), 'person').toEqual([]);
  expect(await sheet(page, 'own-person'), 'name and colour').toEqual([]);
  expect(await sheet(page, 'invite'), 'invite').toEqual([]);
  expect(await sheet(page, 'settings'), 'settings').toEqual([]);
  await grace.page.getByTestId('talk-mode').click();
  await page.getByTestId('deafen').click();
  expect(await sheet(page, 'delay'), 'delay').toEqual([]);
  await page.context().close();
  await grace.page.context().close();
});

test('the failure screen', async () => {
  const { page } = await join(here.browser, here.relay, 'axe-tabs', 'Ada');
  const second = await page.context().newPage();
  await second.goto(here.relay.link('axe-tabs'));
  await second.getByTestId('join').click();
  await second.getByTestId('failure').waitFor();
  expect(await problems(second)).toEqual([]);
  await page.context().close();
});
