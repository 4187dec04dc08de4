// Proves: microphone and speaker are followed wherever they go: chosen in the sound check, stopped by an interruption, or
// changed by the system.

import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { connected, join, participant, visit } from './support/chromium.ts';
import { stage } from './support/stage.ts';

const here = stage('austen-0890');

test('sound check: what is chosen meanwhile is tried at once, microphone and speaker', async () => {
  const { page, complaints } = await visit(here.browser, here.relay, 'chosen');
  await page.evaluate(() => {
    const tried = { microphones: [] as unknown[], speakers: [] as string[] };
    const { mediaDevices } = navigator;
    const ask = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = (constraints) => {
      tried.microphones.push((constraints!.audio as MediaTrackConstraints).deviceId ?? '');
      return ask(constraints);
    };
    type Output = { setSinkId(id: string): Promise<void> };
    for (const { prototype } of [AudioContext, HTMLMediaElement]) {
      const output = prototype as unknown as Output;
      const set = output.setSinkId;
      output.setSinkId = function (id) {
        tried.speakers.push(id);
        return set.call(this, id);
      };
    }
    Object.assign(globalThis, { tried });
  });
  const tried = (what: 'microphones' | 'speakers') =>
    page.evaluate((what) => (globalThis as unknown as { tried: Record<string, string[]> }).tried[what], what);
  await page.getByTestId('sound-check').click();
  await page.getByTestId('sound-settings').click();
  await page.getByTestId('check-start').click();
  await page.getByTestId('check-level').waitFor();
  const choose = async (testid: string) => (await page.getByTestId(testid).selectOption({ index: 1 }))[0]!;
  const microphone = await choose('choose-microphone');
  const speaker = await choose('choose-speaker');
  await expect.poll(() => tried('microphones')).toEqual(['', microphone]);
  await page.locator('[data-testid=check-level][data-heard=true]').waitFor();
  await page.getByTestId('check-speaker').click();
  await page.getByTestId('check-record').click();
  await page.getByText('This is you.').waitFor();
  expect(await tried('speakers')).toEqual([speaker, speaker]);
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('sound check: what is chosen before the microphone came is asked for, and the one that comes late is let go', async () => {
  const { page, complaints } = await visit(here.browser, here.relay, 'early');
  await page.evaluate(() => {
    const held = { asked: [] as unknown[], tracks: [] as MediaStreamTrack[], give: () => {} };
    const { mediaDevices } = navigator;
    const ask = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (constraints) => {
      held.asked.push((constraints!.audio as MediaTrackConstraints).echoCancellation);
      if (held.asked.length === 1) {
        await new Promise<void>((resolve) => {
          held.give = resolve;
        });
      }
      const stream = await ask(constraints);
      held.tracks.push(...stream.getAudioTracks());
      return stream;
    };
    Object.assign(globalThis, { held });
  });
  type Held = { asked: boolean[]; tracks: MediaStreamTrack[]; give: () => void };
  const held = <T>(of: 'asked' | 'tracks' | 'give') =>
    page.evaluate((of) => {
      const { held } = globalThis as unknown as { held: Held };
      if (of === 'give') held.give();
      return of === 'tracks' ? held.tracks.map(({ readyState }) => readyState) : held.asked;
    }, of) as Promise<T>;
  await page.getByTestId('sound-check').click();
  await page.getByTestId('sound-settings').click();
  await page.getByTestId('check-start').click();
  await page.getByTestId('echo-cancellation').click();
  await page.locator('[data-testid=check-level][data-heard=true]').waitFor();
  expect(await held('asked')).toEqual([false, true]);
  await held('give');
  await expect.poll(() => held('tracks')).toEqual(['live', 'ended']);
  expect(complaints).toEqual([]);
  await page.context().close();
});

/** Keeps the page's microphone where the test can get at it, as `track`. */
const keepTrack = (page: Page) =>
  page.evaluate(() => {
    const { mediaDevices } = navigator;
    const ask = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (constraints) => {
      const stream = await ask(constraints);
      Object.assign(globalThis, { track: stream.getAudioTracks()[0] });
      return stream;
    };
  });

test.each([
  ['while one speaks', true],
  ['without a word of the browser, and one wants to hear oneself', false],
])('sound check: a microphone that goes away %s is told of, and can be tried again', async (_, told) => {
  const { page, complaints } = await visit(here.browser, here.relay, 'gone');
  await keepTrack(page);
  await page.getByTestId('sound-check').click();
  await page.getByTestId('check-start').click();
  await page.locator('[data-testid=check-level][data-heard=true]').waitFor();
  await page.evaluate((told) => {
    const { track } = globalThis as unknown as { track: MediaStreamTrack };
    track.stop();
    if (told) track.dispatchEvent(new Event('ended'));
  }, told);
  if (!told) await page.getByTestId('check-record').click();
  await page.getByText('The microphone is gone.').waitFor();
  await page.getByTestId('check-start').click();
  await page.locator('[data-testid=check-level][data-heard=true]').waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('a microphone that the system holds back is shown so, and talks again when it is free', async () => {
  const { page, complaints } = await visit(here.browser, here.relay, 'held-back');
  await keepTrack(page);
  await page.getByTestId('name').fill('Ada');
  await page.getByTestId('join').click();
  await connected(page);
  const happens = (what: string) =>
    page.evaluate((what) => {
      const { track } = globalThis as unknown as { track: MediaStreamTrack };
      track.dispatchEvent(new Event(what));
    }, what);
  const talking = participant(page, 'Ada').and(page.locator('[data-talking=true]'));
  await talking.waitFor();
  await happens('mute');
  await page.getByTestId('interrupted').getByText('Microphone interrupted').waitFor();
  expect(await talking.count()).toBe(0);
  expect(await page.getByTestId('talk-news').textContent()).toBe('Microphone interrupted');
  await happens('unmute');
  await page.getByTestId('mute').getByText('Microphone on').waitFor();
  await talking.waitFor();
  expect(complaints).toEqual([]);
  await page.context().close();
});

test('without a track processor a capture context that was stopped goes on, or a fresh one takes its place', async () => {
  const grace = await join(here.browser, here.relay, 'stopped', 'Grace', 'listen');
  const { page, complaints } = await visit(here.browser, here.relay, 'stopped');
  await page.addInitScript(() => {
    const captures: AudioContext[] = [];
    const original = AudioContext.prototype.createMediaStreamSource;
    AudioContext.prototype.createMediaStreamSource = function (stream) {
      captures.push(this);
      return original.call(this, stream);
    };
    Object.assign(globalThis, { captures, MediaStreamTrackProcessor: undefined });
  });
  await page.reload();
  await page.getByTestId('name').fill('Ada');
  await page.getByTestId('join').click();
  await connected(page);
  /** What comes out of the microphone moves. */
  const listens = async () => {
    const level = () => page.getByTestId('mute').getAttribute('data-level');
    const before = await level();
    await expect.poll(level, { timeout: 10_000 }).not.toBe(before);
  };
  const captures = () => page.evaluate(() => (globalThis as unknown as { captures: unknown[] }).captures.length);
  const stop = (forGood: boolean) =>
    page.evaluate((forGood) => {
      const context = (globalThis as unknown as { captures: AudioContext[] }).captures.at(-1)!;
      if (forGood) context.resume = () => new Promise(() => {});
      return context.suspend();
    }, forGood);
  await listens();
  await stop(false);
  await listens();
  expect(await captures()).toBe(1);
  await stop(true);
  await expect.poll(captures, { timeout: 10_000 }).toBe(2);
  await listens();
  await participant(grace.page, 'Ada').and(grace.page.locator('[data-talking=true]')).waitFor();
  expect([...complaints, ...grace.complaints]).toEqual([]);
  await page.context().close();
  await grace.page.context().close();
});

test('a microphone that is not free at once is asked for again, and one that is not for long is told of, and comes with a device', async () => {
  const grace = await join(here.browser, here.relay, 'busy', 'Grace', 'listen');
  const { page, complaints } = await visit(here.browser, here.relay, 'busy');
  await page.addInitScript(() => {
    const held = { busy: false, tracks: [] as MediaStreamTrack[] };
    const { mediaDevices } = navigator;
    const ask = mediaDevices.getUserMedia.bind(mediaDevices);
    mediaDevices.getUserMedia = async (constraints) => {
      if (held.busy) throw new DOMException('another program has it', 'NotReadableError');
      const stream = await ask(constraints);
      held.tracks.push(...stream.getAudioTracks());
      return stream;
    };
    Object.assign(globalThis, { held });
  });
  await page.reload();
  await page.getByTestId('name').fill('Ada');
  await page.getByTestId('join').click();
  await connected(page);
  type Held = { busy: boolean; tracks: MediaStreamTrack[] };
  /** What another program does that wants it for itself. */
  const take = () =>
    page.evaluate(() => {
      const { held } = globalThis as unknown as { held: Held };
      held.busy = true;
      held.tracks.at(-1)!.stop();
      held.tracks.at(-1)!.dispatchEvent(new Event('ended'));
    });
  const free = () =>
    page.evaluate(() => {
      (globalThis as unknown as { held: Held }).held.busy = false;
    });
  const talks = participant(grace.page, 'Ada').and(grace.page.locator('[data-talking=true]'));
  await talks.waitFor();
  await take();
  await page.getByTestId('unmute-listener').waitFor();
  await free();
  await page.getByTestId('mute').waitFor({ timeout: 10_000 });
  await talks.waitFor();
  expect(await page.getByTestId('notice').count()).toBe(0);
  await take();
  await page.getByTestId('notice').getByText('Another program is using it.').waitFor({ timeout: 30_000 });
  await free();
  await page.evaluate(() => navigator.mediaDevices.dispatchEvent(new Event('devicechange')));
  await page.getByTestId('mute').waitFor();
  await talks.waitFor();
  expect([...complaints, ...grace.complaints]).toEqual([]);
  await page.context().close();
  await grace.page.context().close();
});

test('sound that comes out of another device gets a context of its own, and of devices that do not matter nothing', async () => {
  const ada = await join(here.browser, here.relay, 'speakers', 'Ada');
  const { page, complaints } = await join(here.browser, here.relay, 'speakers', 'Grace');
  await expect.poll(() => page.getByTestId('delay').getAttribute('data-heard'), { timeout: 10_000 }).not.toBe('127');
  await page.evaluate(() => {
    const told = { made: 0, group: 'one', more: [] as string[] };
    const Original = AudioContext;
    class Counted extends Original {
      constructor(options?: AudioContextOptions) {
        super(options);
        told.made += 1;
      }
    }
    const { mediaDevices } = navigator;
    const list = mediaDevices.enumerateDevices.bind(mediaDevices);
    const speaker = (deviceId: string, groupId: string) => ({ deviceId, groupId, kind: 'audiooutput', label: groupId });
    mediaDevices.enumerateDevices = async () => [
      ...(await list()).filter(({ kind }) => kind !== 'audiooutput'),
      speaker('default', told.group) as MediaDeviceInfo,
      ...told.more.map((id) => speaker(id, id) as MediaDeviceInfo),
    ];
    Object.assign(globalThis, { AudioContext: Counted, told });
  });
  /** The devices change, and the page has looked at them. */
  const change = (group: string, more: string[]) =>
    page.evaluate(
      async ({ group, more }) => {
        const { told } = globalThis as unknown as { told: { group: string; more: string[] } };
        Object.assign(told, { group, more });
        const { mediaDevices } = navigator;
        const list = mediaDevices.enumerateDevices;
        await new Promise<void>((resolve) => {
          mediaDevices.enumerateDevices = async () => {
            const devices = await list();
            mediaDevices.enumerateDevices = list;
            setTimeout(resolve);
            return devices;
          };
          mediaDevices.dispatchEvent(new Event('devicechange'));
        });
      },
      { group, more },
    );
  const made = () => page.evaluate(() => (globalThis as unknown as { told: { made: number } }).told.made);
  await change('one', []);
  const before = await made();
  await change('one', ['screen']);
  expect(await made()).toBe(before);
  await change('two', ['screen']);
  await expect.poll(made, { timeout: 10_000 }).toBe(before + 1);
  await expect.poll(() => page.getByTestId('delay').getAttribute('data-heard'), { timeout: 10_000 }).not.toBe('127');
  expect([...complaints, ...ada.complaints]).toEqual([]);
  await page.context().close();
  await ada.page.context().close();
});
