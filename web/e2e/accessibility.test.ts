// Proves: axe finds nothing serious on any screen, in both colour schemes. What still moves in has not its own colours
// yet, so nothing moves.

import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connected, join, launch, visit } from './support/chromium.ts';
import { Relay } from './support/relay.ts';

let relay: Relay;
let browser: Browser;

beforeAll(async () => {
  relay = await Relay.start();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await relay?.close();
});

/** What axe calls serious or critical, as one line each. */
async function problems(page: Page): Promise<string[]> {
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run());
  const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  return serious.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
}

async function sheet(page: Page, opener: string): Promise<string[]> {
  await page.getByTestId(opener).click();
  const found = await problems(page);
  await page.getByTestId('sheet-close').click();
  return found;
}

test.each(['light', 'dark'] as const)('nothing serious, %s', async (colorScheme) => {
  const room = `axe-${colorScheme}`;
  const grace = await join(browser, relay, room, 'Grace');
  const { page } = await visit(browser, relay, room, { colorScheme, reducedMotion: 'reduce' });
  await page.evaluate(axe.source);
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
  await relay.notify(room, { severity: 'warning', title: 'Doors', text: 'Five minutes.' });
  await page.getByTestId('notice').waitFor();
  expect(await problems(page), 'muted, with a notice').toEqual([]);
  await page.getByTestId('notice').getByRole('button').click();
  await page.getByTestId('talk-mode').click();
  expect(await problems(page), 'push to talk').toEqual([]);
  expect(await sheet(page, 'person'), 'person').toEqual([]);
  expect(await sheet(page, 'invite'), 'invite').toEqual([]);
  expect(await sheet(page, 'settings'), 'settings').toEqual([]);
  await grace.page.getByTestId('talk-mode').click();
  await page.getByTestId('deafen').click();
  expect(await sheet(page, 'delay'), 'delay').toEqual([]);
  await page.context().close();
  await grace.page.context().close();
});

test('the failure screen', async () => {
  const { page } = await join(browser, relay, 'axe-tabs', 'Ada');
  const second = await page.context().newPage();
  await second.goto(relay.link('axe-tabs'));
  await second.evaluate(axe.source);
  await second.getByTestId('join').click();
  await second.getByTestId('failure').waitFor();
  expect(await problems(second)).toEqual([]);
  await page.context().close();
});
