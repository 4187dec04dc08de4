// Proves, by sound: the microphone is warm, so a button that is pressed adds at most 100 ms to the delay of an open one.

import { join as path } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { babble } from './support/chirps.ts';
import { join, launch } from './support/chromium.ts';
import { DelayLog, pass } from './support/delay-log.ts';
import { whenCalm } from './support/machine.ts';
import { temporaryFolder } from './support/process.ts';
import { Speaker } from './support/pulse.ts';
import { Relay } from './support/relay.ts';
import { RATE, writeWav } from './support/sound.ts';

const ADDED_MS = 100;
/** Nor less by more than the packet into which the press falls, and what the delay moves. */
const EARLIER_MS = 60;
const PRESSES = 5;
/** Nothing of it is as soft as this. */
const AUDIBLE = 0.01;
/** Two taps would keep it on. */
const LONGER_THAN_A_TAP_MS = 500;
const SILENT_MS = 300;
/** From here on nothing should be heard, until something is. */
const LONG_BEFORE_MS = 100;

const folder = temporaryFolder();
let relay: Relay;
let speaker: Speaker;
let browser: Browser;

beforeAll(async () => {
  const file = path(folder.path, 'microphone.wav');
  // Somebody always speaks: whenever the button is pressed there is something to be heard.
  writeWav(
    file,
    babble(20 * RATE).map((value) => 4 * value),
  );
  [relay, speaker] = await Promise.all([Relay.start(), Speaker.start()]);
  browser = await launch({ file }, speaker.env);
});

afterAll(async () => {
  await browser?.close();
  await speaker?.close();
  await relay?.close();
  folder.remove();
});

test(
  'what is said while the button goes down is heard 100 ms later at most than with an open microphone',
  () =>
    whenCalm(async () => {
      const ada = await join(browser, relay, 'press', 'Ada');
      const grace = await join(browser, relay, 'press', 'Grace', 'listen');
      try {
        await grace.page.getByTestId('delay').waitFor();
        const openMs = await (await DelayLog.of(grace.page)).usual();
        await ada.page.getByTestId('talk-mode').click();
        await heard(grace.page, false);
        const recording = await speaker.record();
        const presses: number[] = [];
        for (let n = 0; n < PRESSES; n++) {
          // What the device still had is out by then.
          await pass(ada.page, SILENT_MS);
          presses.push(await space(ada.page, 'keydown'));
          await heard(grace.page, true);
          await pass(ada.page, LONGER_THAN_A_TAP_MS);
          await space(ada.page, 'keyup');
          await heard(grace.page, false);
        }
        const beganMs = await recording.beganMs();
        const samples = await recording.stop();
        const added = presses.map((pressMs) => onsetMs(samples, pressMs - beganMs) - (pressMs - beganMs) - openMs);
        console.log(`an open microphone ${openMs} ms, a press adds ${added.map(Math.round).join(', ')} ms`);
        expect(Math.max(...added)).toBeLessThanOrEqual(ADDED_MS);
        expect(Math.min(...added)).toBeGreaterThanOrEqual(-EARLIER_MS);
        expect([...ada.complaints, ...grace.complaints]).toEqual([]);
      } finally {
        await ada.page.context().close();
        await grace.page.context().close();
      }
    }),
  480_000,
);

/** By the clock of the system, the event's own instant. */
const space = (page: Page, type: 'keydown' | 'keyup'): Promise<number> =>
  page.evaluate((name) => {
    const event = new KeyboardEvent(name, { code: 'Space' });
    window.dispatchEvent(event);
    return performance.timeOrigin + event.timeStamp;
  }, type);

const heard = (page: Page, yes: boolean): Promise<unknown> =>
  page.locator(`[data-testid=delay]${yes ? ':not([data-heard="127"])' : '[data-heard="127"]'}`).waitFor();

/** Where the first sound around a press begins; all of it is silent before. */
function onsetMs(samples: Float32Array, pressMs: number): number {
  const from = Math.max(0, Math.round(((pressMs - LONG_BEFORE_MS) * RATE) / 1000));
  const at = samples.findIndex((value, n) => n >= from && Math.abs(value) > AUDIBLE);
  return at < 0 ? Number.POSITIVE_INFINITY : (at * 1000) / RATE;
}
