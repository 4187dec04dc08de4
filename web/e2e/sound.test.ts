// Proves, by what is heard: a page talks and a native listener hears it; a native talker is heard out of the page's
// speaker, a PulseAudio sink that we record; mute is silence, and music is sent as it is.

import { join as path } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Bare, type Came } from './support/bare.ts';
import { join, launch, participant } from './support/chromium.ts';
import { whenCalm } from './support/machine.ts';
import { nativeListener, nativeTalker } from './support/native.ts';
import { temporaryFolder } from './support/process.ts';
import { Speaker } from './support/pulse.ts';
import { Relay } from './support/relay.ts';
import { joined, LIKE, type Match, match, peak, RATE, readWav, silence, speech, writeWav } from './support/sound.ts';

/** −80 dBFS. */
const SILENT = 1e-4;

const PROCESSED = { 'echo-cancellation': 'on', 'noise-suppression': 'on', 'automatic-gain': 'on' };
const NOTHING_PROCESSED = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
const PTIME_S = 0.02;
const MUSIC_BPS = 96_000;
/** What is louder than the rest gets a little more. */
const NEAR = 0.15;

const folder = temporaryFolder();
const sentence = speech('austen-0890');
/** As many as are sent while the microphone says the sentence once and pauses, and none is left out. */
const PERIOD_PACKETS = Math.ceil((sentence.length / RATE + 1) / PTIME_S);
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

test('music is sent as it is: nothing is processed or left out, at the bit rate of music', () =>
  whenCalm(async () => {
    const { page, complaints } = await join(browser, relay, 'music', 'Ada', 'talk', PROCESSED);
    const ear = await Bare.join(browser, relay, 'music', 'Ear');
    try {
      const microphone = askedFor(page);
      const voice = await ear.packets(PERIOD_PACKETS);
      // The sentence ends, and so does its talkspurt.
      expect(voice.some(({ end }) => end)).toBe(true);

      await page.getByTestId('settings').click();
      await page.getByTestId('music').click();
      const { constraints, settings } = await microphone;
      expect(constraints).toMatchObject(NOTHING_PROCESSED);
      expect(settings).toMatchObject(NOTHING_PROCESSED);
      // Until the encoder of the voice is no longer heard.
      await ear.packets(PERIOD_PACKETS);
      const music = await ear.packets(PERIOD_PACKETS);
      expect(music.some(({ end }) => end)).toBe(false);
      const [sentBps, voiceBps] = [loudBps(music), loudBps(voice)];
      console.log(`music: ${sentBps.toFixed(0)} bit/s, a voice ${voiceBps.toFixed(0)}`);
      expect(Math.abs(sentBps - MUSIC_BPS)).toBeLessThan(NEAR * MUSIC_BPS);
      expect(Math.abs(voiceBps - MUSIC_BPS)).toBeGreaterThan(NEAR * MUSIC_BPS);
      expect(complaints).toEqual([]);
    } finally {
      await ear.leave();
      await page.context().close();
    }
  }));

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

/** What the page asks the next microphone for, and what it is given. */
const askedFor = (page: Page) =>
  page.evaluate(
    () =>
      new Promise<{ constraints: unknown; settings: MediaTrackSettings }>((resolve) => {
        const { mediaDevices } = navigator;
        const original = mediaDevices.getUserMedia.bind(mediaDevices);
        mediaDevices.getUserMedia = async (constraints) => {
          const stream = await original(constraints);
          resolve({ constraints: constraints?.audio, settings: stream.getAudioTracks()[0]!.getSettings() });
          return stream;
        };
      }),
  );

/** Of the louder half of the packets: Opus spends less on silence, whatever it may. */
function loudBps(packets: Came[]): number {
  const sizes = packets.map(({ bytes }) => bytes).sort((a, b) => b - a);
  const louder = sizes.slice(0, sizes.length >> 1);
  return (louder.reduce((all, bytes) => all + bytes, 0) * 8) / (louder.length * PTIME_S);
}
