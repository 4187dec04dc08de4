// Proves: the delay on the screen, which is the sum of its stages, is the one that is measured from outside, within 10 ms.
// One PulseAudio sink is the room: chirps over babble go in, one page hears them, the other plays into the same room.

import { join as path } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { delays, percentile, room } from './support/chirps.ts';
import { join, launch, participant } from './support/chromium.ts';
import { whenCalm } from './support/machine.ts';
import { nativeTalker } from './support/native.ts';
import { type Child, temporaryFolder } from './support/process.ts';
import { Speaker } from './support/pulse.ts';
import { Relay } from './support/relay.ts';
import { speech, writeWav } from './support/sound.ts';

const APART_MS = 10;
const CHIRPS = 20;
/** A machine that is not calm is tried again, half a minute each time. */
const LONG_MS = 480_000;
/** Each look costs the machine that is measured. */
const LOOK_EVERY_MS = 1_000;
/** In the room what a page plays is softer than who talks there; gain control alone holds nothing back. */
const KEPT = { 'automatic-gain': 'on', volume: '0.3' };
/** So much softer than the page in the room are the others in the mix: what is said of the age is that of the loudest. */
const SOFTER = 0.1;

const folder = temporaryFolder();
let relay: Relay;
let speaker: Speaker;
let browser: Browser;

beforeAll(async () => {
  [relay, speaker] = await Promise.all([Relay.start(), Speaker.start({ room: true })]);
  browser = await launch({ access: 'real' }, speaker.env);
});

afterAll(async () => {
  await browser?.close();
  await speaker?.close();
  await relay?.close();
  folder.remove();
});

test('of a lone talker, whose packets are forwarded', () => whenCalm(() => compare('lone', [])), LONG_MS);

test('of a talker in a mix', () => whenCalm(() => compare('mixed', ['austen-0930', 'austen-0880'])), LONG_MS);

async function compare(name: string, others: string[]): Promise<void> {
  const ear = await join(browser, relay, name, 'Ear', 'listen', KEPT);
  const mouth = await join(browser, relay, name, 'Mouth', 'talk', KEPT);
  const natives: Child[] = [];
  try {
    // Who talks hears nothing, so that nothing but the talk can come back.
    await mouth.page.getByTestId('deafen').click();
    const played = room(CHIRPS);
    const seconds = played.samples.length / 48_000 + 5;
    for (const other of others) natives.push(talks(name, other, seconds));
    const talking = participant(ear.page, 'Native mouth').and(ear.page.locator('[data-talking=true]'));
    if (others.length > 0) await talking.nth(others.length - 1).waitFor();
    const file = path(folder.path, 'room.wav');
    writeWav(file, played.samples);
    const recording = await speaker.record();
    const looks: Stages[] = [];
    const look = setInterval(() => {
      stages(ear.page).then(
        (seen) => looks.push(seen),
        () => {},
      );
    }, LOOK_EVERY_MS);
    try {
      await speaker.play(file).succeeded();
    } finally {
      clearInterval(look);
    }
    const found = delays(await recording.stop());
    expect(found.length).toBeGreaterThanOrEqual(0.9 * CHIRPS);
    const shown = looks.slice(-CHIRPS + 2);
    const measuredMs = percentile(
      found.map(({ ms }) => ms),
      0.5,
    );
    const shownMs = percentile(shown.map(sum), 0.5);
    console.log(`${name}: measured ${measuredMs.toFixed(1)} ms, shown ${shownMs} ms, ${JSON.stringify(shown.at(-1))}`);
    expect(Math.abs(shownMs - measuredMs)).toBeLessThanOrEqual(APART_MS);
    const mixed = shown.filter(({ mix, buffer }) => mix! + buffer! > 0).length;
    if (others.length === 0) expect(mixed).toBe(0);
    else expect(mixed).toBe(shown.length);
    expect([...ear.complaints, ...mouth.complaints]).toEqual([]);
  } finally {
    for (const native of natives) await native.stop();
    await ear.page.context().close();
    await mouth.page.context().close();
  }
}

type Stages = Record<string, number>;

const sum = (seen: Stages): number => Object.values(seen).reduce((all, ms) => all + ms, 0);

async function stages(page: Page): Promise<Stages> {
  return JSON.parse((await page.getByTestId('delay').getAttribute('data-stages')) || '{}');
}

/** Somebody else talks, for so long. */
function talks(name: string, sentence: string, seconds: number): Child {
  const samples = speech(sentence);
  const file = path(folder.path, `${sentence}.wav`);
  writeWav(
    file,
    Float32Array.from({ length: seconds * 48_000 }, (_, n) => SOFTER * samples[n % samples.length]!),
  );
  return nativeTalker(relay, name, file, ['--continuous']);
}
