// Proves: the host page lets one in by its link only, shows who is inside each room, and does what it offers.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problems } from './support/axe.ts';
import { connected, launch, participant, type Visit, visitLink } from './support/chromium.ts';
import { Relay } from './support/relay.ts';

let relay: Relay;
let browser: Browser;

beforeAll(async () => {
  [relay, browser] = await Promise.all([Relay.closed(), launch()]);
});

afterAll(async () => {
  await browser?.close();
  await relay?.close();
});

const host = (options = {}) => visitLink(browser, relay, `${relay.origin}/host#${relay.hostKey}`, options);
const inside = (page: Page, name: string) => page.getByTestId('inside').filter({ hasText: name });

async function guest(room: string, name: string): Promise<Visit> {
  const { key } = await relay.room(room);
  const visited = await visitLink(browser, relay, `${relay.link(room)}#${key}`);
  await visited.page.getByTestId('name').fill(name);
  await visited.page.getByTestId('join').click();
  await connected(visited.page);
  return visited;
}

async function confirm(page: Page, opener: string): Promise<void> {
  await page.getByTestId(opener).click();
  await page.getByTestId('confirm-yes').click();
}

test('the key is taken out of the address, outlives a reload, and a wrong one is told', async () => {
  const { page, complaints } = await host();
  await page.getByTestId('room-panel').waitFor();
  expect(page.url()).toBe(`${relay.origin}/host`);
  await page.reload();
  await page.getByTestId('room-panel').waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();

  const stranger = await visitLink(browser, relay, `${relay.origin}/host`);
  await stranger.page.getByTestId('host-key').fill('AAAAAAAAAAAAAAAAAAAAAA');
  await stranger.page.getByTestId('host-enter').click();
  await stranger.page.getByTestId('host-key-problem').getByText('not the host key').waitFor();
  await stranger.page.getByTestId('host-key').fill(relay.hostKey);
  await stranger.page.getByTestId('host-enter').click();
  await stranger.page.getByTestId('room-panel').waitFor();
  await stranger.page.context().close();
});

test('a room is made, its link lets in, and a new invitation makes the old one worthless', async () => {
  const { page, complaints } = await host();
  await page.getByTestId('new-room').fill('Not a room!');
  await page.getByTestId('create-room').click();
  await page.getByText('A room’s name is made of').waitFor();
  await page.getByTestId('new-room').fill('choir');
  await page.getByTestId('create-room').click();
  await page.locator('[data-testid=room-panel][data-room=choir]').waitFor();
  const link = (await page.getByTestId('host-link').textContent())!;
  const ada = await visitLink(browser, relay, link);
  await ada.page.getByTestId('name').fill('Ada');
  await ada.page.getByTestId('join').click();
  await connected(ada.page);
  await inside(page, 'Ada').waitFor();

  await confirm(page, 'new-invite');
  await expect.poll(() => page.getByTestId('host-link').textContent()).not.toBe(link);
  await connected(ada.page);
  const late = await visitLink(browser, relay, link);
  await late.page.getByTestId('name').fill('Late');
  await late.page.getByTestId('join').click();
  await late.page.locator('[data-testid=failure][data-kind=bad_key]').waitFor();
  expect(complaints).toEqual([]);
  for (const each of [page, ada.page, late.page]) await each.context().close();
});

test('mute one, mute all, lock, remove, end', async () => {
  const ada = await guest('stage', 'Ada');
  const grace = await guest('stage', 'Grace');
  const { page, complaints } = await host();
  await page.getByTestId('host-room').filter({ hasText: 'stage' }).click();
  await inside(page, 'Grace').getByTestId('mute-one').click();
  await participant(ada.page, 'Grace').and(ada.page.locator('[data-muted=true]')).waitFor();
  expect(await participant(ada.page, 'Ada').getAttribute('data-muted')).toBe('false');
  await page.getByTestId('mute-all').click();
  await participant(grace.page, 'Ada').and(grace.page.locator('[data-muted=true]')).waitFor();

  await page.getByTestId('lock').click();
  await expect.poll(async () => (await relay.host<{ locked: boolean }>('GET', '/stage')).locked).toBe(true);
  await inside(page, 'Grace').getByTestId('remove').click();
  await page.getByTestId('confirm-yes').click();
  await grace.page.locator('[data-testid=failure][data-kind=removed]').waitFor();
  await inside(page, 'Grace').waitFor({ state: 'detached' });
  await confirm(page, 'end-room');
  await ada.page.locator('[data-testid=failure][data-kind=room_ended]').waitFor();
  await inside(page, 'Ada').waitFor({ state: 'detached' });
  expect(complaints).toEqual([]);
  for (const each of [page, ada.page, grace.page]) await each.context().close();
});

test.each(['light', 'dark'] as const)(
  'axe finds nothing serious, and nothing hangs over a phone’s edge: %s',
  async (colorScheme) => {
    const room = `axe-${colorScheme}`;
    const ada = await guest(room, 'Ada');
    const { page } = await host({ colorScheme, reducedMotion: 'reduce' });
    await page.getByTestId('host-room').filter({ hasText: room }).click();
    await inside(page, 'Ada').waitFor();
    expect(await problems(page), 'room').toEqual([]);
    await page.getByTestId('end-room').click();
    await page.getByTestId('confirm').waitFor();
    expect(await problems(page), 'question').toEqual([]);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(over).toBeLessThanOrEqual(0);
    await page.context().close();
    await ada.page.context().close();
  },
);
