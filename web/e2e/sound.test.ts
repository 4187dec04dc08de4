// Proves, by what is heard: a page talks and a native listener hears it; a native talker is heard out of the page's
// speaker, a PulseAudio sink that we record; mute is silence.

import { join as path } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { join, launch, participant } from './support/chromium.ts';
import { whenCalm } from './support/machine.ts';
import { nativeListener, nativeTalker } from './support/native.ts';
import { temporaryFolder } from './support/process.ts';
import { Speaker } from './support/pulse.ts';
import { Relay } from './support/relay.ts';
import { joined, LIKE, type Match, match, peak, RATE, readWav, silence, speech, writeWav } from './support/sound.ts';

/** −80 dBFS. */
const SILENT = 1e-4;

const folder = temporaryFolder();
const sentence = speech('austen-0890');
const told = ({ correlation, movedMs }: Match) =>
  `correlation of the envelopes ${correlation.toFixed(3)}, the delay moved by ${movedMs.toFixed(0)} ms`;
let relay: Relay;
let speaker: Speaker;
let browser: Browser;

beforeAll(async () => {
  const microphone = path(folder.path, 'microphone.wav');
  writeWav(microphone, joined(sentence, silence(1)));
  [relay, speaker] = await Promise.all([Relay.start(), Speaker.start()]);
  browser = await launch({ file: microphone }, speaker.env);
});

afterAll(async () => {
  await browser?.close();
  await speaker?.close();
  await relay?.close();
  folder.remove();
});

test('a native listener hears what the page says', () =>
  whenCalm(async () => {
    const { page, complaints } = await join(browser, relay, 'up', 'Ada');
    const out = path(folder.path, 'up.wav');
    // The microphone says the sentence over and over: two periods hold one as a whole.
    const period = sentence.length / RATE + 1;
    await nativeListener(relay, 'up', out, Math.ceil(2 * period + 1)).succeeded();
    await page.context().close();
    const heard = match(sentence, readWav(out));
    console.log(`page to native: ${told(heard)}`);
    expect(heard.correlation).toBeGreaterThanOrEqual(LIKE);
    expect(complaints).toEqual([]);
  }));

test('mute is silence, and unmute is not', async () => {
  const { page } = await join(browser, relay, 'mute', 'Ada');
  const grace = await join(browser, relay, 'mute', 'Grace', 'listen');
  await participant(grace.page, 'Ada').and(grace.page.locator('[data-talking=true]')).waitFor();
  await page.getByTestId('mute').click();
  await participant(grace.page, 'Ada').and(grace.page.locator('[data-muted=true][data-talking=false]')).waitFor();
  const muted = path(folder.path, 'muted.wav');
  await nativeListener(relay, 'mute', muted, 4).succeeded();
  // What was said before may still be on its way, in the relay's jitter buffer.
  expect(peak(readWav(muted).subarray(RATE / 2))).toBeLessThan(SILENT);

  await page.getByTestId('mute').click();
  await participant(grace.page, 'Ada').and(grace.page.locator('[data-muted=false]')).waitFor();
  const open = path(folder.path, 'open.wav');
  await nativeListener(relay, 'mute', open, 4).succeeded();
  expect(peak(readWav(open))).toBeGreaterThan(0.05);
  await page.context().close();
  await grace.page.context().close();
});

test('out of the page’s speaker comes what a native talker says', () =>
  whenCalm(async () => {
    const { page, complaints } = await join(browser, relay, 'down', 'Grace', 'listen');
    const file = path(folder.path, 'talker.wav');
    writeWav(file, joined(silence(0.5), sentence, silence(0.5)));
    const recording = await speaker.record();
    const talker = nativeTalker(relay, 'down', file);
    await page.getByTestId('delay').waitFor();
    await talker.succeeded();
    await participant(page, 'Native mouth').waitFor({ state: 'detached' });
    const delay = await page.getByTestId('delay').evaluate((element) => ({ ...(element as HTMLElement).dataset }));
    await page.context().close();
    const heard = match(sentence, await recording.stop());
    console.log(`native to page: ${told(heard)}, ${JSON.stringify(delay)}`);
    expect(heard.correlation).toBeGreaterThanOrEqual(LIKE);
    expect(Number(delay.ms)).toBeLessThan(300);
    expect(complaints).toEqual([]);
  }));
