// Proves: with keys, as the relay is shipped: the link lets one in, so does the PIN, and every refusal has its screen.

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problems } from './support/axe.ts';
import { connected, launch, participant, type Visit, visitLink } from './support/chromium.ts';
import { Relay } from './support/relay.ts';

let relay: Relay;
let browser: Browser;

beforeAll(async () => {
  [relay, browser] = await Promise.all([Relay.closed(['--max-per-room', '3']), launch()]);
});

afterAll(async () => {
  await browser?.close();
  await relay?.close();
});

const screen = (page: Page, kind: string) => page.locator(`[data-testid=failure][data-kind=${kind}]`).waitFor();

async function enter({ page }: Visit, name: string, mode: 'join' | 'join-listen' = 'join'): Promise<void> {
  await page.getByTestId('name').fill(name);
  await page.getByTestId(mode).click();
}

async function inside(room: string, name: string, mode: 'join' | 'join-listen' = 'join'): Promise<Visit> {
  const { key } = await relay.room(room);
  const visited = await visitLink(browser, relay, `${relay.link(room)}#${key}`);
  await enter(visited, name, mode);
  await connected(visited.page);
  return visited;
}

test('the link lets one in, goes on in the invitation, and survives a reload', async () => {
  const { key } = await relay.room('keys');
  const ada = await inside('keys', 'Ada');
  await ada.page.getByTestId('invite').click();
  expect(await ada.page.getByTestId('invite-link').textContent()).toBe(`${relay.link('keys')}#${key}`);
  await ada.page.getByTestId('sheet-close').click();
  await ada.page.getByTestId('leave').click();
  await ada.page.reload();
  await enter(ada, 'Ada');
  await connected(ada.page);
  expect(ada.complaints).toEqual([]);
  await ada.page.context().close();
});

test('without a key the PIN is asked for, a wrong one is told, and the right one lets in', async () => {
  const { pin } = await relay.room('pins');
  const ada = await visitLink(browser, relay, relay.link('pins'));
  await enter(ada, 'Ada');
  await screen(ada.page, 'key_needed');
  const wrong = String((Number(pin) + 1) % 1_000_000).padStart(6, '0');
  await ada.page.getByTestId('pin').fill(wrong);
  await ada.page.getByTestId('pin-enter').click();
  await screen(ada.page, 'bad_pin');
  expect(await problems(ada.page)).toEqual([]);
  await ada.page.getByTestId('pin').fill(`${pin.slice(0, 3)} ${pin.slice(3)}`);
  await ada.page.getByTestId('pin-enter').click();
  await connected(ada.page);
  await ada.page.getByTestId('invite').click();
  expect(await ada.page.getByTestId('invite-pin').textContent()).toBe(pin);
  await ada.page.context().close();
});

test('who guesses waits, and sees for how long', async () => {
  const { pin } = await relay.room('guesses');
  const ada = await visitLink(browser, relay, relay.link('guesses'));
  await enter(ada, 'Ada');
  await screen(ada.page, 'key_needed');
  for (let n = 1; n <= 8; n++) {
    const wrong = String((Number(pin) + n) % 1_000_000).padStart(6, '0');
    await ada.page.getByTestId('pin').fill(wrong);
    await ada.page.getByTestId('pin-enter').click();
    await ada.page.locator('[data-testid=failure]:not([data-kind=key_needed])').waitFor();
    if ((await ada.page.getByTestId('failure').getAttribute('data-kind')) === 'rate_limited') break;
  }
  await screen(ada.page, 'rate_limited');
  expect(await ada.page.getByTestId('pin-problem').textContent()).toMatch(/\d+ s/);
  expect(await ada.page.getByTestId('pin-enter').isDisabled()).toBe(true);
  // The link of the same room, from the same address, is not held up.
  const grace = await inside('guesses', 'Grace');
  await grace.page.context().close();
  await ada.page.context().close();
});

test('an old link says so, and the new one in its place works without a reload', async () => {
  const { key } = await relay.room('renewed');
  const ada = await visitLink(browser, relay, `${relay.link('renewed')}#${key}`);
  await relay.host('POST', '/renewed/invite', {});
  await enter(ada, 'Ada');
  await screen(ada.page, 'bad_key');
  const { key: fresh } = await relay.room('renewed');
  await ada.page.evaluate((hash) => {
    location.hash = hash;
  }, fresh);
  await ada.page.getByTestId('join').click();
  await connected(ada.page);
  await ada.page.context().close();
});

test('a locked room has its screen, and lets one in when it is open again', async () => {
  const { key } = await relay.room('doors');
  await relay.host('POST', '/doors/lock', { locked: true });
  const ada = await visitLink(browser, relay, `${relay.link('doors')}#${key}`);
  await enter(ada, 'Ada');
  await screen(ada.page, 'room_locked');
  await relay.host('POST', '/doors/lock', { locked: false });
  await ada.page.getByTestId('retry').click();
  await connected(ada.page);
  await ada.page.context().close();
});

test('who listens in a locked room is told why they may not talk, in their language', async () => {
  const grace = await inside('locked-in', 'Grace', 'join-listen');
  await grace.page.getByTestId('settings').click();
  await grace.page.getByTestId('language').selectOption('de');
  await grace.page.getByTestId('sheet-close').click();
  await relay.host('POST', '/locked-in/lock', { locked: true });
  await grace.page.getByTestId('unmute-listener').click();
  await grace.page.getByTestId('notice-title').getByText('Der Raum ist abgeschlossen').waitFor();
  await grace.page.getByTestId('unmute-listener').waitFor();
  await grace.page.context().close();
});

test('a full room has its screen, and lets one in when somebody has left', async () => {
  const ada = await inside('full', 'Ada', 'join-listen');
  const grace = await inside('full', 'Grace', 'join-listen');
  const tom = await inside('full', 'Tom', 'join-listen');
  const { key } = await relay.room('full');
  const zoe = await visitLink(browser, relay, `${relay.link('full')}#${key}`);
  await enter(zoe, 'Zoë');
  await screen(zoe.page, 'full');
  await grace.page.getByTestId('leave').click();
  await participant(ada.page, 'Grace').waitFor({ state: 'detached' });
  await zoe.page.getByTestId('retry').click();
  await connected(zoe.page);
  for (const { page } of [ada, grace, tom, zoe]) await page.context().close();
});

test('who listens is asked for no microphone, is shown as a listener, and may talk later', async () => {
  const { key } = await relay.room('ears');
  const ada = await visitLink(browser, relay, `${relay.link('ears')}#${key}`);
  await ada.page.evaluate(() => {
    const asked = { count: 0 };
    const { mediaDevices } = navigator;
    const original = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = (constraints) => {
      asked.count += 1;
      return original(constraints);
    };
    Object.assign(globalThis, { asked });
  });
  const asked = () => ada.page.evaluate(() => (globalThis as unknown as { asked: { count: number } }).asked.count);
  await enter(ada, 'Ada', 'join-listen');
  await connected(ada.page);
  const grace = await inside('ears', 'Grace');
  await participant(grace.page, 'Ada').and(grace.page.locator('[data-role=listener]')).waitFor();
  expect(await asked()).toBe(0);
  await ada.page.getByTestId('unmute-listener').click();
  await participant(grace.page, 'Ada').and(grace.page.locator('[data-role=talker][data-muted=false]')).waitFor();
  expect(await asked()).toBe(1);
  expect((await grace.page.locator('.lines li').allTextContents()).filter((line) => line.includes('Ada'))).toEqual([]);
  expect([...ada.complaints, ...grace.complaints]).toEqual([]);
  await ada.page.context().close();
  await grace.page.context().close();
});

test('who only listened, then talked, and was removed comes back to talk', async () => {
  const ada = await inside('back', 'Ada', 'join-listen');
  await ada.page.getByTestId('unmute-listener').click();
  await participant(ada.page, 'Ada').and(ada.page.locator('[data-role=talker]')).waitFor();
  const { participants } = await relay.room('back');
  await relay.host('DELETE', `/back/participants/${participants[0]!.id}`);
  await screen(ada.page, 'removed');
  await ada.page.getByTestId('retry').click();
  await participant(ada.page, 'Ada').and(ada.page.locator('[data-role=talker][data-muted=false]')).waitFor();
  expect(ada.complaints).toEqual([]);
  await ada.page.context().close();
});

test('the host mutes somebody, who sees by whom, and may unmute', async () => {
  const ada = await inside('muted', 'Ada');
  const { participants } = await relay.room('muted');
  await relay.host('POST', '/muted/mute', { participant: participants[0]!.id });
  await ada.page.getByTestId('mute').getByText('The host muted you').waitFor();
  expect(await ada.page.getByTestId('talk-news').textContent()).toBe('The host muted you');
  await participant(ada.page, 'Ada').and(ada.page.locator('[data-muted=true]')).waitFor();
  await ada.page.getByTestId('mute').click();
  await participant(ada.page, 'Ada').and(ada.page.locator('[data-muted=false]')).waitFor();
  await ada.page.context().close();
});

test('who is removed, and who was in a room that ended, is told so and does not come back by itself', async () => {
  const ada = await inside('over', 'Ada');
  const grace = await inside('over', 'Grace', 'join-listen');
  const { participants } = await relay.room('over');
  await relay.host('DELETE', `/over/participants/${participants.find(({ name }) => name === 'Grace')!.id}`);
  await screen(grace.page, 'removed');
  await participant(ada.page, 'Grace').waitFor({ state: 'detached' });
  await relay.host('DELETE', '/over');
  await screen(ada.page, 'room_ended');
  await ada.page.getByTestId('retry').click();
  await screen(ada.page, 'bad_key');
  for (const { page } of [ada, grace]) await page.context().close();
});

test.each([
  ['http://plain.test:8480', 'Ask whoever runs the relay to start it without --plain', 0],
  ['http://plain.test', 'Scan the code again', 1],
])('at %s, which is not secure, the next step is one that works', async (address, words, links) => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  await context.route(`${address}/**`, async (route) => {
    const url = route.request().url().replace(address, relay.origin);
    await route.fulfill({ response: await route.fetch({ url }) });
  });
  const page = await context.newPage();
  await page.goto(`${address}/r/plain`);
  await page.getByTestId('name').fill('Ada');
  await page.getByTestId('join').click();
  await screen(page, 'insecure');
  await page.getByText(words).waitFor();
  expect(await page.getByRole('link', { name: 'Open it over https' }).count()).toBe(links);
  await context.close();
});
