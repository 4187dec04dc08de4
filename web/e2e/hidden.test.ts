// Proves: a page that is hidden behind another tab, and throttled by the browser as such pages are, goes on talking and
// hearing, and has its normal delay within two seconds when it is looked at again.

import { join as path } from 'node:path';
import type { Browser as OtherBrowser } from 'playwright-core';
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { executable, flags, join, launch, UNPROCESSED, type Visit } from './support/chromium.ts';
import { DelayLog, NORMAL_MS, OLDEST_HEARD_MS, pass, RECOVERY_MS } from './support/delay-log.ts';
import { comeFirst, whenCalm } from './support/machine.ts';
import { temporaryFolder } from './support/process.ts';
import { Speaker } from './support/pulse.ts';
import { Relay } from './support/relay.ts';
import { joined, LIKE, match, RATE, silence, speech, writeWav } from './support/sound.ts';

/** What drivers switch off, so that a test does not stand still when its page is not looked at; and what nobody would hear. */
const NOT_AS_SHIPPED = [
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
  '--mute-audio',
];
const PATIENCE_MS = 400_000;

const folder = temporaryFolder();
const says = { ada: speech('austen-0870'), grace: speech('austen-0890') };
/** Two rounds of the longer one hold each as a whole. */
const ROUNDS_MS = (2 * Math.max(says.ada.length, says.grace.length) * 1000) / RATE + 3_000;
let relay: Relay;
let speakers: { ada: Speaker; grace: Speaker };
/** Playwright pretends to every page that it is looked at; this driver does not. */
let browser: Browser;
let ada: Page;
let other: Page;
let elsewhere: OtherBrowser;
let grace: Visit;

beforeAll(async () => {
  const microphone = (name: 'ada' | 'grace') => {
    const file = path(folder.path, `${name}.wav`);
    writeWav(file, joined(says[name], silence(1)));
    return file;
  };
  relay = await Relay.start();
  speakers = { ada: await Speaker.start(), grace: await Speaker.start() };
  browser = await puppeteer.launch({
    executablePath: executable(),
    args: flags({ file: microphone('ada') }),
    ignoreDefaultArgs: NOT_AS_SHIPPED,
    env: { ...process.env, ...speakers.ada.env },
  });
  comeFirst();
  [ada, other] = [await browser.newPage(), await browser.newPage()];
  elsewhere = await launch({ file: microphone('grace') }, speakers.grace.env);
  grace = await join(elsewhere, relay, 'room', 'Grace');
  await ada.bringToFront();
  await ada.evaluateOnNewDocument((kept) => {
    for (const [key, value] of kept) localStorage.setItem(`lanline.${key}`, value);
  }, Object.entries(UNPROCESSED));
  await ada.goto(relay.link('room'));
  await ada.locator('[data-testid=name]').fill('Ada');
  await ada.locator('[data-testid=join]').click();
  await ada.waitForSelector('[data-testid=delay]');
  await grace.page.getByTestId('delay').waitFor();
});

afterAll(async () => {
  await browser?.close();
  await elsewhere?.close();
  await speakers?.ada.close();
  await speakers?.grace.close();
  await relay?.close();
  folder.remove();
});

const hidden = () => ada.evaluate(() => document.hidden);

test(
  'a page behind another tab is heard, hears, and comes back to its normal delay',
  () =>
    whenCalm(async () => {
      await ada.bringToFront();
      const log = await DelayLog.of(ada);
      const before = await log.usual();

      const from = Date.now();
      await other.bringToFront();
      expect(await hidden()).toBe(true);
      const [byGrace, byAda] = await Promise.all([speakers.grace.record(), speakers.ada.record()]);
      await pass(grace.page, ROUNDS_MS);
      const [heardByGrace, heardByAda] = [await byGrace.stop(), await byAda.stop()];
      expect(await hidden()).toBe(true);

      await ada.bringToFront();
      expect(await hidden()).toBe(false);
      await pass(ada, RECOVERY_MS);
      const after = await log.reached(RECOVERY_MS);
      const oldest = Math.max(...(await log.last(Date.now() - from)));
      const [talked, heard] = [match(says.ada, heardByGrace), match(says.grace, heardByAda)];
      console.log(
        `hidden: is heard ${talked.correlation.toFixed(3)}, hears ${heard.correlation.toFixed(3)}; ` +
          `delay before ${before} ms, after ${after} ms, the oldest heard ${oldest} ms`,
      );
      expect(talked.correlation).toBeGreaterThanOrEqual(LIKE);
      expect(heard.correlation).toBeGreaterThanOrEqual(LIKE);
      expect(after).toBeLessThan(before + NORMAL_MS);
      expect(oldest).toBeLessThanOrEqual(OLDEST_HEARD_MS);
    }),
  PATIENCE_MS,
);
