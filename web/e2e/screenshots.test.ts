// Draws the pictures in web/docs: `npm run screenshots`. Proves on the way that nothing hangs over the edge of the
// screen, upright or lying, and that the talk control is large enough for a thumb.

import { mkdirSync } from 'node:fs';
import { join as path } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connected, join, launch, participant, visit, visitLink } from './support/chromium.ts';
import { temporaryFolder } from './support/process.ts';
import { Relay } from './support/relay.ts';
import { joined, silence, speech, writeWav } from './support/sound.ts';

const DOCS = fileURLToPath(new URL('../docs', import.meta.url));
const keep = process.env.SCREENSHOTS === '1';
const folder = temporaryFolder();
let relay: Relay;
let browser: Browser;

beforeAll(async () => {
  mkdirSync(DOCS, { recursive: true });
  const file = path(folder.path, 'speech.wav');
  writeWav(file, joined(speech('austen-0870'), silence(0.2)));
  relay = await Relay.start();
  browser = await launch({ file }, {}, 'any', ['--host-resolver-rules=MAP lanline.local 127.0.0.1']);
});

afterAll(async () => {
  await browser?.close();
  await relay?.close();
  folder.remove();
});

const SIZES = [
  { name: 'phone', width: 390, height: 844 },
  { name: 'phone-lying', width: 844, height: 390 },
  { name: 'desktop', width: 1280, height: 800 },
];
const SCHEMES = ['light', 'dark'] as const;

const every = SIZES.flatMap((size) => SCHEMES.map((scheme) => ({ ...size, scheme })));
// As a test, the narrowest and the lowest screen are enough.
const shown = keep ? every : [every[0]!, every[3]!];

test.each(shown)('$name, $scheme', async ({ name, width, height, scheme }) => {
  const room = 'choir';
  const grace = await join(browser, relay, room, 'Grace Hopper');
  const zoe = await join(browser, relay, room, 'Zoë', 'listen');
  const { page } = await visit(browser, relay, room, {
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: 'reduce',
  });
  await page.getByTestId('name').fill('Ada');
  await fits(page);
  await picture(page, `join-${name}-${scheme}`);

  await page.getByTestId('join').click();
  await connected(page);
  // The dark pictures show the other state of the talk control.
  if (scheme === 'dark') await page.getByTestId('mute').click();
  await say(grace.page, page, 'The second verse again, from bar 12?');
  await say(page, page, 'Yes, give me ten seconds');
  await say(zoe.page, page, 'Ready');
  await page.getByTestId('delay').waitFor();
  await participant(page, 'Grace Hopper').and(page.locator('[data-talking=true]')).waitFor();
  if (keep) await settled(page);
  await fits(page);
  const talk = (await page.getByTestId('mute').boundingBox())!;
  expect(Math.min(talk.width, talk.height)).toBeGreaterThanOrEqual(56);
  await picture(page, `room-${name}-${scheme}`);

  if (keep && name === 'phone') {
    await page.getByTestId('delay').click();
    await page.locator('[data-testid=delay-plot] canvas').waitFor();
    // For the picture's sake: a plot of some seconds.
    await page.waitForTimeout(20_000);
    await picture(page, `delay-${name}-${scheme}`);
    await page.getByTestId('sheet-close').click();
  }
  if (name === 'phone') {
    const severity = scheme === 'light' ? 'warning' : 'critical';
    await relay.notify(room, { severity, title: 'Doors open in five minutes', text: 'Rows 1 to 10 first, please.' });
    await page.getByTestId('notice').waitFor();
    await picture(page, `notice-${name}-${scheme}`);
  }
  // Who closes without a word is away for a while, and in the next picture.
  for (const each of [page, grace.page, zoe.page]) {
    await each.getByTestId('leave').click();
    await each.context().close();
  }
});

test.runIf(keep).each(every.filter(({ name }) => name !== 'phone-lying'))(
  'the host page and the PIN: $name, $scheme',
  async ({ name, width, height, scheme }) => {
    const closed = await Relay.closed();
    // As guests see it, who open it by its name.
    const origin = `https://lanline.local:${closed.port}`;
    await closed.room('stage');
    const { key } = await closed.room('choir');
    const guests: Page[] = [];
    for (const guest of ['Grace Hopper', 'Ada', 'Zoë']) {
      const { page } = await visitLink(browser, { origin }, `${origin}/r/choir#${key}`);
      await page.getByTestId('name').fill(guest);
      await page.getByTestId(guest === 'Zoë' ? 'join-listen' : 'join').click();
      await connected(page);
      if (guest === 'Ada') await page.getByTestId('mute').click();
      guests.push(page);
    }
    const options = { viewport: { width, height }, colorScheme: scheme, reducedMotion: 'reduce' as const };
    const { page } = await visitLink(browser, { origin }, `${origin}/host#${closed.hostKey}`, options);
    await page.locator('[data-testid=inside][data-state=talking]').waitFor();
    await page.getByTestId('inside').nth(2).waitFor();
    await fits(page);
    await page.screenshot({ path: path(DOCS, `host-${name}-${scheme}.png`), fullPage: name === 'phone' });
    await page.context().close();
    if (name === 'phone') {
      const late = await visitLink(browser, { origin }, `${origin}/r/choir`, options);
      await late.page.getByTestId('name').fill('Tom');
      await late.page.getByTestId('join').click();
      await late.page.getByTestId('pin').fill('1234');
      await fits(late.page);
      await picture(late.page, `pin-${name}-${scheme}`);
      await late.page.context().close();
    }
    for (const guest of guests) await guest.context().close();
    await closed.close();
  },
);

async function say(from: Page, seenBy: Page, text: string): Promise<void> {
  await from.getByTestId('chat-input').fill(text);
  await from.getByTestId('chat-send').click();
  await seenBy.getByTestId('chat-text').filter({ hasText: text }).last().waitFor();
}

/** Three browsers that start on one machine delay each other; the picture is of the room they settle in. */
async function settled(page: Page): Promise<void> {
  const calm = () => Number(document.querySelector<HTMLElement>('[data-testid=delay]')?.dataset.ms ?? 999) < 120;
  await page.waitForFunction(calm, null, { timeout: 20_000 }).catch(() => {
    console.log('the machine is too busy for a fair picture of the delay');
  });
}

async function fits(page: Page): Promise<void> {
  const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(over).toBeLessThanOrEqual(0);
}

async function picture(page: Page, name: string): Promise<void> {
  if (keep && !name.includes('lying')) await page.screenshot({ path: path(DOCS, `${name}.png`) });
}
