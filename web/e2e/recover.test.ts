// Proves: a relay that goes and comes back, one that is away or has other files, and a microphone that is refused, missing or asked for later.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connected, join, launch, participant, visit } from './support/chromium.ts';
import { Relay } from './support/relay.ts';

let relay: Relay;

beforeAll(async () => {
  relay = await Relay.start();
});

afterAll(async () => {
  await relay?.close();
});

async function withBrowser(access: 'granted' | 'refused' | 'missing', use: (browser: Browser) => Promise<void>) {
  const browser = await launch({ access });
  try {
    await use(browser);
  } finally {
    await browser.close();
  }
}

test('when the relay restarts the page comes back by itself, with its name, its mute and its lines', () =>
  withBrowser('granted', async (browser) => {
    const ada = await join(browser, relay, 'restart', 'Ada');
    await ada.page.getByTestId('chat-input').fill('before');
    await ada.page.getByTestId('chat-send').click();
    await ada.page.getByTestId('chat-text').waitFor();
    await ada.page.getByTestId('mute').click();

    await relay.down();
    await ada.page.locator('[data-testid=status][data-state=lost]').waitFor();
    await relay.up();
    await connected(ada.page);

    const grace = await join(browser, relay, 'restart', 'Grace', 'listen');
    await participant(grace.page, 'Ada').and(grace.page.locator('[data-muted=true]')).waitFor();
    await grace.page.getByTestId('chat-input').fill('after');
    await grace.page.getByTestId('chat-send').click();
    await ada.page.getByText('after', { exact: true }).waitFor();
    expect(await ada.page.getByTestId('chat-text').allTextContents()).toEqual(['before', 'after']);
    expect([...ada.complaints, ...grace.complaints]).toEqual([]);
  }));

test('a relay that stops between the page and the tap is out of reach, and lets one in once it is back', () =>
  withBrowser('granted', async (browser) => {
    const own = await Relay.start();
    const { page, complaints } = await visit(browser, own, 'stopped');
    await page.getByTestId('name').fill('Ada');
    await own.down();
    await page.getByTestId('join').click();
    await page.locator('[data-testid=failure][data-kind=unreachable]').waitFor();
    await own.up();
    await page.getByTestId('retry').click();
    await connected(page);
    expect(complaints).toEqual([]);
    await own.close();
  }));

test('a socket that never answers shows no room, and is given up soon', () =>
  withBrowser('granted', async (browser) => {
    const { page } = await visit(browser, relay, 'mute-socket', { serviceWorkers: 'block' });
    const silent =
      'self.WebSocket = class { static OPEN = 1; readyState = 0; send() {} close() { setTimeout(() => this.onclose({ code: 1006, reason: "" })); } };';
    await page.route(/\/assets\/worker-/, async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, body: silent + (await response.text()) });
    });
    await page.getByTestId('name').fill('Ada');
    await page.getByTestId('join').click();
    await page.getByRole('button', { name: 'Joining…' }).waitFor();
    await page.locator('[data-testid=failure][data-kind=unreachable], [data-testid=mute]').waitFor({ timeout: 15_000 });
    expect(await page.getByTestId('mute').count()).toBe(0);
  }));

test.each(['worker', 'opus'])('where the relay has no %s any more one is told to reload', (part) =>
  withBrowser('granted', async (browser) => {
    // What a service worker asks for, none of these routes sees.
    const { page } = await visit(browser, relay, 'parts', { serviceWorkers: 'block' });
    await page.route(new RegExp(`/assets/${part}-`), (route) => route.fulfill({ status: 404 }));
    await page.getByTestId('name').fill('Ada');
    await page.getByTestId('join').click();
    await page.locator('[data-testid=failure][data-kind=unreachable]').waitFor();
  }),
);

test('a refused microphone is explained, and one can join and only listen', () =>
  withBrowser('refused', async (browser) => {
    const { page, complaints } = await visit(browser, relay, 'refused');
    await page.getByTestId('name').fill('Ada');
    await page.getByTestId('join').click();
    await page.getByText('The microphone was refused').waitFor();
    await page.getByTestId('listen-only').click();
    await connected(page);
    await participant(page, 'Ada').and(page.locator('[data-muted=true]')).waitFor();
    expect(await page.getByTestId('mute').count()).toBe(0);

    await page.getByTestId('unmute-listener').click();
    await page.getByTestId('notice').getByText('No microphone').waitFor();
    expect(complaints).toEqual([]);
  }));

test('while the browser waits for a person’s word on the microphone, the page asks for it too', () =>
  withBrowser('granted', async (browser) => {
    const { page } = await visit(browser, relay, 'asked');
    await page.evaluate(() => {
      const { mediaDevices } = navigator;
      const ask = mediaDevices.getUserMedia.bind(mediaDevices);
      mediaDevices.getUserMedia = async (constraints) => {
        await new Promise((resolve) => Object.assign(globalThis, { allow: resolve }));
        return ask(constraints);
      };
    });
    await page.getByTestId('name').fill('Ada');
    await page.getByTestId('join').click();
    await page.getByRole('button', { name: 'Allow the microphone' }).waitFor();
    await page.evaluate(() => (globalThis as unknown as { allow: () => void }).allow());
    await connected(page);
  }));

test('a missing microphone is explained', () =>
  withBrowser('missing', async (browser) => {
    const { page, complaints } = await visit(browser, relay, 'missing');
    await page.getByTestId('name').fill('Ada');
    await page.getByTestId('join').click();
    await page.locator('[data-testid=failure][data-kind=microphone]').waitFor();
    await page.getByTestId('listen-only').click();
    await connected(page);
    expect(complaints).toEqual([]);
  }));

test('a listener can turn the microphone on later', () =>
  withBrowser('granted', async (browser) => {
    const { page, complaints } = await join(browser, relay, 'later', 'Ada', 'listen');
    await participant(page, 'Ada').and(page.locator('[data-muted=true]')).waitFor();
    await page.getByTestId('unmute-listener').click();
    await page.getByTestId('mute').waitFor();
    await participant(page, 'Ada').and(page.locator('[data-muted=false]')).waitFor();
    expect(complaints).toEqual([]);
  }));
