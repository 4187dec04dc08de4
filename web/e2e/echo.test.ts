// Proves: what a page plays into a room and its own microphone hears there does not go back to who said it. One
// PulseAudio sink is the room; the other participant is in a browser that plays elsewhere.

import { join as path } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { join, launch } from './support/chromium.ts';
import { whenCalm } from './support/machine.ts';
import { temporaryFolder } from './support/process.ts';
import { Speaker } from './support/pulse.ts';
import { Relay } from './support/relay.ts';
import { speech, writeWav } from './support/sound.ts';

const folder = temporaryFolder();
let relay: Relay;
let speaker: Speaker;
let room: Browser;
let elsewhere: Browser;

beforeAll(async () => {
  const file = path(folder.path, 'microphone.wav');
  writeWav(file, speech('austen-0870'));
  [relay, speaker] = await Promise.all([Relay.start(), Speaker.start({ room: true })]);
  room = await launch({ access: 'real' }, speaker.env);
  elsewhere = await launch({ file });
});

afterAll(async () => {
  await room?.close();
  await elsewhere?.close();
  await speaker?.close();
  await relay?.close();
  folder.remove();
});

/** Mean power of levels that a page shows, over some seconds, in dBov: of what it hears, or of its microphone. */
function level(page: Page, of: 'heard' | 'microphone', afterS: number, forS: number): Promise<number> {
  return page.evaluate(
    ([of, afterMs, forMs]) =>
      new Promise<number>((resolve) => {
        const powers: number[] = [];
        const begin = performance.now();
        const timer = setInterval(() => {
          const ms = performance.now() - begin;
          if (ms < afterMs) return;
          const { delay, mute } = Object.fromEntries(
            [...document.querySelectorAll<HTMLElement>('[data-testid]')].map((e) => [e.dataset.testid, e.dataset]),
          );
          const shown = of === 'heard' ? delay?.heard : mute?.level;
          powers.push(10 ** (-Number(shown ?? '127') / 10));
          if (ms < afterMs + forMs) return;
          clearInterval(timer);
          resolve(10 * Math.log10(powers.reduce((sum, power) => sum + power, 0) / powers.length));
        }, 100);
      }),
    [of, afterS * 1000, forS * 1000] as const,
  );
}

/** Grace talks elsewhere; Ada's page plays it into the room, and her microphone hears it. */
async function echo(name: string, cancellation: 'on' | 'off') {
  const ada = await join(room, relay, name, 'Ada', 'talk', { 'echo-cancellation': cancellation });
  const grace = await join(elsewhere, relay, name, 'Grace');
  try {
    await ada.page.getByTestId('delay').waitFor();
    const [voice, captured, back] = await Promise.all([
      level(ada.page, 'heard', 3, 5),
      level(ada.page, 'microphone', 3, 5),
      level(grace.page, 'heard', 3, 5),
    ]);
    console.log(
      `cancellation ${cancellation}: voice ${voice.toFixed(0)} dBov, in the microphone ${captured.toFixed(0)}, back ${back.toFixed(0)}`,
    );
    expect([...ada.complaints, ...grace.complaints]).toEqual([]);
    return { voice, captured, back };
  } finally {
    await ada.page.context().close();
    await grace.page.context().close();
  }
}

test('an echo is at least 30 dB below the voice', () =>
  whenCalm(async () => {
    const { voice, back } = await echo('cancelled', 'on');
    expect(voice).toBeGreaterThan(-40);
    expect(voice - back).toBeGreaterThanOrEqual(30);
  }));

test('without cancellation it would be heard', () =>
  whenCalm(async () => {
    const { voice, back } = await echo('loud', 'off');
    expect(voice - back).toBeLessThan(20);
  }));
