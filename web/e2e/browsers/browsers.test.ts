// Proves, in Firefox and in WebKitGTK with the system's own microphone and speaker: what a person does in Chromium works
// there too. One PulseAudio sink is the room that the browser hears and plays into.

import { join as path } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { join, launch, participant, type Visit } from '../support/chromium.ts';
import { nativeListener, nativeTalker } from '../support/native.ts';
import { type Child, temporaryFolder } from '../support/process.ts';
import { Speaker } from '../support/pulse.ts';
import { Relay } from '../support/relay.ts';
import { joined, match, readWav, silence, speech, writeWav } from '../support/sound.ts';
import { firefox } from './firefox.ts';
import { click, fill, type OtherBrowser, person, type Tab, there, until } from './tab.ts';
import { webkit } from './webkit.ts';

/** A machine that is starved breaks sound that is played in real time: one more try. */
const REAL_TIME = { retry: 2 };
const UNPROCESSED = ['echo-cancellation', 'noise-suppression', 'automatic-gain'];

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
  let browser: OtherBrowser;
  let tab: Tab;
  let chromium: Browser;
  let grace: Visit;

  beforeAll(async () => {
    writeWav(said, joined(silence(0.5), sentence, silence(0.5)));
    [relay, speaker] = await Promise.all([Relay.start(), Speaker.start({ room: true })]);
    ({ browser, tab } = await opened(() => start(speaker.env), relay.link('room')));
    await tab.evaluate(
      `${JSON.stringify(UNPROCESSED)}.map((key) => localStorage.setItem('lanline.' + key, 'off')).length`,
    );
    await tab.reload();
    await fill(tab, 'name', 'Ada');
    await click(tab, 'join');
    await until(tab, there('status', '[data-state=open]'));
    chromium = await launch();
    grace = await join(chromium, relay, 'room', 'Grace', 'listen');
  });

  afterAll(async () => {
    await browser?.close();
    await chromium?.close();
    await speaker?.close();
    await relay?.close();
    folder.remove();
  });

  test('talks: a native listener and another browser hear what its microphone hears', REAL_TIME, async () => {
    const out = path(folder.path, 'heard.wav');
    const listener = nativeListener(relay, 'room', out, Math.ceil(sentence.length / 48_000) + 4);
    await participant(grace.page, 'Native ear').waitFor();
    const talking = participant(grace.page, 'Ada').and(grace.page.locator('[data-talking=true]')).waitFor();
    await speaker.play(said).succeeded();
    await talking;
    await listener.succeeded();
    const { correlation } = match(sentence, readWav(out));
    console.log(`${name} to native: envelope correlation ${correlation.toFixed(3)}`);
    expect(correlation).toBeGreaterThan(0.85);
  });

  test('mutes, and the others see it', async () => {
    await click(tab, 'mute');
    await participant(grace.page, 'Ada').and(grace.page.locator('[data-muted=true]')).waitFor();
  });

  test('hears a native talker', REAL_TIME, async () => {
    const recording = await speaker.record();
    const talker: Child = nativeTalker(relay, 'room', said);
    await until(tab, there('delay'));
    await talker.succeeded();
    await until(tab, `!(${person('Native mouth', '')})`);
    const { correlation } = match(sentence, await recording.stop());
    const delay = await tab.evaluate(`JSON.stringify({ ...${there('delay')}.dataset })`);
    console.log(`native to ${name}: envelope correlation ${correlation.toFixed(3)}, ${delay}`);
    expect(correlation).toBeGreaterThan(0.85);
  });

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

/** A browser that starts and then does not answer is one of those that hang now and then: another one, once. */
async function opened(start: () => Promise<OtherBrowser>, url: string): Promise<{ browser: OtherBrowser; tab: Tab }> {
  for (let n = 1; ; n++) {
    const browser = await start();
    try {
      const tab = await browser.tab();
      await tab.open(url);
      return { browser, tab };
    } catch (error) {
      await browser.close().catch(() => {});
      if (n === 2) throw error;
    }
  }
}

test('Firefox: a refused microphone is explained, and one can listen', async () => {
  const relay = await Relay.start();
  const { browser, tab } = await opened(() => firefox({}, 'refused'), relay.link('refused'));
  try {
    await fill(tab, 'name', 'Ada');
    await click(tab, 'join');
    await until(tab, there('failure', '[data-kind=microphone]'));
    await click(tab, 'listen-only');
    await until(tab, there('status', '[data-state=open]'));
  } finally {
    await browser.close();
    await relay.close();
  }
});
