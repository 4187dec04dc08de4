// Proves, in Firefox and in WebKitGTK with the system's own microphone and speaker: what a person does in Chromium works
// there too. One PulseAudio sink is the room that the browser hears and plays into, another the room of Grace, who listens
// in Chromium.

import { join as path } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { en } from '../../src/ui/words/en.ts';
import { join, launch, participant, UNPROCESSED, type Visit } from '../support/chromium.ts';
import { whenCalm } from '../support/machine.ts';
import { nativeListener, nativeTalker } from '../support/native.ts';
import { temporaryFolder } from '../support/process.ts';
import { Speaker } from '../support/pulse.ts';
import { Relay } from '../support/relay.ts';
import { joined, LIKE, match, peak, readWav, silence, speech, writeWav } from '../support/sound.ts';
import { firefox } from './firefox.ts';
import { click, fill, type OtherBrowser, opened, person, type Tab, there, until } from './tab.ts';
import { webkit } from './webkit.ts';

/** −60 dBFS: what dither, noise and the fade at a seam may be. */
const SILENT = 1e-3;

const BROWSERS = [
  { name: 'Firefox', start: (env: Record<string, string>) => firefox(env, 'granted') },
  { name: 'WebKitGTK', start: webkit },
];

describe.each(BROWSERS)('$name', ({ name, start }) => {
  const folder = temporaryFolder();
  const sentence = speech('austen-0890');
  const said = path(folder.path, 'said.wav');
  let relay: Relay;
  let speaker: Speaker;
  let elsewhere: Speaker;
  let browser: OtherBrowser;
  let tab: Tab;
  let chromium: Browser;
  let grace: Visit;

  beforeAll(async () => {
    writeWav(said, joined(silence(0.5), sentence, silence(0.5)));
    [relay, speaker, elsewhere] = await Promise.all([Relay.start(), Speaker.start({ room: true }), Speaker.start()]);
    ({ browser, tab } = await opened(() => start(speaker.env), relay.link('room')));
    await tab.evaluate(
      `Object.entries(${JSON.stringify(UNPROCESSED)}).map(([key, value]) => localStorage.setItem('lanline.' + key, value)).length`,
    );
    await tab.reload();
    await fill(tab, 'name', 'Ada');
    await click(tab, 'join');
    await until(tab, there('status', '[data-state=open]'));
    chromium = await launch({}, elsewhere.env);
    grace = await join(chromium, relay, 'room', 'Grace', 'listen');
  });

  afterAll(async () => {
    await browser?.close();
    await chromium?.close();
    await speaker?.close();
    await elsewhere?.close();
    await relay?.close();
    folder.remove();
  });

  test('talks: a native listener and another browser hear what its microphone hears', () =>
    whenCalm(async () => {
      const out = path(folder.path, 'heard.wav');
      const listener = nativeListener(relay, 'room', out, Math.ceil(sentence.length / 48_000) + 4);
      await participant(grace.page, 'Native ear').waitFor();
      const talking = participant(grace.page, 'Ada').and(grace.page.locator('[data-talking=true]')).waitFor();
      const recording = await elsewhere.record();
      await speaker.play(said).succeeded();
      await talking;
      await listener.succeeded();
      await participant(grace.page, 'Native ear').waitFor({ state: 'detached' });
      const [native, other] = [readWav(out), await recording.stop()].map((heard) => match(sentence, heard).correlation);
      console.log(`${name} to native: envelope correlation ${native!.toFixed(3)}, to Chromium ${other!.toFixed(3)}`);
      expect(native).toBeGreaterThan(LIKE);
      expect(other).toBeGreaterThan(LIKE);
    }));

  test('mutes: the others see it, and nobody hears what its microphone hears', async () => {
    await click(tab, 'mute');
    await participant(grace.page, 'Ada').and(grace.page.locator('[data-muted=true][data-talking=false]')).waitFor();
    const recording = await elsewhere.record();
    await speaker.play(said).succeeded();
    // What was said before may still be on its way.
    expect(peak((await recording.stop()).subarray(24_000))).toBeLessThan(SILENT);
  });

  /** What comes out of its speaker while a native talker says the sentence. */
  const heardOfNative = async () => {
    const recording = await speaker.record();
    const talker = nativeTalker(relay, 'room', said);
    await until(tab, person('Native mouth', '[data-talking=true]'));
    await talker.succeeded();
    await until(tab, `!(${person('Native mouth', '')})`);
    return recording.stop();
  };

  test('hears a native talker, as loud as is chosen', () =>
    whenCalm(async () => {
      const heard = await heardOfNative();
      const { correlation } = match(sentence, heard);
      const delay = await tab.evaluate(`JSON.stringify({ ...${there('delay')}.dataset })`);
      console.log(`native to ${name}: envelope correlation ${correlation.toFixed(3)}, ${delay}`);
      expect(correlation).toBeGreaterThan(LIKE);

      await click(tab, 'settings');
      await fill(tab, 'volume', '0.1');
      const softly = await heardOfNative();
      await fill(tab, 'volume', '1');
      await click(tab, 'sheet-close');
      const ratio = peak(softly) / peak(heard);
      expect(ratio).toBeGreaterThan(0.05);
      expect(ratio).toBeLessThan(0.2);
    }));

  test('writes and reads', async () => {
    await fill(tab, 'chat-input', `Hello from ${name}`);
    await click(tab, 'chat-send');
    await grace.page.getByText(`Hello from ${name}`).waitFor();
    await grace.page.getByTestId('chat-input').fill('Hello back');
    await grace.page.getByTestId('chat-send').click();
    await until(tab, `document.body.innerText.includes('Hello back')`);
  });

  test('sets a volume, which outlives a reload, and so does the seat', async () => {
    await click(tab, 'settings');
    await fill(tab, 'volume', '0.4');
    const id = await participant(grace.page, 'Ada').getAttribute('data-id');
    await tab.reload();
    await until(tab, there('status', '[data-state=open]'));
    expect(await tab.evaluate(`localStorage.getItem('lanline.volume')`)).toBe('0.4');
    expect(await participant(grace.page, 'Ada').getAttribute('data-id')).toBe(id);
  });

  test('comes back when the relay was restarted', async () => {
    await relay.down();
    await until(tab, there('status', '[data-state=lost]'));
    await relay.up();
    await until(tab, there('status', '[data-state=open]'));
    await until(tab, person('Ada', '[data-self=true]'));
  });
});

/** Under its driver WebKitGTK gives every page the microphone; where there is none, the page goes the same way. */
test.each([
  {
    name: 'Firefox',
    what: 'refused',
    says: en.micRefused,
    start: (env: Record<string, string>) => firefox(env, 'refused'),
  },
  { name: 'WebKitGTK', what: 'missing', says: en.micMissing, start: webkit },
])('$name: a $what microphone is explained, and one can listen', async ({ says, start }) => {
  const [relay, speaker] = await Promise.all([Relay.start(), Speaker.start()]);
  const { browser, tab } = await opened(() => start(speaker.env), relay.link('room'));
  try {
    await fill(tab, 'name', 'Ada');
    await click(tab, 'join');
    await until(tab, there('failure', '[data-kind=microphone]'));
    expect(await tab.evaluate(`${there('failure')}.querySelector('h1').textContent`)).toBe(says);
    await click(tab, 'listen-only');
    await until(tab, there('status', '[data-state=open]'));
  } finally {
    await browser.close();
    await speaker.close();
    await relay.close();
  }
});
